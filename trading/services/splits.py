"""Splits of shares, booked once in each account that holds them.

Whoever owns the feed calls this at the first step of a session, after the day was rolled and
before its quotes are stored: then no stop meets a new price with an old quantity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from django.db.models import F

from market.models import Feed, Instrument, Quote, Split
from trading.domain.ledger import Lot, split
from trading.domain.splits import Part, divide, divided_price
from trading.domain.states import AT_WORK, CancelState, ProtectionState
from trading.models import (
    Account,
    Fill,
    Order,
    Position,
    PositionShare,
    Protection,
    SplitBooking,
)
from trading.services.arming import WORKING, change_terms, journal, terms_of
from trading.services.barrier import own_barrier
from trading.services.canceling import Cancellation, cancel_locked
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import MONEY, ZERO

ACTOR = "split"


class SplitOutcome(StrEnum):
    """What came of a split in one account.

    ORDERS_AT_WORK: they are being canceled, ask again. TRADED_SINCE: old and new shares are mixed,
    a person has to look. NO_PRICE: a fraction has to be paid for, and nothing is quoted.
    """

    BOOKED = "BOOKED"
    ORDERS_AT_WORK = "ORDERS_AT_WORK"
    TRADED_SINCE = "TRADED_SINCE"
    NO_PRICE = "NO_PRICE"


@dataclass(frozen=True)
class SplitAnswer:
    """The outcome of one split. `orders` are those that are still at work."""

    instrument_id: UUID
    effective_on: date
    outcome: SplitOutcome
    orders: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class _Held:
    """What the account holds of an instrument that is split: its row, and its shares' rows."""

    split: Split
    position: Position
    shares: Sequence[PositionShare]

    @property
    def instrument(self) -> Instrument:
        return self.split.instrument

    @property
    def ratio(self) -> Fraction:
        return Fraction(self.split.numerator, self.split.denominator)

    @property
    def begins_at(self) -> datetime:
        """From here on trades are in new shares: midnight UTC, when no session is running."""
        return datetime.combine(self.split.effective_on, time.min, tzinfo=UTC)


def book_splits(
    *, account_id: UUID, on: date, now: datetime, at: datetime
) -> tuple[SplitAnswer, ...]:
    """Book the splits up to the day `on` of everything that the account holds since before them.

    One answer for each split that was booked now or could not be; none for what was booked before
    or is not held. A replay plays prices in today's shares, so it has no splits. `now` is market
    time, `at` wall time. Each split is a transaction of its own; repeating is safe.
    """
    account = Account.objects.select_related("feed").get(id=account_id)
    if account.feed.kind == Feed.Kind.REPLAY:
        return ()
    answers = (_book(account_id, due, now=now, at=at) for due in _due(account, on))
    return tuple(answer for answer in answers if answer)


def waiting_for_splits(*, account: Account, on: date) -> frozenset[UUID]:
    """Instruments of which the account still holds old shares on the day `on`.

    Nothing may be laid to rest there: what is at work keeps the split from being booked.
    """
    if account.feed.kind == Feed.Kind.REPLAY:
        return frozenset()
    due = [each for each in _due(account, on) if _held(account, each)]
    return frozenset(each.instrument_id for each in due)


def _due(account: Account, on: date) -> list[Split]:
    held = Position.objects.filter(account=account, quantity__gt=0).values("instrument_id")
    splits = Split.objects.filter(instrument_id__in=held, effective_on__lte=on)
    booked = set(SplitBooking.objects.filter(account=account).values_list("instrument_id", "on"))
    return [
        due
        for due in splits.select_related("instrument").order_by("effective_on", "id")
        if (due.instrument_id, due.effective_on) not in booked
    ]


def _book(account_id: UUID, due: Split, *, now: datetime, at: datetime) -> SplitAnswer | None:
    with transaction():
        account = own_barrier(account_id=account_id)
        held = _held(account, due)
        if held is None:
            return None
        if orders := _end_orders(account, held, at=at):
            return _answer(due, SplitOutcome.ORDERS_AT_WORK, orders)
        if _has_traded(account, held):
            return _answer(due, SplitOutcome.TRADED_SINCE)
        parts = _parts(account, held)
        if parts is None:
            return _answer(due, SplitOutcome.NO_PRICE)
        _store(account, held, parts, now=now, at=at)
    return _answer(due, SplitOutcome.BOOKED)


def _answer(due: Split, outcome: SplitOutcome, orders: Iterable[UUID] = ()) -> SplitAnswer:
    return SplitAnswer(due.instrument_id, due.effective_on, outcome, tuple(orders))


def _held(account: Account, due: Split) -> _Held | None:
    """What is to be split; None when it is flat, all of it newer than the split, or booked."""
    booked = SplitBooking.objects.filter(
        account=account, instrument_id=due.instrument_id, on=due.effective_on
    )
    position = Position.objects.filter(
        account=account, instrument_id=due.instrument_id, quantity__gt=0
    ).first()
    if position is None or booked.exists():
        return None
    shares = list(position.shares.filter(quantity__gt=0).order_by("id"))
    held = _Held(due, position, shares)
    since = [share.opened_at for share in shares]
    is_newer = all(moment and moment >= held.begins_at for moment in since)
    return None if is_newer else held


def _end_orders(account: Account, held: _Held, *, at: datetime) -> list[UUID]:
    """End what was not sent yet, have the rest canceled; what is still at work then."""
    orders = Order.objects.filter(
        account=account, instrument=held.instrument, state__in=sorted(AT_WORK)
    )
    return [
        order.id
        for order in orders.select_related("account", "instrument").order_by("approved_at", "id")
        if order.cancel_state != CancelState.NONE
        or cancel_locked(order=order, requested_by=ACTOR, at=at) is not Cancellation.NOT_SENT
    ]


def _has_traded(account: Account, held: _Held) -> bool:
    fills = Fill.objects.filter(account=account, instrument=held.instrument)
    return fills.filter(as_of__gte=held.begins_at).exists()


def _parts(account: Account, held: _Held) -> tuple[Part, ...] | None:
    """What each share has afterwards; None when a fraction has to be paid for without a price."""
    quantities = [share.quantity for share in held.shares]
    price = _price(account, held)
    parts = divide(
        quantities, ratio=held.ratio, lot_size=held.instrument.lot_size, price=price or ZERO
    )
    owned = zip(quantities, parts, strict=True)
    is_even = all(Fraction(part.quantity) == Fraction(old) * held.ratio for old, part in owned)
    return parts if price or is_even else None


def _price(account: Account, held: _Held) -> Decimal | None:
    """The last price of one new share."""
    quote = Quote.objects.filter(feed_id=account.feed_id, instrument=held.instrument).first()
    if quote is None:
        return None
    if quote.as_of >= held.begins_at:
        return quote.last
    of_old = MONEY.multiply(quote.last, Decimal(held.split.denominator))
    return MONEY.divide(of_old, Decimal(held.split.numerator))


def _store(
    account: Account, held: _Held, parts: Sequence[Part], *, now: datetime, at: datetime
) -> None:
    before: Decimal = held.position.quantity
    whole = Part(
        quantity=sum((part.quantity for part in parts), ZERO),
        cash=sum((part.cash for part in parts), ZERO),
    )
    _resize(held.position, held.ratio, whole)
    for share, part in zip(held.shares, parts, strict=True):
        _resize(share, held.ratio, part)
        if not part.quantity:
            PositionShare.objects.filter(id=share.id).update(opened_at=None)
    Account.objects.filter(id=account.id).update(cash=F("cash") + whole.cash)
    SplitBooking.objects.create(
        account=account,
        instrument=held.instrument,
        on=held.split.effective_on,
        numerator=held.split.numerator,
        denominator=held.split.denominator,
        quantity_before=before,
        quantity_after=whole.quantity,
        cash_in_lieu=whole.cash,
        at=at,
    )
    record(
        stream=account_stream(account.id),
        kind="position.split",
        actor=ACTOR,
        subject=f"account:{account.id}",
        payload={
            "instrument": held.instrument.id,
            "on": held.split.effective_on,
            "numerator": held.split.numerator,
            "denominator": held.split.denominator,
            "quantity_before": before,
            "quantity_after": whole.quantity,
            "cash_in_lieu": whole.cash,
            "shares": [
                {"permission": share.permission_id, "quantity": part.quantity, "cash": part.cash}
                for share, part in zip(held.shares, parts, strict=True)
            ],
        },
        at=at,
        as_of=now,
    )
    _move_protections(held, now=now, at=at)


def _resize(row: Position | PositionShare, ratio: Fraction, part: Part) -> None:
    lot = Lot(row.quantity, row.cost, row.realised, row.fees)
    lot = split(lot, ratio=ratio, quantity=part.quantity, cash=part.cash)
    row.quantity, row.cost, row.realised = lot.quantity, lot.cost, lot.realised
    row.save(update_fields=["quantity", "cost", "realised"])


def _move_protections(held: _Held, *, now: datetime, at: datetime) -> None:
    """Bring what protects the shares to the price of new ones, and end what protects nothing."""
    protections = Protection.objects.filter(share__in=held.shares, state__in=WORKING)
    flat = {share.id for share in held.shares if not share.quantity}
    for protection in protections.order_by("id"):
        if protection.share_id in flat:
            protection.state, protection.ended_at = ProtectionState.CANCELED, at
            protection.save(update_fields=["state", "ended_at"])
            journal(protection, "protection.ended", at=at, as_of=now, actor=ACTOR)
            continue
        before = terms_of(protection)
        after = replace(
            before, price=_divided(before.price, held), highest=_divided(before.highest, held)
        )
        change_terms(protection=protection, terms=after, at=at)
        journal(
            protection,
            "protection.adjusted",
            at=at,
            as_of=now,
            actor=ACTOR,
            before=before.price,
            before_pct=before.trailing_pct,
        )


def _divided(price: Decimal | None, held: _Held) -> Decimal | None:
    if price is None:
        return None
    return divided_price(price, ratio=held.ratio, tick_size=held.instrument.tick_size)
