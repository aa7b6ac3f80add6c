"""The risk gate. Nothing else makes an ApprovedOrder, and no model's text gets in here."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.domain.book import PRECISION, Book
from trading.domain.checks import RULES, Case, Check
from trading.domain.requests import OrderRequest
from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO, ceil_to_step, floor_to_step


@dataclass(frozen=True)
class ApprovedOrder:
    """An order that passed every check, with what it sets aside until it has ended."""

    request: OrderRequest
    expected_price: Decimal
    worst_price: Decimal
    reserved_cash: Decimal


@dataclass(frozen=True)
class Assessment:
    """Every check of one request, the order if all passed, and the size that would have passed."""

    request: OrderRequest
    checks: tuple[Check, ...]
    largest: Decimal
    order: ApprovedOrder | None

    @property
    def denials(self) -> tuple[str, ...]:
        """Codes of the checks that failed, in the order in which they are run."""
        return tuple(check.code.value for check in self.checks if not check.passed)


def assess(book: Book, request: OrderRequest, now: datetime) -> Assessment:
    """Run every check of `request` at market time `now`.

    A sell is first clamped to what the asker holds and has not yet offered. A denial is a value.
    """
    case = Case(book, _clamped(book, request), book.prices.get(request.instrument_id), now)
    checks = tuple(rule(case) for rule in RULES)
    order = _approve(case) if all(check.passed for check in checks) else None
    return Assessment(case.request, checks, _largest(case, checks), order)


def _clamped(book: Book, request: OrderRequest) -> OrderRequest:
    if not request.reduces:
        return request
    holding = book.holding(request.instrument_id)
    free = holding.share.quantity - holding.share_reserved
    lot_size = book.terms[request.instrument_id].lot_size
    return replace(
        request, quantity=floor_to_step(max(min(request.quantity, free), ZERO), lot_size)
    )


def _largest(case: Case, checks: tuple[Check, ...]) -> Decimal:
    """The largest quantity that every check would let pass; zero when one fails at any size."""
    if any(not check.passed and check.room is None for check in checks):
        return ZERO
    rooms = [check.room for check in checks if check.room is not None]
    return max(min(rooms), ZERO) if rooms else case.request.quantity


def _approve(case: Case) -> ApprovedOrder:
    price = case.price
    if price is None:
        raise ValueError("An order without a price cannot pass the checks.")
    tick = case.book.terms[case.request.instrument_id].tick_size
    if case.request.side is Side.SELL:
        worst = max(ceil_to_step(case.worst_price, tick), tick)
        return ApprovedOrder(case.request, price.bid, worst, ZERO)
    worst = floor_to_step(case.worst_price, tick)
    cost = ceil_to_step(case.request.quantity * worst * (1 + case.book.fee_rate), PRECISION)
    return ApprovedOrder(case.request, price.ask, worst, cost)
