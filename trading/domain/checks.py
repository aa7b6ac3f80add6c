"""Every check of the risk gate: a small pure function with its number, its limit and its room.

A check gets the book, the request and the moment; it never stops the others from running. `room`
is the largest quantity that this check alone would let pass, None when size is nothing to it.
Sells only reduce (long only), so checks of counts, losses and sizes let them pass.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from trading.domain.book import Book, Limits, Price, Terms
from trading.domain.ledger import PRECISION
from trading.domain.requests import OrderRequest
from trading.domain.states import HaltState, Side, Source
from tradingfarm.kernel.money import MONEY, ZERO, ceil_to_step, floor_to_step, plain

DUPLICATE_WINDOW = timedelta(seconds=60)
HUNDRED = Decimal(100)


class Code(StrEnum):
    """Stable codes of the checks; a failed one is the denial code that clients see."""

    AGENT_TRADING_ENABLED = "AGENT_TRADING_ENABLED"
    PERMISSION_ACTIVE = "PERMISSION_ACTIVE"
    HALT_STATE = "HALT_STATE"
    SYMBOL_ALLOWED = "SYMBOL_ALLOWED"
    STALE_PRICE = "STALE_PRICE"
    PRICE_COLLAR = "PRICE_COLLAR"
    TRADING_HOURS = "TRADING_HOURS"
    STOP_REQUIRED = "STOP_REQUIRED"
    ORDER_SIZE = "ORDER_SIZE"
    POSITION_SIZE = "POSITION_SIZE"
    ALLOCATION = "ALLOCATION"
    BUYING_POWER = "BUYING_POWER"
    POSITION_HELD = "POSITION_HELD"
    MINIMUM_SIZE = "MINIMUM_SIZE"
    DAILY_ENTRIES = "DAILY_ENTRIES"
    DAILY_LOSS = "DAILY_LOSS"
    OPEN_POSITIONS = "OPEN_POSITIONS"
    UNRESOLVED = "UNRESOLVED"
    DUPLICATE = "DUPLICATE"


@dataclass(frozen=True)
class Check:
    """What one check found. `number` and `limit` are text for people; `room` is a quantity."""

    code: Code
    number: str
    limit: str
    passed: bool
    room: Decimal | None = None


@dataclass(frozen=True)
class Case:
    """One requested order with what every check needs of the book."""

    book: Book
    request: OrderRequest
    price: Price | None
    now: datetime

    @property
    def worst_price(self) -> Decimal:
        """The collar: the price beyond which the exchange may not fill, on the tick within it.

        Zero without a price.
        """
        if self.price is None:
            return ZERO
        collar, tick = self.collar / HUNDRED, self.terms.tick_size
        if self.request.side is Side.BUY:
            return floor_to_step(self.price.ask * (1 + collar), tick)
        return max(ceil_to_step(self.price.bid * (1 - collar), tick), tick)

    @property
    def collar(self) -> Decimal:
        """Percent; a person's order and an exit without a permission use 5 %."""
        limits = self.book.limits
        return limits.price_collar_pct if limits else Decimal(5)

    @property
    def terms(self) -> Terms:
        return self.book.terms[self.request.instrument_id]

    @property
    def is_entry(self) -> bool:
        return not self.request.reduces

    @property
    def is_agents(self) -> bool:
        return self.request.source is Source.AGENT

    def sized(self, quantity: Decimal) -> "Case":
        """The same case for another quantity."""
        return replace(self, request=replace(self.request, quantity=quantity))

    def worst_cost(self, quantity: Decimal) -> Decimal:
        """The most that a fill of `quantity` can take from the cash: value and fee, rounded up."""
        value = ceil_to_step(quantity * self.worst_price, PRECISION)
        return value + ceil_to_step(value * self.book.fee_rate, PRECISION)

    def units(self, value: Decimal) -> Decimal:
        """The quantity in whole lots that `value` pays for at the worst price, never negative."""
        price_of_lot = self.worst_price * self.terms.lot_size
        if price_of_lot <= 0 or value <= 0:
            return ZERO
        return MONEY.divide_int(value, price_of_lot) * self.terms.lot_size

    def affordable(self, cash: Decimal) -> Decimal:
        """The quantity in whole lots whose worst cost `cash` covers, never negative.

        The largest one, unless a lot is worth less than the last decimal place that costs are
        rounded up to; then it keeps a few of these in hand.
        """
        quantity = self.units(cash / (1 + self.book.fee_rate))
        if self.worst_cost(quantity) <= cash:
            return quantity
        return self.units((cash - 3 * PRECISION) / (1 + self.book.fee_rate))


Rule = Callable[[Case], Check]


def agent_trading_enabled(case: Case) -> Check:
    """The whole farm's switch, ENABLE_AGENT_TRADING, binds what agents ask for."""
    enabled = case.book.agents_enabled
    passed = enabled or not case.is_agents
    return Check(Code.AGENT_TRADING_ENABLED, "on" if enabled else "off", "on", passed)


def permission_active(case: Case) -> Check:
    """An agent's order needs its active permission; a person's and a protection's need none."""
    limits = case.book.limits
    state = "none" if limits is None else "active" if limits.active else "inactive"
    passed = not case.is_agents or state == "active"
    return Check(Code.PERMISSION_ACTIVE, state, "active", passed)


def halt_state(case: Case) -> Check:
    """ACTIVE lets all out; REDUCING exits only; HALTED no exit that an agent asks for either."""
    state = case.book.halt_state
    passed = state is HaltState.ACTIVE or (
        case.request.reduces and (state is HaltState.REDUCING or not case.is_agents)
    )
    return Check(Code.HALT_STATE, state.value, HaltState.ACTIVE.value, passed)


def symbol_allowed(case: Case) -> Check:
    """Entries only in symbols that the permission allows and does not block."""
    symbol = case.terms.symbol
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return Check(Code.SYMBOL_ALLOWED, symbol, "any", passed=True)
    allowed = not limits.allowed_symbols or symbol in limits.allowed_symbols
    listed = ", ".join(limits.allowed_symbols) or "any"
    blocked = symbol in limits.blocked_symbols
    limit = f"{listed}, not {', '.join(limits.blocked_symbols)}" if blocked else listed
    return Check(Code.SYMBOL_ALLOWED, symbol, limit, allowed and not blocked)


def stale_price(case: Case) -> Check:
    """A price older than the account allows, from the future, or missing, decides nothing."""
    limit = f"{case.book.max_price_age_seconds} s"
    if case.price is None:
        return Check(Code.STALE_PRICE, "no price", limit, passed=False)
    age = (case.now - case.price.as_of).total_seconds()
    passed = 0 <= age <= case.book.max_price_age_seconds
    return Check(Code.STALE_PRICE, f"{age:.0f} s", limit, passed)


def price_collar(case: Case) -> Check:
    """The price to trade at lies at most the collar away from the last trade (RTS 6, art. 15)."""
    limit = f"{plain(case.collar)} %"
    if case.price is None or case.price.last <= 0:
        return Check(Code.PRICE_COLLAR, "no price", limit, passed=False)
    touch = case.price.ask if case.is_entry else case.price.bid
    distance = abs(touch - case.price.last) / case.price.last * HUNDRED
    sane = case.price.bid > 0 and case.price.ask >= case.price.bid
    return Check(
        Code.PRICE_COLLAR, f"{distance:.3f} %", limit, passed=sane and distance <= case.collar
    )


def trading_hours(case: Case) -> Check:
    """The market must be open, and an agent's entry must lie within its permission's hours."""
    if not case.terms.market_open:
        return Check(Code.TRADING_HOURS, "market closed", "market open", passed=False)
    hours = case.book.limits.hours if case.book.limits else None
    if hours is None or not case.is_entry:
        return Check(Code.TRADING_HOURS, "market open", "market open", passed=True)
    local = case.now.astimezone(ZoneInfo(hours.zone)).time()
    limit = f"{hours.start:%H:%M} to {hours.end:%H:%M} {hours.zone}"
    return Check(Code.TRADING_HOURS, f"{local:%H:%M}", limit, hours.cover(local))


def stop_required(case: Case) -> Check:
    """An entry's stop-loss must lie below the bid, its take-profit above the ask."""
    if not case.is_entry or case.price is None:
        return _not_asked(case, Code.STOP_REQUIRED)
    stop, target = case.request.stop_loss, case.request.take_profit
    required = case.book.limits is not None and case.book.limits.stop_required
    bid, ask = case.price.bid, case.price.ask
    placed = (not required if stop is None else ZERO < stop < bid) and (
        target is None or target > ask
    )
    return Check(
        Code.STOP_REQUIRED,
        f"stop {plain(stop) if stop is not None else 'none'}"
        + (f", target {plain(target)}" if target is not None else ""),
        f"stop below {plain(bid)}" if required or stop is not None else "optional",
        placed,
    )


def order_size(case: Case) -> Check:
    """The order's value at the worst price against the permission's largest order."""
    return _sized(case, Code.ORDER_SIZE, ZERO, lambda limits: limits.max_order_value)


def position_size(case: Case) -> Check:
    """The agent's part of the position after the order, with all of its buys at work."""
    holding = case.book.holding(case.request.instrument_id)
    last = case.price.last if case.price else ZERO
    held = holding.share.quantity * last + holding.share_buying_cash
    return _sized(case, Code.POSITION_SIZE, held, lambda limits: limits.max_position_value)


def allocation(case: Case) -> Check:
    """The whole position after the order, with all buys at work, as a share of equity."""
    holding = case.book.holding(case.request.instrument_id)
    last = case.price.last if case.price else ZERO
    held = holding.position.quantity * last + holding.buying_cash
    equity = case.book.equity
    return _sized(
        case, Code.ALLOCATION, held, lambda limits: equity * limits.max_allocation_pct / HUNDRED
    )


def _sized(case: Case, code: Code, held: Decimal, limit_of: Callable[[Limits], Decimal]) -> Check:
    if not case.is_entry or case.book.limits is None:
        return _not_asked(case, code)
    limit = limit_of(case.book.limits)
    value = held + case.request.quantity * case.worst_price
    return Check(code, _money(value), _money(limit), value <= limit, case.units(limit - held))


def buying_power(case: Case) -> Check:
    """A buy needs its worst cost in cash that is not reserved for other buys."""
    free = case.book.cash - case.book.reserved
    if not case.is_entry:
        return Check(Code.BUYING_POWER, "exit", _money(free), passed=True)
    cost = case.worst_cost(case.request.quantity)
    return Check(
        Code.BUYING_POWER, _money(cost), _money(free), cost <= free, case.affordable(free)
    )


def position_held(case: Case) -> Check:
    """An exit is clamped to what the agent holds and has not yet offered, in whole lots."""
    if case.is_entry:
        return Check(Code.POSITION_HELD, "entry", "", passed=True)
    free = case.book.holding(case.request.instrument_id).share_free
    room = floor_to_step(max(free, ZERO), case.terms.lot_size)
    return Check(
        Code.POSITION_HELD, plain(case.request.quantity), plain(free), free > 0, room=room
    )


def minimum_size(case: Case) -> Check:
    """Whole lots, and for an entry at least the instrument's minimum notional."""
    terms = case.terms
    quantity = case.request.quantity
    whole = quantity > 0 and floor_to_step(quantity, terms.lot_size) == quantity
    last = case.price.last if case.price else ZERO
    enough = not case.is_entry or quantity * last >= terms.minimum_notional
    limit = f"lots of {plain(terms.lot_size)}, at least {_money(terms.minimum_notional)}"
    return Check(Code.MINIMUM_SIZE, plain(quantity), limit, whole and enough)


def daily_entries(case: Case) -> Check:
    """Entries approved today, this one with them."""
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return _not_asked(case, Code.DAILY_ENTRIES)
    used = case.book.usage.entries + 1
    return Check(
        Code.DAILY_ENTRIES,
        str(used),
        str(limits.max_daily_entries),
        used <= limits.max_daily_entries,
    )


def daily_loss(case: Case) -> Check:
    """What the agent lost since the day began, realised and unrealised, net of fees."""
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return _not_asked(case, Code.DAILY_LOSS)
    loss = max(case.book.usage.day_start_pnl - case.book.agent_pnl, ZERO)
    return Check(
        Code.DAILY_LOSS, _money(loss), _money(limits.max_daily_loss), loss < limits.max_daily_loss
    )


def open_positions(case: Case) -> Check:
    """Instruments that the agent would hold or be buying after this order."""
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return _not_asked(case, Code.OPEN_POSITIONS)
    busy = {
        key
        for key, holding in case.book.holdings.items()
        if holding.share.quantity > 0 or holding.share_buying_cash > 0
    }
    number = len(busy | {case.request.instrument_id})
    return Check(
        Code.OPEN_POSITIONS,
        str(number),
        str(limits.max_open_positions),
        number <= limits.max_open_positions,
    )


def unresolved(case: Case) -> Check:
    """A symbol with an order of unknown outcome takes no new risk until the exchange has said."""
    waiting = case.book.holding(case.request.instrument_id).unresolved
    return Check(
        Code.UNRESOLVED, "1" if waiting else "0", "0", passed=not (waiting and case.is_entry)
    )


def duplicate(case: Case) -> Check:
    """The agent has no order at work in this symbol and side, and none alike within a minute."""
    if not case.is_agents:
        return Check(Code.DUPLICATE, case.request.source.value, "", passed=True)
    alike = sum(
        1
        for order in case.book.recent
        if order.instrument_id == case.request.instrument_id
        and order.side is case.request.side
        and (
            order.at_work
            or (
                order.quantity == case.request.quantity
                and case.now - order.as_of < DUPLICATE_WINDOW
            )
        )
    )
    return Check(Code.DUPLICATE, str(alike), "0", alike == 0)


def _not_asked(case: Case, code: Code) -> Check:
    """The check does not bind this order: an exit, or one without a permission or a price."""
    return Check(code, "entry" if case.is_entry else "exit", "", passed=True)


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


RULES: tuple[Rule, ...] = (
    agent_trading_enabled,
    permission_active,
    halt_state,
    symbol_allowed,
    stale_price,
    price_collar,
    trading_hours,
    stop_required,
    order_size,
    position_size,
    allocation,
    buying_power,
    position_held,
    minimum_size,
    daily_entries,
    daily_loss,
    open_positions,
    unresolved,
    duplicate,
)
