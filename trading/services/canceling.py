"""One order ended by a person: not sent at all, or canceled at the exchange."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trading.domain.exchange import Exchange
from trading.domain.states import TERMINAL, OrderState, Source
from trading.models import Order
from trading.services.barrier import own_barrier
from trading.services.orders import end_order, sent
from tradingfarm.kernel.journal import account_stream, record, transaction


class Cancellation(StrEnum):
    """What came of the wish to cancel an order."""

    NOT_SENT = "NOT_SENT"
    ASKED = "ASKED"
    ON_ITS_WAY = "ON_ITS_WAY"
    ENDED_BEFORE = "ENDED_BEFORE"
    OF_A_STOP = "OF_A_STOP"


AT_REST = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def cancel_order(
    *, order_id: UUID, exchange: Exchange, requested_by: str, at: datetime
) -> Cancellation:
    """End an order that waits to be sent, or ask the exchange to cancel one that rests there.

    NOT_SENT: it never left. ASKED: the exchange was told; what came of it is asked for as ever.
    ON_ITS_WAY: its outcome is not known yet, so that nothing can be canceled. OF_A_STOP: it sells
    for an emergency stop, which would only ask again. Raises Order.DoesNotExist, and
    ExchangeUnavailable after the wish was journaled; asking again is safe.
    """
    with transaction():
        order = _lock(order_id)
        outcome = _outcome(order)
        if outcome is Cancellation.NOT_SENT:
            problem = f"Canceled by {requested_by} before it was sent."[:200]
            end_order(order=order, state=OrderState.EXPIRED_LOCAL, problem=problem, at=at)
        if outcome in (Cancellation.NOT_SENT, Cancellation.ASKED):
            _journal(order, outcome, requested_by, at)
    if outcome is Cancellation.ASKED:
        exchange.cancel(order=sent(order))
    return outcome


def _lock(order_id: UUID) -> Order:
    """The order as no claim and no report can change it meanwhile."""
    account_id = Order.objects.values_list("account_id", flat=True).get(id=order_id)
    own_barrier(account_id=account_id)
    return Order.objects.select_related("account", "instrument").get(id=order_id)


def _outcome(order: Order) -> Cancellation:
    if order.state in TERMINAL:
        return Cancellation.ENDED_BEFORE
    if order.source == Source.LIQUIDATION:
        return Cancellation.OF_A_STOP
    if order.state == OrderState.APPROVED:
        return Cancellation.NOT_SENT
    return Cancellation.ASKED if order.state in AT_REST else Cancellation.ON_ITS_WAY


def _journal(order: Order, outcome: Cancellation, requested_by: str, at: datetime) -> None:
    record(
        stream=account_stream(order.account_id),
        kind="order.cancel_requested",
        actor=requested_by,
        subject=f"order:{order.id}",
        payload={"state": order.state, "outcome": outcome},
        at=at,
        as_of=order.as_of,
    )
