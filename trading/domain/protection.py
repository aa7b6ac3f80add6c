"""When a protection is reached, how a stop follows the price, and which changes only tighten.

Prices are in the account's currency, moments are market time. Nothing here loosens a stop: the
functions that merge or follow return the tighter of what was and what is new.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Protocol, TypeVar

from trading.domain.states import ProtectionKind
from tradingfarm.kernel.money import MONEY, ceil_to_step, floor_to_step

HUNDRED = Decimal(100)
STOPS = frozenset({ProtectionKind.STOP_LOSS, ProtectionKind.TRAILING_STOP})
"""The kinds that limit a loss: a share is protected by one of them, not by a target."""
PRECEDENCE = (
    ProtectionKind.STOP_LOSS,
    ProtectionKind.TRAILING_STOP,
    ProtectionKind.TAKE_PROFIT,
    ProtectionKind.TIME_EXIT,
)
"""Which one exits when the same price and moment reach several."""
WORTH_MOVING = Decimal("0.005")
"""A trailing stop at an exchange is moved up only by so much of its price, or more."""


@dataclass(frozen=True)
class Terms:
    """What a protection waits for. A time exit has a moment, the others a price.

    `trailing_pct` and `highest` belong to a trailing stop alone.
    """

    price: Decimal | None = None
    trailing_pct: Decimal | None = None
    highest: Decimal | None = None
    due_at: datetime | None = None


class HasStop(Protocol):
    """A stop-loss or a trailing stop with the price that it works at."""

    @property
    def kind(self) -> ProtectionKind: ...
    @property
    def price(self) -> Decimal: ...


S = TypeVar("S", bound=HasStop)


def rank(kind: ProtectionKind) -> int:
    """Its place among several that are reached at once; the smallest one exits."""
    return PRECEDENCE.index(kind)


def is_reached(*, kind: ProtectionKind, terms: Terms, last: Decimal, now: datetime) -> bool:
    """Whether the last price is at or beyond the price, or the moment has come."""
    if terms.due_at is not None:
        return now >= terms.due_at
    if terms.price is None:
        return False
    return last <= terms.price if kind in STOPS else last >= terms.price


def trailing_price(*, highest: Decimal, percent: Decimal, tick_size: Decimal) -> Decimal:
    """Where a stop lies that trails `percent` below the highest price.

    On the tick at or above that distance, so that rounding never loosens it, but always below the
    highest price (where there is a tick below it): a stop at the price itself would fire at once.
    """
    exact = MONEY.divide(MONEY.multiply(highest, HUNDRED - percent), HUNDRED)
    below_highest = ceil_to_step(highest, tick_size) - tick_size
    return max(min(ceil_to_step(exact, tick_size), below_highest), tick_size)


def follow_high(*, terms: Terms, last: Decimal, tick_size: Decimal) -> Terms:
    """The terms of a trailing stop after a price: the same, or both prices risen."""
    if terms.highest is None or terms.trailing_pct is None or last <= terms.highest:
        return terms
    moved = trailing_price(highest=last, percent=terms.trailing_pct, tick_size=tick_size)
    price = moved if terms.price is None else max(terms.price, moved)
    return Terms(price=price, trailing_pct=terms.trailing_pct, highest=last)


def is_narrower(*, kind: ProtectionKind, before: Terms, after: Terms) -> bool:
    """Whether `after` is at least as tight as `before`: what an agent may ask for.

    A stop may only rise, a trailing percent only shrink, a time exit only come earlier. A target
    may be any new one.
    """
    match kind:
        case ProtectionKind.STOP_LOSS:
            return _at_least(after.price, before.price)
        case ProtectionKind.TRAILING_STOP:
            return _at_least(before.trailing_pct, after.trailing_pct)
        case ProtectionKind.TIME_EXIT:
            return _at_least(before.due_at, after.due_at)
        case ProtectionKind.TAKE_PROFIT:
            return True


C = TypeVar("C", Decimal, datetime)


def _at_least(one: C | None, other: C | None) -> bool:
    """Whether both are there and `one` is not below `other`."""
    return one is not None and other is not None and one >= other


def merged(*, kind: ProtectionKind, before: Terms, after: Terms, tick_size: Decimal) -> Terms:
    """The terms of a share that was protected and got another entry: never looser than before.

    The higher stop, the smaller percent from the higher price, the earlier moment; the newer
    target.
    """
    match kind:
        case ProtectionKind.TRAILING_STOP:
            return _tighter_trail(before, after, tick_size)
        case ProtectionKind.STOP_LOSS | ProtectionKind.TIME_EXIT:
            return after if is_narrower(kind=kind, before=before, after=after) else before
        case ProtectionKind.TAKE_PROFIT:
            return after


def _tighter_trail(before: Terms, after: Terms, tick_size: Decimal) -> Terms:
    percents = [terms.trailing_pct for terms in (before, after) if terms.trailing_pct is not None]
    highs = [terms.highest for terms in (before, after) if terms.highest is not None]
    prices = [terms.price for terms in (before, after) if terms.price is not None]
    percent, highest = min(percents), max(highs)
    moved = trailing_price(highest=highest, percent=percent, tick_size=tick_size)
    return Terms(price=max(*prices, moved), trailing_pct=percent, highest=highest)


def effective_stop(stops: Iterable[S]) -> S | None:
    """The stop that fires first when the price falls: the highest, of equals the stop-loss."""
    return max(stops, key=lambda stop: (stop.price, -rank(stop.kind)), default=None)


def on_tick(*, kind: ProtectionKind, price: Decimal, tick_size: Decimal) -> Decimal:
    """The price on a tick: a stop's at or above what was asked for, a target's at or below it."""
    return ceil_to_step(price, tick_size) if kind in STOPS else floor_to_step(price, tick_size)


def would_fire(*, kind: ProtectionKind, price: Decimal, bid: Decimal, ask: Decimal) -> bool:
    """Whether it would be reached as soon as it is set: a stop at the bid, a target at the ask."""
    return price >= bid if kind in STOPS else price <= ask


def resting_limit(*, stop: Decimal, collar: Decimal, tick_size: Decimal) -> Decimal:
    """The limit of a stop-limit order that protects: as deep as the collar (percent) lets it."""
    lowest = MONEY.divide(MONEY.multiply(stop, HUNDRED - collar), HUNDRED)
    return max(ceil_to_step(lowest, tick_size), tick_size)


class Step(Enum):
    """What is to be done about a share's stop at the exchange."""

    NOTHING = "nothing"
    PLACE = "place"
    CANCEL = "cancel"


@dataclass(frozen=True)
class AtExchange:
    """A stop order at the exchange, or one that should rest there, with what it would sell."""

    kind: ProtectionKind
    price: Decimal
    quantity: Decimal


def next_step(*, resting: AtExchange | None, wanted: AtExchange | None) -> Step:
    """What brings the exchange nearer to what is wanted; a stop is canceled before another rests.

    Two of them would together sell more than is held.
    """
    if resting is None:
        return Step.NOTHING if wanted is None else Step.PLACE
    if wanted is None or resting.quantity != wanted.quantity:
        return Step.CANCEL
    return Step.CANCEL if _has_moved(resting, wanted) else Step.NOTHING


def _has_moved(resting: AtExchange, wanted: AtExchange) -> bool:
    """A trailing stop moves up by steps that are worth an order; what else differs, moves."""
    if wanted.kind is ProtectionKind.TRAILING_STOP and wanted.price > resting.price:
        return wanted.price - resting.price >= MONEY.multiply(resting.price, WORTH_MOVING)
    return wanted.price != resting.price
