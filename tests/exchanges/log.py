"""The judge's reading of the exchange's log: what arrived, what the engine did, who owns what.

Amounts are Decimals in units of their asset, `at` is monotonic seconds, `wall` is UTC. Everything
is of the time since the last reset.
"""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

Event = Mapping[str, Any]
Holdings = dict[str, Decimal]

ZERO = Decimal(0)


@dataclass(frozen=True)
class Post:
    """One `POST order` that reached the exchange.

    Its fate: "taken" (with the exchange's id), "rejected" (with a code), "not_taken" (a fault kept
    it from the engine), or "" while it is on its way.
    """

    sequence: int
    at: float
    wall: datetime
    request: int
    account: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    quantity: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    faults: tuple[str, ...]
    fate: str = ""
    order_id: int | None = None
    code: int | None = None


@dataclass(frozen=True)
class VenueOrder:
    """One order that the engine accepted, as it is now. `origin` is client or venue."""

    order_id: int
    sequence: int
    at: float
    wall: datetime
    account: str
    client_order_id: str
    origin: str
    symbol: str
    side: str
    type: str
    quantity: Decimal
    price: Decimal | None
    stop_price: Decimal | None
    status: str = "NEW"
    filled: Decimal = ZERO
    ended_by: str = ""

    @property
    def is_open(self) -> bool:
        return self.status in ("NEW", "PARTIALLY_FILLED")


@dataclass(frozen=True)
class VenueTrade:
    """One execution, as the engine made it."""

    trade_id: int
    order_id: int
    sequence: int
    at: float
    wall: datetime
    account: str
    client_order_id: str
    origin: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool


@dataclass(frozen=True)
class Cancel:
    """One `DELETE` that reached the exchange: of one order, or of a whole symbol (no name).

    The status is the one that the client was sent; None while, or because, it was sent nothing.
    """

    sequence: int
    at: float
    wall: datetime
    account: str
    symbol: str
    client_order_id: str
    faults: tuple[str, ...]
    status: int | None


@dataclass(frozen=True)
class Moment:
    """What an account held from this event on."""

    sequence: int
    at: float
    holdings: Holdings


class ExchangeLog:
    """Answers by client order id, by account, and at every instant."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = list(events)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file may still be growing; a last line that is cut off is left out."""
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        begins = (number for number, line in enumerate(lines) if '"event": "begin"' in line)
        start = max(begins, default=0)
        return cls(json.loads(line) for line in lines[start:] if line.endswith("\n"))

    def named(self, *names: str) -> list[Event]:
        return [event for event in self.events if event["event"] in names]

    def broken(self) -> list[str]:
        """Tracebacks of the exchange's own mistakes. A campaign with one proves nothing."""
        return [str(event["traceback"]) for event in self.named("broken")]

    # ------------------------------------------------------------------------------- orders

    def posts(self, client_order_id: str | None = None) -> list[Post]:
        """Every POST in the order of arrival, or those of one client order id."""
        fates = {event["request"]: event for event in self.named(*FATES)}
        return [
            _post(event, fates.get(event["request"]))
            for event in self.named("post")
            if client_order_id in (None, event["client_order_id"])
        ]

    def post_counts(self) -> Counter[str]:
        """How many POSTs carried each client order id. More than one is a breach."""
        return Counter(post.client_order_id for post in self.posts())

    def orders(self, client_order_id: str | None = None) -> list[VenueOrder]:
        """Every accepted order in its newest state, oldest first."""
        found: dict[int, VenueOrder] = {}
        for event in self.named("accepted", "trade", "ended"):
            id_ = event["order_id"]
            if event["event"] == "accepted":
                found[id_] = _order(event)
            elif event["event"] == "trade":
                filled = found[id_].filled + Decimal(event["quantity"])
                found[id_] = replace(found[id_], filled=filled, status="PARTIALLY_FILLED")
            else:
                found[id_] = replace(found[id_], status=event["status"], ended_by=event["by"])
        return [
            order for order in found.values() if client_order_id in (None, order.client_order_id)
        ]

    def orders_by_client_id(self) -> dict[str, list[VenueOrder]]:
        """More than one under a name means that it was placed twice."""
        found = defaultdict(list)
        for order in self.orders():
            found[order.client_order_id].append(order)
        return dict(found)

    def cancels(self, client_order_id: str | None = None) -> list[Cancel]:
        """Every request to cancel in the order of arrival, also those that came to nothing."""
        sent = {
            event["request"]: event["status"]
            for event in self.named("answered")
            if event["manner"] == "sent"
        }
        return [
            Cancel(
                **_of(event, CANCEL_FIELDS),
                wall=datetime.fromisoformat(event["wall"]),
                faults=tuple(event["faults"]),
                status=sent.get(event["request"]),
            )
            for event in self.named("request")
            if event["method"] == "DELETE" and client_order_id in (None, event["client_order_id"])
        ]

    # ------------------------------------------------------------------------------- trades

    def trades(
        self, client_order_id: str | None = None, *, account: str | None = None
    ) -> list[VenueTrade]:
        """In the engine's order."""
        return [
            _trade(event)
            for event in self.named("trade")
            if client_order_id in (None, event["client_order_id"])
            and account in (None, event["account"])
        ]

    def trades_by_client_id(self) -> dict[str, list[VenueTrade]]:
        found = defaultdict(list)
        for trade in self.trades():
            found[trade.client_order_id].append(trade)
        return dict(found)

    # ------------------------------------------------------------------------- at an instant

    def balances(self, account: str, *, sequence: int | None = None) -> Holdings:
        """Free and locked together, now or just after the event with this sequence number."""
        return _last(self.balance_moments(account), sequence)

    def balance_moments(self, account: str) -> Iterator[Moment]:
        """Every state of the account's balances."""
        for event in self.named("balances"):
            if event["account"] == account:
                held = {
                    asset: Decimal(free) + Decimal(locked)
                    for asset, (free, locked) in event["balances"].items()
                }
                yield Moment(event["sequence"], event["at"], held)

    def positions(self, account: str, *, sequence: int | None = None) -> Holdings:
        """By symbol: bought less sold, in units of base, before fees; since the start."""
        return _last(self.position_moments(account), sequence)

    def position_moments(self, account: str) -> Iterator[Moment]:
        """The positions after each trade."""
        held: Holdings = {}
        for trade in self.trades(account=account):
            change = trade.quantity if trade.side == "BUY" else -trade.quantity
            held[trade.symbol] = held.get(trade.symbol, ZERO) + change
            yield Moment(trade.sequence, trade.at, dict(held))

    # ------------------------------------------------------------------------------ requests

    def request_counts(self) -> Counter[str]:
        """By method and path."""
        return Counter(f"{event['method']} {event['path']}" for event in self.named("request"))

    def peak_weight(self, *, seconds: float = 60.0) -> int:
        """The most weight that arrived within any span of so many seconds."""
        recent, used, peak = deque[Event](), 0, 0
        for event in self.named("request"):
            recent.append(event)
            used += event["weight"]
            while recent[0]["at"] < event["at"] - seconds:
                used -= recent.popleft()["weight"]
            peak = max(peak, used)
        return peak


FATES = ("taken", "rejected", "not_taken")


def _last(moments: Iterable[Moment], sequence: int | None) -> Holdings:
    held: Holdings = {}
    for moment in moments:
        if sequence is not None and moment.sequence > sequence:
            break
        held = moment.holdings
    return held


def _post(event: Event, fate: Event | None) -> Post:
    said = fate or {}
    return Post(
        **_of(event, POST_FIELDS),
        wall=datetime.fromisoformat(event["wall"]),
        quantity=_amount(event["quantity"]),
        price=_amount(event["price"]),
        stop_price=_amount(event["stop_price"]),
        faults=tuple(event["faults"]),
        fate=said.get("event", ""),
        order_id=said.get("order_id"),
        code=said.get("code"),
    )


def _order(event: Event) -> VenueOrder:
    return VenueOrder(
        **_of(event, ORDER_FIELDS),
        wall=datetime.fromisoformat(event["wall"]),
        quantity=Decimal(event["quantity"]),
        price=_amount(event["price"]),
        stop_price=_amount(event["stop_price"]),
    )


def _trade(event: Event) -> VenueTrade:
    amounts: dict[str, Any] = {name: Decimal(event[name]) for name in ("price", "quantity", "fee")}
    wall = datetime.fromisoformat(event["wall"])
    return VenueTrade(**_of(event, TRADE_FIELDS), **amounts, wall=wall)


POST_FIELDS = ("sequence", "at", "request", "account", "client_order_id", "symbol", "side", "type")
CANCEL_FIELDS = ("sequence", "at", "account", "symbol", "client_order_id")
ORDER_FIELDS = (
    "sequence",
    "at",
    "order_id",
    "account",
    "client_order_id",
    "origin",
    "symbol",
    "side",
    "type",
)
TRADE_FIELDS = (
    "sequence",
    "at",
    "trade_id",
    "order_id",
    "account",
    "client_order_id",
    "origin",
    "symbol",
    "side",
    "fee_asset",
    "is_maker",
)


def _of(event: Event, names: Iterable[str]) -> dict[str, Any]:
    return {name: event[name] for name in names}


def _amount(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
