"""What was booked on an account since a moment, in the order of booking, for figures on trips."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from trading.domain.exchange import asset_of
from trading.domain.fees import Currencies
from trading.domain.ledger import TradeReport
from trading.domain.rebuild import BookedSplit
from trading.domain.states import Side
from trading.domain.track_records import Entry, HandedOver
from trading.models import Account, Fill, SplitBooking
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.money import ZERO

EXECUTED, SPLIT = "agent.trade.executed", "position.split"


@dataclass(frozen=True)
class Cursor:
    """The last fill and the last split that were read; nothing was before the first ones."""

    fill: int = 0
    split: int = 0


def booked_since(*, account: Account, cursor: Cursor) -> tuple[tuple[Entry, ...], Cursor]:
    """All later entries in the order of booking, and the cursor after them.

    Two queries; a third where a split was divided among agents, or a sell that no agent ordered
    may have taken from their shares: the journal says how.
    """
    fills = list(
        Fill.objects.filter(account=account, id__gt=cursor.fill)
        .select_related("instrument")
        .order_by("id")
    )
    splits = list(SplitBooking.objects.filter(account=account, id__gt=cursor.split).order_by("id"))
    told = _told(account, fills, splits)
    dated = [((fill.at, 0, fill.pk), _of_fill(account, fill, told)) for fill in fills]
    dated += [((split.at, 1, split.pk), _of_split(split, told)) for split in splits]
    after = Cursor(
        fill=fills[-1].pk if fills else cursor.fill,
        split=splits[-1].pk if splits else cursor.split,
    )
    return tuple(entry for _, entry in sorted(dated, key=lambda pair: pair[0])), after


@dataclass(frozen=True)
class _Told:
    """What the journal knows of some entries. `trades` are by order and trade, `splits` by day."""

    trades: Mapping[tuple[str, str], Mapping[str, Any]]
    splits: Mapping[tuple[str, str], JournalEvent]


def _told(account: Account, fills: Iterable[Fill], splits: Sequence[SplitBooking]) -> _Told:
    wanted = Q()
    if orders := {f"order:{fill.order_id}" for fill in fills if _may_take(fill)}:
        wanted |= Q(subject__in=orders, kind=EXECUTED)
    if splits:
        wanted |= Q(kind=SPLIT)
    events = JournalEvent.objects.filter(wanted, stream=account_stream(account.id))
    found = list(events) if wanted else []
    payloads = [(event, event.payload) for event in found]
    return _Told(
        trades={
            (event.subject, payload["trade"]): payload
            for event, payload in payloads
            if event.kind == EXECUTED
        },
        splits={
            (payload["instrument"], payload["on"]): event
            for event, payload in payloads
            if event.kind == SPLIT
        },
    )


def _may_take(fill: Fill) -> bool:
    return fill.permission_id is None and fill.side == Side.SELL


def _of_fill(account: Account, fill: Fill, told: _Told) -> Entry:
    report = _report(account, fill)
    if fill.permission_id is not None:
        return Entry(fill.as_of, report, {fill.permission_id: report})
    payload = told.trades.get((f"order:{fill.order_id}", fill.trade_id), {})
    return Entry(
        fill.as_of,
        report,
        {
            UUID(permission): HandedOver(fill.instrument_id, Decimal(quantity))
            for permission, quantity in payload.get("taken", {}).items()
        },
    )


def _report(account: Account, fill: Fill) -> TradeReport:
    """The fill as it was booked, with its fee where the exchange took it from."""
    currencies = Currencies(
        own=frozenset({account.base_currency, fill.instrument.currency}),
        asset=asset_of(fill.instrument.symbol),
    )
    in_kind = fill.fee_currency == currencies.asset and not currencies.is_own(fill.fee_currency)
    third = currencies.is_third(fill.fee_currency)
    return TradeReport(
        instrument_id=fill.instrument_id,
        side=Side(fill.side),
        quantity=fill.quantity,
        price=fill.price,
        fee=ZERO if in_kind or third else fill.fee,
        fee_quantity=fill.fee_amount if in_kind else ZERO,
        fee_elsewhere=fill.fee if third else ZERO,
    )


def _of_split(booking: SplitBooking, told: _Told) -> Entry:
    """A split with each agent's part; without the journal's word it changed no agent's trip."""
    event = told.splits.get((str(booking.instrument_id), booking.on.isoformat()))
    parts = event.payload["shares"] if event else []
    moment = event.as_of if event else None
    return Entry(
        moment or datetime.combine(booking.on, time.min, tzinfo=UTC),
        _split(booking, booking.quantity_after, booking.cash_in_lieu),
        {
            UUID(part["permission"]): _split(
                booking, Decimal(part["quantity"]), Decimal(part["cash"])
            )
            for part in parts
            if part["permission"]
        },
    )


def _split(booking: SplitBooking, quantity: Decimal, cash: Decimal) -> BookedSplit:
    return BookedSplit(
        instrument_id=booking.instrument_id,
        numerator=booking.numerator,
        denominator=booking.denominator,
        quantity=quantity,
        cash=cash,
    )
