"""Large orders in slices over market time: approved as a whole, checked again slice by slice.

The whole goes through the gate once and is stored as the parent. Each slice is an order of its own
that the gate checks as of its moment; the claim adds it to what the parent has sent, in the same
statement, and lets no more out than was approved. What a slice did not fill is not sent again.
"""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import F

from market.models import Quote
from trading.domain.book import Book
from trading.domain.requests import OrderRequest, order_id, request_from
from trading.domain.risk import ApprovedOrder, Assessment, assess
from trading.domain.slicing import Slicing, next_due, slice_quantity, slices_for
from trading.domain.states import AT_WORK, HaltState, OrderType, ParentState, Side
from trading.models import Account, ParentOrder, Permission
from trading.models import Assessment as StoredAssessment
from trading.selectors.books import LockedAccount, know_calendars, load_book, lock_account
from trading.services.days import roll_account
from trading.services.decisions import Verdict, decide_locked
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain

SLICE_EVERY = timedelta(minutes=5)
"""Market time between the slices of an agent's large order."""


def decide_sized(
    *, account_id: UUID, request: OrderRequest, actor: str, now: datetime, at: datetime
) -> Verdict:
    """Check an agent's order; an entry goes out in slices where the account wants that.

    As `trading.services.decisions.decide` otherwise; a verdict's order may be a parent's id.
    """
    know_calendars()
    with transaction():
        account = lock_account(account_id=account_id, now=now)
        slices = _slices(account, request)
        if slices == 1:
            return decide_locked(account=account, request=request, actor=actor, now=now, at=at)
        slicing = Slicing(slices, SLICE_EVERY)
        return decide_in_slices(account, request, slicing, actor=actor, now=now, at=at)


def _slices(account: LockedAccount, request: OrderRequest) -> int:
    """How many the account wants of it: one for what is small, rests, or has no price.

    An exit is never held back, however large it is.
    """
    wants_it_whole = request.reduces or request.order_type is not OrderType.MARKET
    if account.slice_above is None or wants_it_whole:
        return 1
    quotes = Quote.objects.filter(feed=account.feed_name, instrument=request.instrument_id)
    price = quotes.values_list("last", flat=True).first()
    if price is None:
        return 1
    return slices_for(value=request.quantity * price, largest=account.slice_above)


def decide_in_slices(
    account: LockedAccount,
    request: OrderRequest,
    slicing: Slicing,
    *,
    actor: str,
    now: datetime,
    at: datetime,
) -> Verdict:
    """Check the whole `request`, and when it passes begin to send it in slices.

    As `trading.services.decisions.decide_locked` otherwise; the order is the parent's id.
    """
    account = roll_account(account=account, now=now)
    loaded = load_book(account=account, request=request, now=now)
    found = assess(loaded.book, request, now)
    if loaded.earlier is not None or found.order is None:
        # Told again, or denied: both are answered as for any order.
        return decide_locked(account=account, request=request, actor=actor, now=now, at=at)
    parent = _parent(account, found, found.order, slicing, actor=actor, now=now, at=at)
    _count_entry(parent, loaded.book)
    return _assessed(account, found, parent, actor=actor, now=now, at=at)


def _parent(  # noqa: PLR0913 - a parent has these parts
    account: LockedAccount,
    found: Assessment,
    order: ApprovedOrder,
    slicing: Slicing,
    *,
    actor: str,
    now: datetime,
    at: datetime,
) -> ParentOrder:
    request = found.request
    return ParentOrder.objects.create(
        id=order_id(account_id=account.id, intent_key=request.intent_key),
        account_id=account.id,
        permission_id=request.permission_id,
        instrument_id=request.instrument_id,
        request=json.loads(canonical(request)),
        side=request.side,
        quantity=request.quantity,
        expected_price=order.expected_price,
        slices_planned=slicing.slices,
        interval_seconds=int(slicing.interval.total_seconds()),
        due_at=now,
        state=ParentState.WORKING,
        actor=actor,
        epoch=account.epoch,
        as_of=now,
        at=at,
    )


def _count_entry(parent: ParentOrder, book: Book) -> None:
    """The whole is one entry; its slices are not counted again."""
    if parent.permission_id is None or parent.side == Side.SELL:
        return
    Permission.objects.filter(id=parent.permission_id).update(
        day=book.day,
        entries_today=book.usage.entries + 1,
        day_start_pnl=book.usage.day_start_pnl,
        last_entry_as_of=parent.as_of,
    )


def _assessed(
    account: LockedAccount,
    found: Assessment,
    parent: ParentOrder,
    *,
    actor: str,
    now: datetime,
    at: datetime,
) -> Verdict:
    intent = found.request.intent_key
    stored = StoredAssessment.objects.create(
        id=uuid5(account.id, f"assessment:{intent}"),
        account_id=account.id,
        permission_id=found.request.permission_id,
        instrument_id=found.request.instrument_id,
        intent_key=intent,
        request=json.loads(canonical(found.request)),
        approved=True,
        checks=json.loads(canonical(found.checks)),
        largest=found.largest,
        parent=parent,
        as_of=now,
        at=at,
    )
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY farm_orders")
    record(
        stream=account_stream(account.id),
        kind="order.parent_approved",
        actor=actor,
        subject=f"parent:{parent.id}",
        payload={
            "parent": parent.id,
            "side": parent.side,
            "instrument": parent.instrument_id,
            "quantity": parent.quantity,
            "slices": parent.slices_planned,
            "interval_seconds": parent.interval_seconds,
            "checks": found.checks,
        },
        at=at,
        as_of=now,
    )
    return Verdict(
        assessment_id=stored.id,
        approved=True,
        order_id=parent.id,
        denials=(),
        quantity=parent.quantity,
    )


def advance_parents(*, account: Account, now: datetime, at: datetime) -> int:
    """Make the slices that are due, and end the parents that are through; returns how many moved.

    `now` is market time, `at` wall time.
    """
    due = account.parents.filter(state=ParentState.WORKING, due_at__lte=now)
    keys = list(due.order_by("due_at", "id").values_list("id", flat=True))
    for parent_id in keys:
        _advance(account.id, parent_id, now=now, at=at)
    return len(keys)


def _advance(account_id: UUID, parent_id: UUID, *, now: datetime, at: datetime) -> None:
    know_calendars()
    with transaction():
        account = lock_account(account_id=account_id, now=now)
        parent = ParentOrder.objects.select_related("instrument").get(id=parent_id)
        if parent.state != ParentState.WORKING or parent.due_at > now:
            return
        if parent.slices.filter(state__in=sorted(AT_WORK)).exists():
            return
        problem = _problem(account, parent)
        quantity = slice_quantity(
            quantity=parent.quantity,
            sent=parent.sent_quantity,
            planned=parent.slices_planned,
            made=parent.slices_made,
            lot_size=parent.instrument.lot_size,
        )
        if problem or not quantity:
            _end(parent, problem=problem, now=now, at=at)
            return
        number = parent.slices_made + 1
        verdict = decide_locked(
            account=account,
            request=_slice(parent, number, quantity),
            actor=parent.actor,
            now=now,
            at=at,
        )
        _count(parent, verdict, now=now, at=at)


def _slice(parent: ParentOrder, number: int, quantity: Decimal) -> OrderRequest:
    return request_from(
        parent.request
        | {
            "intent_key": f"slice:{parent.id}:{number}",
            "quantity": plain(quantity),
            "parent_id": str(parent.id),
        }
    )


def _problem(account: LockedAccount, parent: ParentOrder) -> str:
    if account.epoch != parent.epoch:
        return "An emergency stop came in between."
    if account.halt_state is not HaltState.ACTIVE and parent.side == Side.BUY:
        return f"The account is {account.halt_state.value}."
    return ""


def _count(parent: ParentOrder, verdict: Verdict, *, now: datetime, at: datetime) -> None:
    interval = timedelta(seconds=parent.interval_seconds)
    due_at = next_due(due_at=parent.due_at, interval=interval, now=now)
    ParentOrder.objects.filter(id=parent.id).update(
        slices_made=F("slices_made") + 1, due_at=due_at
    )
    if not verdict.approved:
        problem = f"Slice {parent.slices_made + 1} was denied: {', '.join(verdict.denials)}."
        ParentOrder.objects.filter(id=parent.id).update(problem=problem[:200])


def stop_parent(*, parent_id: UUID, requested_by: str, now: datetime, at: datetime) -> bool:
    """Send no further slice; what was sent goes on. False when it has ended already."""
    with transaction():
        parent = ParentOrder.objects.get(id=parent_id)
        lock_account(account_id=parent.account_id, now=now)
        parent.refresh_from_db()
        if parent.state != ParentState.WORKING:
            return False
        _end(parent, problem=f"Stopped by {requested_by}.", now=now, at=at)
        return True


def _end(parent: ParentOrder, *, problem: str, now: datetime, at: datetime) -> None:
    parent.state = ParentState.STOPPED if problem else ParentState.DONE
    parent.problem, parent.ended_at = (problem or parent.problem)[:200], at
    parent.save(update_fields=["state", "problem", "ended_at"])
    record(
        stream=account_stream(parent.account_id),
        kind="order.parent_ended",
        actor="sender",
        subject=f"parent:{parent.id}",
        payload={
            "state": parent.state,
            "sent": parent.sent_quantity,
            "quantity": parent.quantity,
            "slices": parent.slices_made,
            "problem": parent.problem,
        },
        at=at,
        as_of=now,
    )
