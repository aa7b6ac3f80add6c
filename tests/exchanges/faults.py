"""Everything that can go wrong, by name. `KINDS` is the registry; a campaign iterates over it.

A kind's line is the first line of its function's docstring. Its options stand in the decorator.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from tests.exchanges.answers import (
    NOTHING_PLACED,
    SPOILINGS,
    Answer,
    Spoiling,
    failure,
    page,
)
from tests.exchanges.arming import (
    ANYWHERE,
    CANCELING,
    PLACING,
    PRICES,
    QUERYING,
    TRADES,
    Armed,
    Kind,
    Place,
    Plan,
)
from tests.exchanges.books import whole
from tests.exchanges.engine import VENUE, Engine
from tests.exchanges.state import Hidden, Tweak
from tests.exchanges.terms import Order, Refused, Status, Terms

Apply = Callable[[Plan, Armed], None]

KINDS: dict[str, Kind] = {}


def kind(
    *,
    slot: str,
    places: tuple[Place, ...] = PLACING,
    reaches_engine: bool | None = None,
    is_standing: bool = False,
    order_kind: str = "",
    **defaults: object,
) -> Callable[[Apply], Apply]:
    """Enter a function into the registry, under its own name."""

    def enter(apply: Apply) -> Apply:
        name, line = apply.__name__, (apply.__doc__ or "").partition("\n")[0]
        KINDS[name] = Kind(
            name, line, slot, places, reaches_engine, is_standing, order_kind, defaults, apply
        )
        return apply

    return enter


# ------------------------------------------------------------------- answers that are spoiled


def _enter_spoiling(name: str, line: str, spoiling: Spoiling) -> None:
    """Two kinds of each: after the engine has taken the request, and without asking it."""
    options: dict[str, Any] = {"seconds": 30.0} if name == "timeout" else {}

    def seconds_of(armed: Armed) -> float:
        return armed.value("seconds") if options else 0.0

    def after(plan: Plan, armed: Armed) -> None:
        seconds = seconds_of(armed)
        plan.spoil = lambda meant, path: spoiling(meant, path, seconds)

    def before(plan: Plan, armed: Armed) -> None:
        seconds = seconds_of(armed)
        plan.instead = lambda path: spoiling(NOTHING_PLACED, path, seconds)

    after.__name__, before.__name__ = f"{name}_after_accept", f"{name}_before_engine"
    after.__doc__ = f"The engine takes the request, then: {line}."
    before.__doc__ = f"The engine is never asked: {line}."
    kind(slot="answer", reaches_engine=True, **options)(after)
    kind(slot="answer", reaches_engine=False, **options)(before)


for _name, (_line, _spoiling) in SPOILINGS.items():
    _enter_spoiling(_name, _line, _spoiling)


# ------------------------------------------------------------------------- definite refusals


def _refused_before(answer: Answer) -> Callable[[str], Answer]:
    return lambda path: answer


@kind(slot="answer", reaches_engine=False, seconds=1)
def http_429(plan: Plan, armed: Armed) -> None:
    """Too many requests: refused before the engine, with Retry-After."""
    plan.instead = _refused_before(
        failure(429, -1003, "Too much request weight used.", **_retry_after(armed))
    )


@kind(slot="answer", reaches_engine=False, seconds=2)
def http_418(plan: Plan, armed: Armed) -> None:
    """Banned: this and every other request for `seconds` is refused, with Retry-After."""
    plan.ban_seconds = armed.value("seconds")


def _retry_after(armed: Armed) -> dict[str, str]:
    return {"Retry-After": str(-int(-armed.value("seconds") // 1))}


@kind(slot="answer", reaches_engine=False)
def firewall_403(plan: Plan, armed: Armed) -> None:
    """A firewall answers with a page; the exchange never sees the request."""
    plan.instead = _refused_before(page(403, "Access Denied"))


@kind(
    slot="refusal",
    reaches_engine=True,
    code=-2010,
    message="Account has insufficient balance for requested action.",
)
def order_rejected(plan: Plan, armed: Armed) -> None:
    """The engine refuses the order with `code` and `message`."""
    plan.refused = Refused(int(armed.value("code")), str(armed.options["message"]))


@kind(
    slot="refusal",
    reaches_engine=True,
    order_kind="stop",
    code=-2010,
    message="Order would trigger immediately.",
)
def stop_rejected(plan: Plan, armed: Armed) -> None:
    """The engine refuses the next stop with `code` and `message`; other orders pass."""
    order_rejected(plan, armed)


# ------------------------------------------------------------------------------------- timing


@kind(slot="timing", seconds=0.5)
def slow_request(plan: Plan, armed: Armed) -> None:
    """The request takes `seconds` to reach the engine, which then accepts it if still in time."""
    plan.wait_seconds = armed.value("seconds")


@kind(slot="timing", reaches_engine=False)
def slow_until_expired(plan: Plan, armed: Armed) -> None:
    """The request reaches the exchange after its recvWindow, and is refused for that (-1021)."""
    plan.waits_until_expired = True


@kind(slot="clock", places=ANYWHERE, is_standing=True, seconds=5)
def clock_ahead(plan: Plan, armed: Armed) -> None:
    """The exchange's clock is `seconds` ahead, so that requests look old."""
    plan.clock_ms = int(armed.value("seconds") * 1000)


@kind(slot="clock", places=ANYWHERE, is_standing=True, seconds=5)
def clock_behind(plan: Plan, armed: Armed) -> None:
    """The exchange's clock is `seconds` behind, so that requests come from its future (-1021)."""
    plan.clock_ms = -int(armed.value("seconds") * 1000)


# -------------------------------------------------------------------------------------- fills


@kind(slot="fills", reaches_engine=True, fraction="0.5")
def partial_fill(plan: Plan, armed: Armed) -> None:
    """The order's first match fills only `fraction` of it; what may not rest expires."""
    plan.tweak = Tweak(fraction=Decimal(str(armed.options["fraction"])))


@kind(slot="fills", reaches_engine=True, pieces=3)
def fill_in_pieces(plan: Plan, armed: Armed) -> None:
    """The order's first match makes `pieces` trades of each level."""
    plan.tweak = Tweak(pieces=int(armed.value("pieces")))


@kind(slot="fills", reaches_engine=True, seconds=0.2)
def fill_before_ack(plan: Plan, armed: Armed) -> None:
    """The order fills and queries show it `seconds` before its answer, which still says NEW."""
    plan.is_silent = True
    plan.hold_seconds = armed.value("seconds")
    plan.accepted.append((0.0, _fill))


def _fill(engine: Engine, order: Order) -> None:
    if engine.orders[order.id].is_open:
        engine.fill(order)


@kind(slot="cancel", places=CANCELING, reaches_engine=True, fraction="0.5", seconds=0.5)
def fill_after_cancel(plan: Plan, armed: Armed) -> None:
    """A cancel is confirmed; a fill of `fraction` that came before it shows `seconds` later."""
    fraction, seconds = Decimal(str(armed.options["fraction"])), armed.value("seconds")

    def cancel(engine: Engine, order: Order) -> Order:
        lot = engine.markets[order.terms.symbol].symbol.lot
        quantity = max(whole(order.remaining * fraction, lot), lot)
        return engine.cancel_hiding_fill(order, quantity=quantity, seconds=seconds)

    plan.cancel = cancel


@kind(slot="cancel", places=CANCELING, reaches_engine=True)
def cancel_refused_filled(plan: Plan, armed: Armed) -> None:
    """The order fills just before its cancel, which is therefore refused (-2011)."""

    def cancel(engine: Engine, order: Order) -> Order:
        return engine.cancel(engine.fill(order), by=VENUE)

    plan.cancel = cancel


# ------------------------------------------------------------------------------------ queries


@kind(slot="lag", places=QUERYING, is_standing=True, seconds=1)
def query_lag(plan: Plan, armed: Armed) -> None:
    """Orders, trades and balances are seen as they were `seconds` ago."""
    plan.view.lag = armed.value("seconds")


@kind(slot="trade_lag", places=TRADES, is_standing=True, seconds=1)
def late_trades(plan: Plan, armed: Armed) -> None:
    """Trades are seen `seconds` late, while their orders are already seen as filled."""
    plan.view.trade_lag = armed.value("seconds")


@kind(slot="copies", places=TRADES, is_standing=True, copies=2)
def duplicate_trades(plan: Plan, armed: Armed) -> None:
    """Each trade is reported `copies` times, with the same id."""
    plan.view.copies = int(armed.value("copies"))


@kind(slot="sequence", places=TRADES, is_standing=True)
def reordered_trades(plan: Plan, armed: Armed) -> None:
    """Trades are reported in a random order, never in the true one."""
    plan.view.shuffled_by = armed.chance


@kind(slot="hiding", reaches_engine=True, looks=2, seconds=10)
def not_found_then_found(plan: Plan, armed: Armed) -> None:
    """Queries deny the order the first `looks` times, but no longer than `seconds`."""
    looks, seconds = int(armed.value("looks")), armed.value("seconds")
    plan.accepted.append((0.0, partial(_hide, looks=looks, seconds=seconds)))


def _hide(engine: Engine, order: Order, *, looks: int, seconds: float) -> None:
    engine.hidden[order.id] = Hidden(looks, engine.monotonic() + seconds)


@kind(slot="prices", places=PRICES, factor=10)
def bad_tick(plan: Plan, armed: Armed) -> None:
    """Prices are shown multiplied by `factor` (0 and negative ones too); the engine's are true."""
    plan.view.price_factor = Decimal(str(armed.options["factor"]))


# -------------------------------------------------------------------------- the venue's own acts


@kind(slot="venue", reaches_engine=True, seconds=0, status="EXPIRED")
def venue_cancel(plan: Plan, armed: Armed) -> None:
    """The exchange itself ends the order `seconds` after it was accepted, as `status`."""
    status = Status(str(armed.options["status"]))
    plan.accepted.append((armed.value("seconds"), partial(_end, status=status)))


def _end(engine: Engine, order: Order, *, status: Status) -> None:
    if engine.orders[order.id].is_open:
        engine.cancel(order, by=VENUE, status=status)


@kind(slot="venue", reaches_engine=True, side="BUY")
def foreign_order(plan: Plan, armed: Armed) -> None:
    """Somebody else trades in the same account: a small market order of `side` follows ours."""
    plan.accepted.append((0.0, partial(place_foreign, side=str(armed.options["side"]))))


def place_foreign(engine: Engine, order: Order, *, side: str) -> None:
    """Twice the smallest order that the symbol allows, if the account can pay for it."""
    market = engine.markets[order.terms.symbol]
    smallest = market.symbol.min_notional * 2 / market.book.last
    terms = Terms(
        symbol=order.terms.symbol,
        side=side,
        type="MARKET",
        quantity=whole(smallest, market.symbol.lot) + market.symbol.lot,
        client_order_id=engine.invented_id("web"),
    )
    engine.place(account=engine.accounts[order.account], terms=terms, origin=VENUE)


@kind(slot="venue", reaches_engine=True, asset="USDT", amount="-1.5")
def balance_drift(plan: Plan, armed: Armed) -> None:
    """A balance changes by `amount` of `asset` without any trade, once an order was accepted."""
    change = partial(
        _drift, asset=str(armed.options["asset"]), amount=Decimal(str(armed.options["amount"]))
    )
    plan.accepted.append((0.0, change))


def _drift(engine: Engine, order: Order, *, asset: str, amount: Decimal) -> None:
    engine.drift(engine.accounts[order.account], asset=asset, amount=amount)
