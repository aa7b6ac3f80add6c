"""The risk gate. Nothing else makes an ApprovedOrder, and no model's text gets in here."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.domain.book import Book, Price
from trading.domain.checks import RULES, Case, Check, Code, minimum_size
from trading.domain.requests import OrderRequest
from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO, floor_to_step

SIZE = Code.MINIMUM_SIZE


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
    passed = all(check.passed for check in checks)
    order = _approve(case, case.price) if passed and case.price else None
    return Assessment(case.request, checks, _largest(case, checks), order)


def _clamped(book: Book, request: OrderRequest) -> OrderRequest:
    if not request.reduces:
        return request
    free = max(min(request.quantity, book.holding(request.instrument_id).share_free), ZERO)
    lot_size = book.terms[request.instrument_id].lot_size
    return replace(request, quantity=floor_to_step(free, lot_size))


def _largest(case: Case, checks: tuple[Check, ...]) -> Decimal:
    """The largest quantity that every check would let pass; zero when one fails at any size.

    Rooms are whole lots, so a request that only was too small or broken has a size that passes.
    """
    if any(not check.passed and check.room is None and check.code is not SIZE for check in checks):
        return ZERO
    largest = min(check.room for check in checks if check.room is not None)
    return largest if minimum_size(case.sized(largest)).passed else ZERO


def _approve(case: Case, price: Price) -> ApprovedOrder:
    if case.request.side is Side.SELL:
        return ApprovedOrder(case.request, price.bid, case.worst_price, ZERO)
    reserved = case.worst_cost(case.request.quantity)
    return ApprovedOrder(case.request, price.ask, case.worst_price, reserved)
