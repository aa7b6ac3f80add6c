"""An account computed again from nothing but its deposits and the exchange's own trades.

The check that can fail: whatever the farm stored fill by fill, through crashes and repeats, must
equal this to the last decimal.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, localcontext
from fractions import Fraction
from uuid import UUID

from trading.domain.ledger import EMPTY, Lot, TradeReport, split, trade
from tradingfarm.kernel.money import MONEY, ZERO, plain


@dataclass(frozen=True)
class Ledger:
    """Cash and one lot per instrument, in the account's currency; a missing lot is empty."""

    cash: Decimal = ZERO
    lots: Mapping[UUID, Lot] = field(default_factory=dict)


@dataclass(frozen=True)
class BookedSplit:
    """A split of what was held: `numerator` new for `denominator` old shares.

    `quantity` is what is held after it, `cash` what the exchange paid for the fraction of a lot.
    """

    instrument_id: UUID
    numerator: int
    denominator: int
    quantity: Decimal
    cash: Decimal


def rebuild(
    *, movements: Iterable[Decimal], trades: Iterable[TradeReport | BookedSplit]
) -> Ledger:
    """The ledger after `movements` (deposits positive) and `trades`, in the order they are given.

    Splits stand among the trades. Raises Oversold when these sell more than they bought.
    """
    cash = sum(movements, ZERO)
    lots: dict[UUID, Lot] = {}
    with localcontext(MONEY):
        for event in trades:
            key = event.instrument_id
            lot = lots.get(key, EMPTY)
            if isinstance(event, BookedSplit):
                lots[key], cash = _split(lot, event), cash + event.cash
            else:
                lots[key], cash = trade(lot, event), cash + event.cash_change
    return Ledger(cash, lots)


def _split(lot: Lot, booked: BookedSplit) -> Lot:
    ratio = Fraction(booked.numerator, booked.denominator)
    return split(lot, ratio=ratio, quantity=booked.quantity, cash=booked.cash)


def differences(*, rebuilt: Ledger, stored: Ledger) -> tuple[str, ...]:
    """One sentence for each number that is not the same to the last decimal; none when all are."""
    return tuple(_differences(rebuilt, stored))


def _differences(rebuilt: Ledger, stored: Ledger) -> Iterator[str]:
    if rebuilt.cash != stored.cash:
        yield _sentence("cash", rebuilt.cash, stored.cash)
    for instrument_id in sorted({*rebuilt.lots, *stored.lots}):
        for name in (column.name for column in fields(Lot)):
            again = getattr(rebuilt.lots.get(instrument_id, EMPTY), name)
            kept = getattr(stored.lots.get(instrument_id, EMPTY), name)
            if again != kept:
                yield _sentence(f"{name} of {instrument_id}", again, kept)


def _sentence(subject: str, rebuilt: Decimal, stored: Decimal) -> str:
    return f"{subject} is {plain(stored)}, but {plain(rebuilt)} by the exchange's trades"
