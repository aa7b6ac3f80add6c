"""Whether what is stored of every paper account follows from the paper exchange's own trades."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, Subquery

from trading.domain.ledger import Lot, Oversold, TradeReport
from trading.domain.rebuild import BookedSplit, Ledger, rebuild
from trading.domain.rebuild import differences as compared
from trading.domain.states import Side
from trading.models import Account, CashMovement, Fill, PaperTrade, Position, SplitBooking


def is_rebuilt() -> bool:
    """True when no paper account differs from its deposits and trades by a single decimal."""
    return not differences()


def differences() -> list[str]:
    """One sentence for each stored number that its account's trades and splits do not give.

    A trade that has not been ingested yet is a difference, so ask when nothing is at work.
    """
    accounts = Account.objects.filter(kind=Account.Kind.PAPER).order_by("id")
    return [f"{account.name}: {found}" for account in accounts for found in _compare(account)]


def _compare(account: Account) -> tuple[str, ...]:
    try:
        rebuilt = rebuild(movements=_movements(account.id), trades=_events(account.id))
    except Oversold as error:
        return (f"the exchange's trades are impossible: {error}",)
    return compared(rebuilt=rebuilt, stored=_stored(account))


def _movements(account_id: UUID) -> list[Decimal]:
    """Deposits and withdrawals of cash; those of other currencies move a balance instead."""
    movements = CashMovement.objects.filter(account_id=account_id, currency="")
    return list(movements.values_list("amount", flat=True))


def _events(account_id: UUID) -> list[TradeReport | BookedSplit]:
    """Trades and splits as they happened. No split is booked while a trade may be on its way."""
    dated = [*_trades(account_id), *_splits(account_id)]
    return [event for _, event in sorted(dated, key=lambda pair: pair[0])]


def _trades(account_id: UUID) -> Sequence[tuple[datetime, TradeReport | BookedSplit]]:
    """The exchange's trades, as it tells them.

    Those of one match happened at the same moment; the sequence in which they were booked decides
    among them, since a sale's part of the cost depends on it.
    """
    booked = Fill.objects.filter(account_id=account_id, trade_id=OuterRef("trade_id"))
    trades = (
        PaperTrade.objects.filter(order__account_key=account_id)
        .annotate(booked=Subquery(booked.values("id")[:1]))
        .select_related("order")
        .order_by("at", "booked", "id")
    )
    return [(trade.at, _report(trade)) for trade in trades]


def _report(trade: PaperTrade) -> TradeReport:
    return TradeReport(
        instrument_id=trade.order.instrument_key,
        side=Side(trade.order.side),
        quantity=trade.quantity,
        price=trade.price,
        fee=trade.fee,
    )


def _splits(account_id: UUID) -> Sequence[tuple[datetime, TradeReport | BookedSplit]]:
    bookings = SplitBooking.objects.filter(account_id=account_id).order_by("at", "id")
    return [(booking.at, _split(booking)) for booking in bookings]


def _split(booking: SplitBooking) -> BookedSplit:
    return BookedSplit(
        instrument_id=booking.instrument_id,
        numerator=booking.numerator,
        denominator=booking.denominator,
        quantity=booking.quantity_after,
        cash=booking.cash_in_lieu,
    )


def _stored(account: Account) -> Ledger:
    positions = Position.objects.filter(account=account)
    return Ledger(
        cash=account.cash,
        lots={
            position.instrument_id: Lot(
                position.quantity, position.cost, position.realised, position.fees
            )
            for position in positions
        },
    )
