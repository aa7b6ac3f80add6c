"""Round trips that are counted as they end, so that a count goes on where the last one stopped.

What `trip_figures` finds in all fills of an account, from what was counted before and the fills
since. Amounts are Decimal, in the account's currency; ratios are float and none of them finds its
way back into money. What is not defined is None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from uuid import UUID

from trading.domain.equity_curves import NO_TIME
from trading.domain.ledger import EMPTY, PRECISION, Lot, TradeReport, hand_over, split, trade
from trading.domain.rebuild import BookedSplit
from trading.domain.states import Side
from tradingfarm.kernel.money import MONEY, ZERO, round_half_even


@dataclass(frozen=True)
class HandedOver:
    """What a sell that nobody here had ordered took of an agent's shares, at what they cost."""

    instrument_id: UUID
    quantity: Decimal


Booked = TradeReport | BookedSplit | HandedOver


@dataclass(frozen=True)
class Entry:
    """One fill or split: what it did to the whole position, and to agents' parts of it.

    `moment` is market time; `parts` are by permission.
    """

    moment: datetime
    whole: TradeReport | BookedSplit
    parts: Mapping[UUID, Booked] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenTrip:
    """A position that is not flat yet, and what is left of it. Moments are market time."""

    entered_at: datetime
    last_fill_at: datetime
    lot: Lot = EMPTY


@dataclass(frozen=True)
class TrackRecord:
    """The finished round trips of one agent, or of whole positions, and the unfinished ones.

    `realised` and `fees` are of every fill; `won` and `lost` (negative) of finished trips, net of
    fees; `lasted` is their time together. A trip without profit or loss is neither win nor loss.
    """

    fills: int = 0
    trips: int = 0
    wins: int = 0
    losses: int = 0
    won: Decimal = ZERO
    lost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    traded_value: Decimal = ZERO
    lasted: timedelta = NO_TIME
    at_work: Mapping[UUID, OpenTrip] = field(default_factory=dict)

    @property
    def cost(self) -> Decimal:
        """What everything that is held was bought for, with fees."""
        return sum((trip.lot.cost for trip in self.at_work.values()), ZERO)

    @property
    def win_rate(self) -> float | None:
        """Trips that won over all trips, 0 to 1; None without trips."""
        return self.wins / self.trips if self.trips else None

    @property
    def profit_factor(self) -> float | None:
        """The sum of all wins over the sum of all losses; None while nothing was lost."""
        return float(self.won / -self.lost) if self.lost else None

    @property
    def expectancy(self) -> Decimal | None:
        """Profit of an average trip, rounded once to eight places; None without trips."""
        return _mean(self.won + self.lost, self.trips)

    @property
    def average_win(self) -> Decimal | None:
        return _mean(self.won, self.wins)

    @property
    def average_loss(self) -> Decimal | None:
        """Negative; None without a loss."""
        return _mean(self.lost, self.losses)

    @property
    def average_duration(self) -> timedelta | None:
        """Market time from the first entry to the last exit, on average."""
        return self.lasted / self.trips if self.trips else None


def _mean(total: Decimal, count: int) -> Decimal | None:
    return round_half_even(MONEY.divide(total, count), PRECISION) if count else None


def continued(record: TrackRecord, booked: Iterable[tuple[datetime, Booked]]) -> TrackRecord:
    """The record after what was booked since, in that order, each with its market time.

    Cost was removed in the order of booking, also where a venue told of a trade late. Raises
    Oversold when more is sold than was bought.
    """
    with localcontext(MONEY):
        for moment, event in booked:
            record = _after(record, moment, event)
    return record


def _after(record: TrackRecord, moment: datetime, event: Booked) -> TrackRecord:
    at_work = dict(record.at_work)
    trip = at_work.pop(event.instrument_id, OpenTrip(moment, moment))
    before, (lot, traded) = trip.lot, _moved(trip.lot, event)
    if lot == before:
        return record
    trip = OpenTrip(min(trip.entered_at, moment), max(trip.last_fill_at, moment), lot)
    record = replace(
        record,
        fills=record.fills + isinstance(event, TradeReport),
        realised=record.realised + lot.realised - before.realised,
        fees=record.fees + lot.fees - before.fees,
        traded_value=record.traded_value + traded,
        at_work=at_work,
    )
    if not lot.quantity:
        return _finished(record, trip)
    at_work[event.instrument_id] = trip
    return record


def _moved(lot: Lot, event: Booked) -> tuple[Lot, Decimal]:
    """The lot after the event, and the value of what was bought or sold by it."""
    if isinstance(event, HandedOver):
        return hand_over(lot, EMPTY, min(event.quantity, lot.quantity))[0], ZERO
    if isinstance(event, BookedSplit):
        return _split(lot, event)
    return trade(lot, _borne(lot, event)), event.value


def _split(lot: Lot, event: BookedSplit) -> tuple[Lot, Decimal]:
    """What is paid for the fraction of a lot counts as a sell, and what is paid in as a buy."""
    ratio = Fraction(event.numerator, event.denominator)
    has_grown = Fraction(event.quantity) > Fraction(lot.quantity) * ratio
    after = split(lot, ratio=ratio, quantity=event.quantity, cash=event.cash)
    return after, -event.cash if has_grown else event.cash


def _borne(lot: Lot, report: TradeReport) -> TradeReport:
    """The report; a fee in what is sold was owed instead where the lot could not bear it."""
    if report.side is Side.BUY or lot.quantity + report.quantity_change >= 0:
        return report
    return replace(report, fee_quantity=ZERO, fee_elsewhere=report.fees - report.fee)


def _finished(record: TrackRecord, trip: OpenTrip) -> TrackRecord:
    profit = trip.lot.realised
    return replace(
        record,
        trips=record.trips + 1,
        wins=record.wins + (profit > 0),
        losses=record.losses + (profit < 0),
        won=record.won + max(profit, ZERO),
        lost=record.lost + min(profit, ZERO),
        lasted=record.lasted + (trip.last_fill_at - trip.entered_at),
    )
