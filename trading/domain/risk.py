"""The risk gate. Nothing else makes an ApprovedOrder, and no model's text gets in here."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.domain.book import Book, Price
from trading.domain.checks import (
    CEILED,
    OVERRIDABLE,
    RULES,
    Case,
    Check,
    Code,
    Rule,
    minimum_size,
)
from trading.domain.days import day_of, following
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, TimeInForce
from tradingfarm.kernel.money import ZERO, floor_to_step

SIZE = Code.MINIMUM_SIZE
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ApprovedOrder:
    """An order that passed every check, with what it sets aside until it has ended.

    `good_until` (market time) ends a DAY order.
    """

    request: OrderRequest
    expected_price: Decimal
    worst_price: Decimal
    reserved_cash: Decimal
    good_until: datetime | None = None


@dataclass(frozen=True)
class Assessment:
    """Every check of one request, the order if all passed, and the size that would have passed.

    `was_confirmed`: a person has said yes to this very order.
    """

    request: OrderRequest
    checks: tuple[Check, ...]
    largest: Decimal
    order: ApprovedOrder | None
    worst_price: Decimal = ZERO
    was_confirmed: bool = False

    @property
    def denials(self) -> tuple[str, ...]:
        """Codes of the checks that failed, in the order in which they are run."""
        return tuple(check.code.value for check in self.checks if not check.passed)

    @property
    def needs_confirmation(self) -> bool:
        """Whether it would be approved if a person said yes, and for nothing else."""
        return self.denials == (Code.CONFIRMATION.value,)

    @property
    def overridden(self) -> tuple[str, ...]:
        """Codes of the checks that only a person's override let it pass."""
        return tuple(check.code.value for check in self.checks if check.overridden)

    @property
    def worst_value(self) -> Decimal:
        """What the order is worth at its worst price."""
        return self.request.quantity * self.worst_price


def assess(book: Book, request: OrderRequest, now: datetime) -> Assessment:
    """Run every check of `request` at market time `now`.

    A sell is first clamped to what the asker holds and has not yet offered. A denial is a value.
    """
    case = Case(book, _clamped(book, request), book.prices.get(request.instrument_id), now)
    checks = _overridden(case, tuple(rule(case) for rule in RULES))
    passed = all(check.passed for check in checks)
    order = _approve(case, case.price) if passed and case.price else None
    return Assessment(
        case.request,
        checks,
        _largest(case, checks),
        order,
        worst_price=case.worst_price,
        was_confirmed=bool(book.confirmed) and request.digest in book.confirmed,
    )


def _clamped(book: Book, request: OrderRequest) -> OrderRequest:
    if not request.reduces:
        return request
    free = max(min(request.quantity, book.holding(request.instrument_id).share_free), ZERO)
    lot_size = book.terms[request.instrument_id].lot_size
    return replace(request, quantity=floor_to_step(free, lot_size))


def _overridden(case: Case, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks with those passed that a person lets this very order pass, all but a few."""
    if not case.book.overridden:
        return checks
    codes = case.book.overridden.get(case.request.digest, NOTHING)
    return tuple(
        replace(check, passed=True, overridden=True)
        if not check.passed and check.code.value in codes and _may_pass(case, rule, check.code)
        else check
        for rule, check in zip(RULES, checks, strict=True)
    )


def _may_pass(case: Case, rule: Rule, code: Code) -> bool:
    """A person's word goes no further than the farm's ceilings, and opens no closed market."""
    if code not in CEILED:
        return code in OVERRIDABLE
    return rule(replace(case, book=replace(case.book, limits=case.book.ceilings))).passed


def _largest(case: Case, checks: tuple[Check, ...]) -> Decimal:
    """The largest quantity that every check would let pass; zero when one fails at any size.

    Rooms are whole lots, so a request that only was too small or broken has a size that passes.
    """
    if any(not check.passed and check.room is None and check.code is not SIZE for check in checks):
        return ZERO
    rooms = (check.room for check in checks if not check.overridden)
    largest = min(room for room in rooms if room is not None)
    return largest if minimum_size(case.sized(largest)).passed else ZERO


def _approve(case: Case, price: Price) -> ApprovedOrder:
    request, until = case.request, _good_until(case)
    if request.side is Side.SELL:
        return ApprovedOrder(request, price.bid, case.worst_price, ZERO, until)
    reserved = case.worst_cost(request.quantity)
    return ApprovedOrder(request, price.ask, case.worst_price, reserved, until)


def _good_until(case: Case) -> datetime | None:
    """The end of the session; where a market never closes, of the day in the account's zone."""
    if case.request.time_in_force is not TimeInForce.DAY:
        return None
    day = day_of(case.now, zone=case.book.time_zone)
    return case.terms.closes_at or following(day).began_at
