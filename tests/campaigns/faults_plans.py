"""What each story of the campaign does: chosen by its fault, its order kind and its seed alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from tests.exchanges.answers import SPOILINGS
from tests.exchanges.faults import KINDS
from tradingfarm.kernel.randomness import stream

ORDERS = ("market", "limit", "stop")
LEFT_OUT = {"bad_tick", "stop_rejected"}
"""Prices come from feeds, never from an account's exchange; `order_rejected` refuses stops too."""
CANCELS = {"fill_after_cancel", "cancel_refused_filled"}
OWN = [
    name
    for name in KINDS
    if name not in LEFT_OUT and not name.endswith(("_after_accept", "_before_engine"))
]
FAULTS = (*SPOILINGS, *OWN)
QUESTIONS = ("order", "myTrades", "account", "openOrders")
ENDINGS = ("trades", "in part", "canceled", "venue ends it")
SHORTEST = 0.45
"""How long a withheld answer keeps the client, real seconds: longer than it waits."""


@dataclass(frozen=True)
class Arming:
    """A fault as it is armed. A standing one is taken away after so many passes of the sender."""

    kind: str
    terms: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """One story.

    The order that meets the fault is an entry or an exit; an exit sells what an undisturbed entry
    has bought. `when` says when the fault is armed: before the account's first reconciliation,
    before the order, or before its end. `restarts` hands the account to a new sender meanwhile.
    """

    name: str
    fault: str
    order: str
    seed: int
    arming: Arming
    when: str
    is_exit: bool
    by_agent: bool
    base: str
    quantity: Decimal
    rests: bool
    is_stop_limit: bool
    ending: str
    fee_in: str
    rate: Decimal
    restarts: bool
    pieces: int

    @property
    def stream(self) -> Random:
        return stream(self.seed, "faults", self.fault, self.order, "moves")


def plans(*, seed: int, seeds: int) -> Iterator[Plan]:
    """Every story of the campaign, the seeds of a fault far apart."""
    for number in range(seeds):
        for fault in FAULTS:
            for order in ORDERS:
                yield plan(fault, order, seed=seed * 1000 + number)


def plan(fault: str, order: str, *, seed: int) -> Plan:
    chance = stream(seed, "faults", fault, order)
    when, arming = _arming(fault, order, chance)
    is_exit = chance.random() < 0.5
    cancels = (when == "end" and arming.terms.get("method") == "DELETE") or fault in CANCELS
    return Plan(
        name=f"{fault}/{order}/{seed}",
        fault=fault,
        order=order,
        seed=seed,
        arming=arming,
        when=when,
        is_exit=is_exit or (order == "market" and cancels),
        by_agent=chance.random() < 0.5,
        base=chance.choice(("BTC", "ETH")),
        quantity=Decimal(chance.randrange(100, 40_000)) / 10_000,
        rests=cancels or chance.random() < 0.6,
        is_stop_limit=chance.random() < 0.5,
        ending="canceled" if cancels else chance.choice(ENDINGS),
        fee_in=chance.choice(("received", "received", "quote", "base", "BNB")),
        rate=Decimal(chance.choice(("0.001", "0.00075", "0.0002", "0"))),
        restarts=_is_asked_at_starts(arming) or chance.random() < 0.3,
        pieces=chance.randrange(1, 4),
    )


def _is_asked_at_starts(arming: Arming) -> bool:
    """Whether the fault waits for questions that a sender asks when it begins, for certain."""
    path = str(arming.terms.get("path", "/order"))
    return arming.terms.get("method") == "GET" and not path.endswith("/order")


def _arming(fault: str, order: str, chance: Random) -> tuple[str, Arming]:
    if fault in SPOILINGS:
        return _spoiled(fault, order, chance)
    kind = "stop_rejected" if (fault, order) == ("order_rejected", "stop") else fault
    when = "end" if fault in CANCELS else "order"
    drawn = DRAWN.get(fault)
    return when, Arming(kind, drawn(chance) if drawn else {})


def _seconds(least: float, most: float) -> Callable[[Random], dict[str, object]]:
    return lambda chance: {"seconds": round(chance.uniform(least, most), 2)}


def _whole_seconds(chance: Random) -> dict[str, object]:
    return {"seconds": chance.randrange(1, 30)}


DRAWN: Mapping[str, Callable[[Random], dict[str, object]]] = {
    "slow_request": _seconds(0.05, 0.6),
    "fill_before_ack": _seconds(0.05, 0.6),
    "late_trades": _seconds(0.2, 10),
    "query_lag": _seconds(0.2, 10),
    "http_429": _whole_seconds,
    "http_418": _whole_seconds,
    "clock_ahead": _seconds(1.5, 9),
    "clock_behind": _seconds(1.5, 9),
    "not_found_then_found": lambda chance: {
        "looks": chance.randrange(1, 6),
        "seconds": round(chance.uniform(1, 12), 1),
    },
    "partial_fill": lambda chance: {"fraction": str(round(chance.uniform(0.05, 0.95), 2))},
    "balance_drift": lambda chance: {
        "amount": chance.choice(("-1.5", "-0.00000002", "3.25", "-250"))
    },
    "venue_cancel": lambda chance: {"status": chance.choice(("EXPIRED", "CANCELED"))},
}
"""How the options of a fault are drawn."""


def _spoiled(fault: str, order: str, chance: Random) -> tuple[str, Arming]:
    """Most hit the order's own request, the others a question, a cancel, or the start."""
    kind = f"{fault}_{chance.choice(('after_accept', 'before_engine'))}"
    terms: dict[str, object] = {"seconds": SHORTEST} if fault == "timeout" else {}
    draw = chance.random()
    if draw < 0.55:
        return "order", Arming(kind, terms)
    if draw < 0.7:
        return "end", Arming(kind, terms | {"method": "DELETE", "path": "/api/v3/order"})
    when = "order" if draw < 0.85 else "start"
    asked = chance.choice(QUESTIONS if when == "order" else ("account", "openOrders"))
    where = {"method": "GET", "path": f"/api/v3/{asked}", "times": chance.randrange(1, 4)}
    return when, Arming(kind, terms | where)
