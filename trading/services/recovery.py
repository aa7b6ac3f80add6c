"""What a crash or a silent exchange left behind, found again in the rows.

Start-up and crash recovery are this one path. An order whose outcome is not known is only ever
asked about; it leaves UNKNOWN by a report, or by proof of absence: enough time since the attempt,
and the exchange twice not knowing it, a while apart. Never by a count of failures, and never by
sending again.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q, QuerySet

from trading.domain.exchange import Exchange, Report
from trading.domain.ledger import Oversold
from trading.domain.states import TERMINAL, HaltState, OrderState, Source
from trading.models import Account, Order
from trading.services.barrier import halt, own_barrier
from trading.services.fills import ingest
from trading.services.orders import IllegalMove, end_order, lock_order, sent
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import ZERO

logger = logging.getLogger(__name__)

CLOCKS_AGREE = timedelta(milliseconds=500)
"""Only an exchange whose clock is this near to ours can prove by its times that it has nothing."""
BEFORE_THE_ATTEMPT = timedelta(seconds=60)
WATCHED_FOR = timedelta(hours=24)
"""How long an order that was proved absent is looked for all the same."""

EXPIRE_TOGETHER = 50
"""Orders that one transaction ends; no claim gets in meanwhile, about a quarter of a second."""

BROKEN = (Oversold, IllegalMove, IntegrityError)
ASKED_ABOUT = (
    OrderState.SUBMITTING,
    OrderState.UNKNOWN,
    OrderState.OPEN,
    OrderState.PARTIALLY_FILLED,
)


def expire_stale(*, account: Account, at: datetime) -> int:
    """End approved orders that may not be sent any more: too old, or approved before a stop.

    Returns how many there were.
    """
    expired = 0
    if _stale(account, at=at).exists():
        while ended := _expire_some(account.id, at=at):
            expired += ended
    return expired


def _stale(account: Account, *, at: datetime) -> QuerySet[Order]:
    outdated = ~Q(epoch=account.epoch) & ~Q(source=Source.LIQUIDATION)
    approved = account.orders.filter(state=OrderState.APPROVED)
    return approved.filter(Q(expires_at__lte=at) | outdated)


def _expire_some(account_id: UUID, *, at: datetime) -> int:
    """One transaction for many orders: under load each wait for the account's lock is long."""
    with transaction():
        # A claim locks no account, only its side of the barrier: own it, so that an order is
        # either claimed before it is looked at, or never.
        account = own_barrier(account_id=account_id)
        stale = _stale(account, at=at).select_related("account").order_by("approved_at", "id")
        orders = list(stale[:EXPIRE_TOGETHER])
        for order in orders:
            end_order(
                order=order, state=OrderState.EXPIRED_LOCAL, problem="Not sent in time.", at=at
            )
    return len(orders)


def follow_up(
    *,
    account: Account,
    exchange: Exchange,
    at: datetime,
    token: int | None = None,
    states: Collection[OrderState] = ASKED_ABOUT,
) -> int:
    """Ask about every order that the exchange may have; ingest, or prove absent. Returns how many.

    `states` narrows down which. A sender hands in its fencing `token`. Raises ExchangeUnavailable
    when it did not answer; nothing has changed then. Raises OwnershipLost. A report that cannot be
    true (more sold than held, more traded than ordered) halts the account and is left.
    """
    asked = account.orders.filter(state__in=states).select_related("instrument")
    orders = list(asked.order_by("approved_at", "id"))
    if not orders:
        return 0
    reports = exchange.reports(orders=[sent(order) for order in orders])
    moved = 0
    for order in orders:
        report = reports.get(order.client_order_id)
        if report is None:
            moved += _absent(order, exchange, at=at, token=token)
        elif _says_more(order, report):
            moved += ingest_or_halt(order=order, report=report, at=at, token=token)
    return moved


def look_for_tombstones(
    *, account: Account, exchange: Exchange, at: datetime, token: int | None = None
) -> int:
    """Ask once more about orders that were proved absent; returns how many appeared all the same.

    One that did is canceled, its trades are booked, and people are told: a proof was wrong.
    """
    watched = account.orders.filter(watch_until__gt=at).select_related("instrument")
    orders = list(watched.order_by("approved_at", "id"))
    if not orders:
        return 0
    reports = exchange.reports(orders=[sent(order) for order in orders])
    found = 0
    for order in orders:
        report = reports.get(order.client_order_id)
        if report is not None:
            found += _reappeared(order, report, exchange, at=at, token=token)
    return found


def _reappeared(
    order: Order, report: Report, exchange: Exchange, *, at: datetime, token: int | None
) -> bool:
    if report.state not in TERMINAL:
        exchange.cancel(order=sent(order))
    if _traded(report) != order.filled_quantity:
        ingest_or_halt(order=order, report=report, at=at, token=token)
    with transaction():
        order = lock_order(order_id=order.id, token=token)
        if order.watch_until is None:
            return False
        if report.state in TERMINAL:
            order.watch_until = None
        order.problem = "Proved absent, and there all the same: canceled, its trades are booked."
        order.save(update_fields=["watch_until", "problem"])
        record(
            stream=account_stream(order.account_id),
            kind="order.reappeared",
            actor="sender",
            subject=f"order:{order.id}",
            payload={"state": report.state, "traded": _traded(report)},
            at=at,
            as_of=order.as_of,
        )
    return True


def ingest_or_halt(
    *, order: Order, report: Report, at: datetime, token: int | None = None
) -> bool:
    """Book what the exchange reports of an order; False when it breaks the book and halted it.

    Raises OwnershipLost.
    """
    try:
        ingest(order_id=order.id, report=report, at=at, token=token)
    except BROKEN as error:
        logger.exception("The exchange's report of order %s breaks the book.", order.id)
        _halt(order, problem=f"Order {order.client_order_id}: {error}", at=at)
        return False
    return True


def _halt(order: Order, *, problem: str, at: datetime) -> None:
    """A broken invariant: nothing new leaves the account until a person has looked at it."""
    with transaction():
        account = own_barrier(account_id=order.account_id)
        if account.halt_state == HaltState.HALTED:
            return
        halt(account, reason=problem)
        record(
            stream=account_stream(account.id),
            kind="account.halted",
            actor="sender",
            subject=f"account:{account.id}",
            payload={"epoch": account.epoch, "reason": problem, "order": order.id},
            at=at,
        )


def _says_more(order: Order, report: Report) -> bool:
    return order.state != report.state or _traded(report) != order.filled_quantity


def _traded(report: Report) -> Decimal:
    return sum((trade.quantity for trade in report.trades), ZERO)


def _absent(order: Order, exchange: Exchange, *, at: datetime, token: int | None) -> bool:
    """One answer that the exchange does not know the order. True when that proved its absence."""
    if order.attempt_at is None or order.deadline is None:
        return False
    if order.state == OrderState.SUBMITTING and at > order.deadline:
        _mark_unknown(order.id, at=at, token=token)
    if at < order.attempt_at + exchange.delays.quarantine:
        return False
    if order.absent_since is None:
        Order.objects.filter(id=order.id, absent_since=None).update(absent_since=at)
        return False
    if at < order.absent_since + exchange.delays.between_queries:
        return False
    return _end_absent(order.id, exchange, at=at, token=token)


def _mark_unknown(order_id: UUID, *, at: datetime, token: int | None) -> None:
    with transaction():
        order = lock_order(order_id=order_id, token=token)
        if order.state != OrderState.SUBMITTING:
            return
        order.state = OrderState.UNKNOWN
        order.problem = "The sender stopped before the outcome was stored."
        order.save(update_fields=["state", "problem"])
        record(
            stream=account_stream(order.account_id),
            kind="order.unknown",
            actor="sender",
            subject=f"order:{order.id}",
            payload={"problem": order.problem},
            at=at,
            as_of=order.as_of,
        )


def _end_absent(order_id: UUID, exchange: Exchange, *, at: datetime, token: int | None) -> bool:
    """The second answer that counts: then the order ends, and is looked for another day.

    Absent from the open orders and from the account's trades too, and asked by clocks that agree.
    """
    order = Order.objects.select_related("instrument").get(id=order_id)
    resting = exchange.open_orders(account_id=order.account_id)
    if any(found.client_order_id == order.client_order_id for found in resting):
        return False
    if exchange.reports(orders=[sent(order)]) or _has_traded(order, exchange):
        return False
    if abs(exchange.clock_offset(account_id=order.account_id)) >= CLOCKS_AGREE:
        return False
    with transaction():
        order = lock_order(order_id=order_id, token=token)
        if order.state not in (OrderState.SUBMITTING, OrderState.UNKNOWN):
            return False
        order.watch_until = at + WATCHED_FOR
        order.save(update_fields=["watch_until"])
        end_order(
            order=order,
            state=OrderState.NOT_PLACED,
            problem="Proved absent: the exchange never had it.",
            at=at,
        )
    return True


def _has_traded(order: Order, exchange: Exchange) -> bool:
    """By its trades: the exchange may list them before it finds the order by our id."""
    since = (order.attempt_at or order.approved_at) - BEFORE_THE_ATTEMPT
    trades = exchange.trades(account_id=order.account_id, since=since)
    return any(found.client_order_id == order.client_order_id for found in trades)
