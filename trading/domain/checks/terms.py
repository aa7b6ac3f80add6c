"""Whether an order can be meant: its type with its prices, its protection, its whole lots."""

from decimal import Decimal

from trading.domain.book import HUNDRED
from trading.domain.checks.case import Case, Check, Code, money, not_asked
from trading.domain.requests import OrderRequest
from trading.domain.states import OrderType, Side, TimeInForce
from tradingfarm.kernel.money import ZERO, floor_to_step, plain

AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


def order_terms(case: Case) -> Check:
    """Type, time in force and prices agree with each other and with the market's steps.

    A stop that the market has passed already would be a market order by another name.
    """
    request = case.request
    problems = (
        _time_problem(request),
        _price_problem("limit", request.limit_price, case, needed=request.order_type.has_limit),
        _price_problem("stop", request.stop_price, case, needed=request.order_type.has_stop),
        _stop_problem(case),
        _exit_problem(request),
    )
    found = next((problem for problem in problems if problem), "")
    words = f"{request.order_type.value.replace('_', '-')} {request.time_in_force.value}"
    return Check(Code.ORDER_TERMS, words, found or "sound", passed=not found)


def _time_problem(request: OrderRequest) -> str:
    if request.order_type is OrderType.MARKET and request.rests:
        return "a market order is IOC or FOK"
    if request.order_type.has_stop and not request.rests:
        return "a stop order is DAY or GTC"
    return ""


def _price_problem(name: str, price: Decimal | None, case: Case, *, needed: bool) -> str:
    if price is None:
        return f"it needs a {name} price" if needed else ""
    if not needed:
        return f"it has no {name} price"
    tick = case.terms.tick_size
    if price <= 0 or floor_to_step(price, tick) != price:
        return f"a {name} price above zero, in steps of {plain(tick)}"
    return ""


def _stop_problem(case: Case) -> str:
    if case.stop_price is None or case.price is None:
        return ""
    if case.request.side is Side.BUY:
        ask = case.price.ask
        return "" if case.stop_price > ask else f"a stop price above the ask of {plain(ask)}"
    bid = case.price.bid
    return "" if case.stop_price < bid else f"a stop price below the bid of {plain(bid)}"


def _exit_problem(request: OrderRequest) -> str:
    trailing, seconds = request.trailing_pct, request.exit_after_seconds
    if trailing is not None and not ZERO < trailing < HUNDRED:
        return "a trailing percent between 0 and 100"
    return "" if seconds is None or seconds > 0 else "an exit after more than 0 seconds"


def stop_required(case: Case) -> Check:
    """An entry's stop-loss lies below what it can be bought at, its take-profit above."""
    if not case.is_entry or case.price is None:
        return not_asked(case, Code.STOP_REQUIRED)
    stop, target = case.request.stop_loss, case.request.take_profit
    required = case.book.limits is not None and case.book.limits.stop_required
    low, high = _bought_between(case, case.price.bid, case.price.ask)
    placed = (not required if stop is None else ZERO < stop < low) and (
        target is None or target > high
    )
    return Check(
        Code.STOP_REQUIRED,
        f"stop {plain(stop) if stop is not None else 'none'}"
        + (f", target {plain(target)}" if target is not None else ""),
        f"stop below {plain(low)}" if required or stop is not None else "optional",
        placed,
    )


def _bought_between(case: Case, bid: Decimal, ask: Decimal) -> tuple[Decimal, Decimal]:
    """Where the market stands when the entry is bought: at its stop or limit if not now."""
    low, high = (bid, ask) if case.stop_price is None else (case.stop_price, case.stop_price)
    limit = case.limit_price
    return (low, high) if limit is None else (min(low, limit), min(high, limit))


def minimum_size(case: Case) -> Check:
    """Whole lots, and for an entry at least the instrument's minimum notional."""
    terms = case.terms
    quantity = case.request.quantity
    whole = quantity > 0 and floor_to_step(quantity, terms.lot_size) == quantity
    price = case.last if case.limit_price is None else case.limit_price
    enough = not case.is_entry or quantity * price >= terms.minimum_notional
    limit = f"lots of {plain(terms.lot_size)}, at least {money(terms.minimum_notional)}"
    return Check(Code.MINIMUM_SIZE, plain(quantity), limit, whole and enough)
