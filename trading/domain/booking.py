"""What one trade of the exchange changes, worked out before anything is written.

An order's trades move its position, one owner's share of it, cash and reservations together. The
services load these as a Standing under the account's lock, and store what it has become.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, localcontext
from uuid import UUID

from trading.domain.exchange import Trade
from trading.domain.fees import Charged, Currencies, charge
from trading.domain.ledger import EMPTY, Lot, TradeReport, freed, hand_over, trade
from trading.domain.states import Side
from tradingfarm.kernel.money import MONEY, ZERO


@dataclass(frozen=True)
class Share:
    """One owner's part of a position.

    `offered` is in sells at work; `opened_at` is market time since when it is not flat.
    """

    lot: Lot = EMPTY
    offered: Decimal = ZERO
    opened_at: datetime | None = None

    @property
    def free(self) -> Decimal:
        """What no sell at work has offered."""
        return self.lot.quantity - self.offered


@dataclass(frozen=True)
class Standing:
    """An order with everything that its trades can change.

    `offers` says that what it has not sold yet is offered in its share; one that has ended offers
    and reserves nothing. `others` are the agents' shares, by permission, that a sell which nobody
    here has ordered may take from; empty for any order of ours.
    """

    instrument_id: UUID
    side: Side
    quantity: Decimal
    offers: bool = False
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    fees: Decimal = ZERO
    reserved_cash: Decimal = ZERO
    position: Lot = EMPTY
    share: Share = Share()
    others: Mapping[UUID, Share] = field(default_factory=dict)


@dataclass(frozen=True)
class Booking:
    """One trade, booked. `realised` is the share's P&L; `owed` is in the fee's currency.

    `freed_cash` is what the reservation gives back; `taken` is what was handed over by others.
    """

    report: TradeReport
    realised: Decimal
    freed_cash: Decimal
    owed: Decimal
    fee_is_valued: bool
    taken: Mapping[UUID, Decimal]
    after: Standing


def book(standing: Standing, reported: Trade, *, currencies: Currencies) -> Booking:
    """Book one trade of the standing's order. Raises Oversold.

    That an order never trades more than it ordered is not looked at here: the database is the
    last wall for that, and refuses to store it.
    """
    with localcontext(MONEY):
        return _book(standing, reported, currencies)


def _book(standing: Standing, reported: Trade, currencies: Currencies) -> Booking:
    ready, taken = _supplied(standing, reported)
    share = _released(ready, reported)
    charged = _charged(ready, share, reported, currencies)
    moved = trade(share.lot, charged.report)
    freed_cash = _freed(ready, reported)
    after = replace(
        ready,
        filled_quantity=ready.filled_quantity + reported.quantity,
        filled_value=ready.filled_value + charged.report.value,
        fees=ready.fees + charged.report.fees,
        reserved_cash=ready.reserved_cash - freed_cash,
        position=trade(ready.position, charged.report),
        share=_opened(replace(share, lot=moved), reported.as_of),
    )
    return Booking(
        report=charged.report,
        realised=moved.realised - share.lot.realised,
        freed_cash=freed_cash,
        owed=charged.owed,
        fee_is_valued=charged.is_valued,
        taken=taken,
        after=after,
    )


def _charged(standing: Standing, share: Share, reported: Trade, currencies: Currencies) -> Charged:
    return charge(
        reported,
        instrument_id=standing.instrument_id,
        side=standing.side,
        currencies=currencies,
        free=share.free - reported.quantity,
    )


def _supplied(standing: Standing, reported: Trade) -> tuple[Standing, Mapping[UUID, Decimal]]:
    """The standing after others have handed over what its own share lacks, the largest first."""
    missing = reported.quantity - standing.share.lot.quantity
    if standing.side is Side.BUY or missing <= 0:
        return standing, {}
    share, others, taken = standing.share, dict(standing.others), {}
    for owner, other in sorted(others.items(), key=lambda item: (-item[1].free, item[0])):
        part = min(missing, other.free)
        if part > 0:
            given, received = hand_over(other.lot, share.lot, part)
            others[owner] = _opened(replace(other, lot=given), reported.as_of)
            share, taken[owner], missing = replace(share, lot=received), part, missing - part
    return replace(standing, share=share, others=others), taken


def _released(standing: Standing, reported: Trade) -> Share:
    """The share without the quantity that this trade no longer needs to offer."""
    if not standing.offers:
        return standing.share
    return replace(standing.share, offered=standing.share.offered - reported.quantity)


def _freed(standing: Standing, reported: Trade) -> Decimal:
    return freed(
        reserved=standing.reserved_cash,
        left=standing.quantity - standing.filled_quantity,
        traded=reported.quantity,
    )


def _opened(share: Share, moment: datetime) -> Share:
    opened_at = (share.opened_at or moment) if share.lot.quantity else None
    return replace(share, opened_at=opened_at)
