"""What a crash or a silent exchange left behind, found again in the rows.

Start-up and crash recovery are this one path. An order whose outcome is not known is only ever
asked about; it leaves UNKNOWN by a report, or by proof of absence: enough time since the attempt,
and the exchange twice not knowing it, a while apart. Never by a count of failures, and never by
sending again.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q, QuerySet

from trading.domain.exchange import Exchange, Report
from trading.domain.ledger import Oversold
from trading.domain.states import HaltState, OrderState, Source
from trading.models import Account, Order
from trading.services.barrier import halt, own_barrier
from trading.services.fills import ingest
from trading.services.orders import IllegalMove, end_order, lock_order, sent
from tradingfarm.kernel.journal import account_stream, record, transaction

logger = logging.getLogger(__name__)

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


def follow_up(*, account: Account, exchange: Exchange, at: datetime) -> int:
    """Ask about every order that the exchange may have; ingest, or prove absent. Returns how many.

    Raises ExchangeUnavailable when it did not answer; nothing has changed then. A report that
    cannot be true (more sold than held, more traded than ordered) halts the account and is left.
    """
    asked = account.orders.filter(state__in=ASKED_ABOUT).select_related("instrument")
    orders = list(asked.order_by("approved_at", "id"))
    if not orders:
        return 0
    reports = exchange.reports(orders=[sent(order) for order in orders])
    moved = 0
    for order in orders:
        report = reports.get(order.client_order_id)
        if report is None:
            moved += _absent(order, exchange, at=at)
        elif _says_more(order, report):
            moved += _ingested(order, report, at=at)
    return moved


def _ingested(order: Order, report: Report, *, at: datetime) -> bool:
    try:
        ingest(order_id=order.id, report=report, at=at)
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
    traded = sum(trade.quantity for trade in report.trades)
    return order.state != report.state or traded != order.filled_quantity


def _absent(order: Order, exchange: Exchange, *, at: datetime) -> bool:
    """One answer that the exchange does not know the order. True when that proved its absence."""
    if order.attempt_at is None or order.deadline is None:
        return False
    if order.state == OrderState.SUBMITTING and at > order.deadline:
        _mark_unknown(order.id, at=at)
    if at < order.attempt_at + exchange.delays.quarantine:
        return False
    if order.absent_since is None:
        Order.objects.filter(id=order.id, absent_since=None).update(absent_since=at)
        return False
    if at < order.absent_since + exchange.delays.between_queries:
        return False
    return _end_absent(order.id, exchange, at=at)


def _mark_unknown(order_id: UUID, *, at: datetime) -> None:
    with transaction():
        order = lock_order(order_id=order_id)
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


def _end_absent(order_id: UUID, exchange: Exchange, *, at: datetime) -> bool:
    """The second answer that counts: absent from the open orders too, then the order ends."""
    order = Order.objects.select_related("instrument").get(id=order_id)
    resting = exchange.open_orders(account_id=order.account_id)
    if any(found.client_order_id == order.client_order_id for found in resting):
        return False
    if exchange.reports(orders=[sent(order)]):
        return False
    with transaction():
        order = lock_order(order_id=order_id)
        if order.state not in (OrderState.SUBMITTING, OrderState.UNKNOWN):
            return False
        end_order(
            order=order,
            state=OrderState.NOT_PLACED,
            problem="Proved absent: the exchange never had it.",
            at=at,
        )
    return True
