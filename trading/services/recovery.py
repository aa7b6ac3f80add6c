"""What a crash or a silent exchange left behind, found again in the rows.

Start-up and crash recovery are this one path. An order whose outcome is not known is only ever asked
about; it leaves UNKNOWN by a report, or by proof of absence: enough time since the attempt, and the
exchange twice not knowing it, a while apart. Never by a count of failures, and never by sending again.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from trading.domain.exchange import Exchange, Report
from trading.domain.states import OrderState
from trading.models import Account, Order
from trading.services.barrier import share_barrier
from trading.services.fills import ingest
from trading.services.orders import end_order, lock_order
from tradingfarm.kernel.journal import account_stream, record, transaction

ASKED_ABOUT = (
    OrderState.SUBMITTING,
    OrderState.UNKNOWN,
    OrderState.OPEN,
    OrderState.PARTIALLY_FILLED,
)


def expire_stale(*, account: Account, at: datetime) -> int:
    """End approved orders that may not be sent any more: too old, or approved before a stop."""
    stale = account.orders.filter(state=OrderState.APPROVED).filter(
        Q(expires_at__lte=at) | (~Q(epoch=account.epoch) & ~Q(source="liquidation"))
    )
    for order_id in stale.values_list("id", flat=True):
        _expire(order_id, account_id=account.id, at=at)
    return len(stale)


def _expire(order_id: UUID, *, account_id: UUID, at: datetime) -> None:
    with transaction():
        # A sender that is about to claim the order holds the barrier; wait for what it does.
        share_barrier(account_id=account_id)
        order = lock_order(order_id=order_id)
        if order.state == OrderState.APPROVED:
            end_order(
                order=order, state=OrderState.EXPIRED_LOCAL, problem="Not sent in time.", at=at
            )


def follow_up(*, account: Account, exchange: Exchange, at: datetime) -> int:
    """Ask about every order that the exchange may have; ingest, or prove absent. Returns how many.

    Raises ExchangeUnavailable when it did not answer; nothing has changed then.
    """
    orders = list(account.orders.filter(state__in=ASKED_ABOUT).order_by("approved_at", "id"))
    if not orders:
        return 0
    reports = exchange.reports(client_order_ids=[order.client_order_id for order in orders])
    moved = 0
    for order in orders:
        report = reports.get(order.client_order_id)
        if report is None:
            moved += _absent(order, exchange, at=at)
        elif _says_more(order, report):
            ingest(order_id=order.id, report=report, at=at)
            moved += 1
    return moved


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
    """The second answer, after the first counted: also absent from the open orders, then it ends."""
    order = Order.objects.get(id=order_id)
    if order.client_order_id in exchange.open_orders(account_id=order.account_id):
        return False
    if exchange.reports(client_order_ids=[order.client_order_id]):
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
