"""Round trips: what was bought and sold of an instrument from flat to flat, and figures on them.

Amounts are Decimal, in the account's currency, and are kept by the ledger's own cost rules.
Ratios are float; none of them finds its way back into money. What is not defined is None.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from uuid import UUID

from trading.domain.ledger import EMPTY, PRECISION, Lot, TradeReport, split, trade
from trading.domain.rebuild import BookedSplit
from trading.domain.states import Side
from tradingfarm.kernel.money import MONEY, ZERO, round_half_even


@dataclass(frozen=True)
class RoundTrip:
    """A position from its first buy until it was flat again, with all partial exits.

    Moments are market time. Values are price times quantity without fees; `profit` is net of all
    fees, which may be negative where the venue pays. Quantities are what was bought and sold, in
    shares of after the last split: a fee taken from what is traded leaves less to sell.
    """

    instrument_id: UUID
    entered_at: datetime
    exited_at: datetime
    entry_quantity: Decimal
    entry_value: Decimal
    exit_quantity: Decimal
    exit_value: Decimal
    fees: Decimal
    profit: Decimal

    @property
    def average_entry(self) -> Decimal:
        """Price per unit of all buys, without fees, to 38 digits."""
        return MONEY.divide(self.entry_value, self.entry_quantity)

    @property
    def average_exit(self) -> Decimal:
        """Price per unit of all sells, without fees, to 38 digits."""
        return MONEY.divide(self.exit_value, self.exit_quantity)

    @property
    def duration(self) -> timedelta:
        return self.exited_at - self.entered_at


@dataclass(frozen=True)
class UnfinishedTrip:
    """A position that is not flat yet, told like a RoundTrip; `lot` is what is left."""

    instrument_id: UUID
    entered_at: datetime
    last_fill_at: datetime
    entry_quantity: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_quantity: Decimal = ZERO
    exit_value: Decimal = ZERO
    lot: Lot = EMPTY


@dataclass(frozen=True)
class RoundTrips:
    """Finished ones in the order in which they ended, unfinished ones as they began."""

    finished: tuple[RoundTrip, ...] = ()
    unfinished: tuple[UnfinishedTrip, ...] = ()

    @property
    def realised(self) -> Decimal:
        """P&L of every sell, net of fees: the sum of what the fills realised."""
        finished = sum((trip.profit for trip in self.finished), ZERO)
        return finished + sum((trip.lot.realised for trip in self.unfinished), ZERO)

    @property
    def traded_value(self) -> Decimal:
        """Value of all buys and all sells, without fees."""
        trips: tuple[RoundTrip | UnfinishedTrip, ...] = (*self.finished, *self.unfinished)
        return sum((trip.entry_value + trip.exit_value for trip in trips), ZERO)


def round_trips(fills: Iterable[tuple[datetime, TradeReport | BookedSplit]]) -> RoundTrips:
    """The trips of one agent's shares, or of whole positions; each instrument has its own.

    Fills and splits come with their market time, in the order in which they were booked: cost was
    removed in that order, also where a venue told of a trade late. Raises Oversold when more is
    sold than was bought.
    """
    at_work: dict[UUID, UnfinishedTrip] = {}
    finished: list[RoundTrip] = []
    with localcontext(MONEY):
        for moment, booked in fills:
            key = booked.instrument_id
            trip = _after(at_work.pop(key, UnfinishedTrip(key, moment, moment)), booked)
            if trip.lot.quantity:
                at_work[key] = _seen(trip, moment)
            else:
                finished.append(_finished(_seen(trip, moment)))
    unfinished = sorted(at_work.values(), key=lambda trip: trip.entered_at)
    return RoundTrips(tuple(finished), tuple(unfinished))


def _seen(trip: UnfinishedTrip, moment: datetime) -> UnfinishedTrip:
    first, last = min(trip.entered_at, moment), max(trip.last_fill_at, moment)
    return replace(trip, entered_at=first, last_fill_at=last)


def _after(trip: UnfinishedTrip, booked: TradeReport | BookedSplit) -> UnfinishedTrip:
    if isinstance(booked, BookedSplit):
        return _after_split(trip, booked)
    known = replace(trip, lot=trade(trip.lot, booked))
    if booked.side is Side.BUY:
        return _entered(known, booked.quantity, booked.value)
    return _exited(known, booked.quantity, booked.value)


def _after_split(trip: UnfinishedTrip, booked: BookedSplit) -> UnfinishedTrip:
    """Quantities in new shares; the fraction of a lot that was paid for counts as a sell."""
    lot = split(
        trip.lot,
        ratio=Fraction(booked.numerator, booked.denominator),
        quantity=booked.quantity,
        cash=booked.cash,
    )
    entered, exited, held = (
        quantity * booked.numerator / booked.denominator
        for quantity in (trip.entry_quantity, trip.exit_quantity, trip.lot.quantity)
    )
    known = replace(trip, lot=lot, entry_quantity=entered, exit_quantity=exited)
    if booked.quantity > held:
        return _entered(known, booked.quantity - held, -booked.cash)
    return _exited(known, held - booked.quantity, booked.cash)


def _entered(trip: UnfinishedTrip, quantity: Decimal, value: Decimal) -> UnfinishedTrip:
    return replace(
        trip,
        entry_quantity=trip.entry_quantity + quantity,
        entry_value=trip.entry_value + value,
    )


def _exited(trip: UnfinishedTrip, quantity: Decimal, value: Decimal) -> UnfinishedTrip:
    return replace(
        trip,
        exit_quantity=trip.exit_quantity + quantity,
        exit_value=trip.exit_value + value,
    )


def _finished(trip: UnfinishedTrip) -> RoundTrip:
    return RoundTrip(
        instrument_id=trip.instrument_id,
        entered_at=trip.entered_at,
        exited_at=trip.last_fill_at,
        entry_quantity=trip.entry_quantity,
        entry_value=trip.entry_value,
        exit_quantity=trip.exit_quantity,
        exit_value=trip.exit_value,
        fees=trip.lot.fees,
        profit=trip.lot.realised,
    )


@dataclass(frozen=True)
class TripFigures:
    """Figures on finished round trips. Losses are negative amounts, as they were made.

    A trip without profit or loss counts as a trip, and neither as a win nor as a loss.
    """

    finished: int
    unfinished: int
    realised: Decimal
    win_rate: float | None
    profit_factor: float | None
    expectancy: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    average_duration: timedelta | None


def trip_figures(trips: RoundTrips) -> TripFigures:
    """All of them. `realised` also counts partial exits of trips that are not finished."""
    profits = [trip.profit for trip in trips.finished]
    wins, losses = wins_of(profits), losses_of(profits)
    return TripFigures(
        finished=len(trips.finished),
        unfinished=len(trips.unfinished),
        realised=trips.realised,
        win_rate=win_rate(profits),
        profit_factor=profit_factor(profits),
        expectancy=average(profits),
        average_win=average(wins),
        average_loss=average(losses),
        largest_win=max(wins, default=None),
        largest_loss=min(losses, default=None),
        average_duration=average_duration(trips.finished),
    )


def wins_of(profits: Iterable[Decimal]) -> list[Decimal]:
    """Those above zero, net of fees."""
    return [profit for profit in profits if profit > 0]


def losses_of(profits: Iterable[Decimal]) -> list[Decimal]:
    """Those below zero, net of fees."""
    return [profit for profit in profits if profit < 0]


def win_rate(profits: Sequence[Decimal]) -> float | None:
    """Trips that won over all trips, 0 to 1; None without trips."""
    return len(wins_of(profits)) / len(profits) if profits else None


def profit_factor(profits: Iterable[Decimal]) -> float | None:
    """The sum of all wins over the sum of all losses; None while nothing was lost."""
    profits = list(profits)
    lost = -sum(losses_of(profits), ZERO)
    return float(sum(wins_of(profits), ZERO) / lost) if lost else None


def average(amounts: Sequence[Decimal]) -> Decimal | None:
    """Their mean, rounded once to eight places; of all profits it is the expectancy of a trip."""
    return round_half_even(sum(amounts, ZERO) / len(amounts), PRECISION) if amounts else None


def average_duration(trips: Sequence[RoundTrip]) -> timedelta | None:
    """Market time from the first entry to the last exit, on average."""
    return sum((trip.duration for trip in trips), timedelta()) / len(trips) if trips else None
