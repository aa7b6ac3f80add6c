"""Moving an order along its states, under the account's lock, with what each end gives back."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet

from trading.domain.exchange import Sent
from trading.domain.states import CancelState, OrderState, may_move
from trading.models import Account, Order, Permission, PositionShare
from trading.selectors.turns import await_turn
from trading.services.leases import OwnershipLost
from trading.services.protections import settle_protections
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record

NEVER_TRADED = (OrderState.REJECTED, OrderState.NOT_PLACED, OrderState.EXPIRED_LOCAL)


class IllegalMove(FarmError):
    """An order was to go where its state does not lead: a broken invariant."""

    def __init__(self, order: Order, state: OrderState) -> None:
        super().__init__(
            f"Order {order.id} cannot go from {order.state} to {state}.", permanent=True
        )


def lock_owned(*, account_id: UUID, token: int | None) -> Account:
    """The account's locked row, for the sender with the fencing token; None is no sender.

    Raises OwnershipLost when a newer token has been given out.
    """
    await_turn(account_id=account_id)
    account = Account.objects.select_for_update(no_key=True).get(id=account_id)
    if token is not None and account.fencing_token != token:
        raise OwnershipLost(account_id)
    return account


def lock_order(*, order_id: UUID, token: int | None = None) -> Order:
    """The order, read after its account's lock was taken.

    `token` is the sender's fencing token; somebody who is no sender has none. Raises
    OwnershipLost when a newer one has been given out.
    """
    account_id = Order.objects.values_list("account_id", flat=True).get(id=order_id)
    lock_owned(account_id=account_id, token=token)
    return Order.objects.select_related("account", "instrument").get(id=order_id)


def sent(order: Order) -> Sent:
    """What an exchange is asked by about an order that it may have; its instrument is read."""
    return Sent(
        account_id=order.account_id,
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        symbol=order.instrument.symbol,
        since=order.attempt_at or order.approved_at,
    )


def end_order(*, order: Order, state: OrderState, problem: str = "", at: datetime) -> None:
    """Bring a locked order to a terminal state and give back what it had set aside.

    An entry that the exchange never had gives its daily entry back too. Raises IllegalMove.
    """
    if not may_move(OrderState(order.state), state):
        raise IllegalMove(order, state)
    release_cash(order=order, amount=order.reserved_cash)
    release_quantity(order=order, quantity=order.quantity - order.filled_quantity)
    if state in NEVER_TRADED:
        _return_entry(order)
    order.state = state
    order.problem = problem or order.problem
    order.ended_at = at
    if order.cancel_state != CancelState.NONE:
        canceled = state in (OrderState.CANCELED, OrderState.EXPIRED)
        order.cancel_state = CancelState.CONFIRMED if canceled else CancelState.FAILED
    order.save(update_fields=["state", "problem", "ended_at", "reserved_cash", "cancel_state"])
    record(
        stream=account_stream(order.account_id),
        kind=f"order.{state.value.lower()}",
        actor="sender",
        subject=f"order:{order.id}",
        payload={
            "problem": order.problem,
            "reason": order.reason,
            "filled_quantity": order.filled_quantity,
            "filled_value": order.filled_value,
        },
        at=at,
        as_of=order.as_of,
    )
    settle_protections(order=order, at=at)


def release_cash(*, order: Order, amount: Decimal) -> None:
    """Return a part of what a buy has reserved to the account."""
    if amount > 0:
        order.reserved_cash -= amount
        Account.objects.filter(id=order.account_id).update(reserved=F("reserved") - amount)


def release_quantity(*, order: Order, quantity: Decimal) -> None:
    """Return a part of what a sell has offered to the share that it reduces."""
    if order.reduce_only and quantity > 0:
        share_of(order).update(reserved_quantity=F("reserved_quantity") - quantity)


def share_of(order: Order) -> QuerySet[PositionShare]:
    """The part of the position that the order belongs to."""
    return PositionShare.objects.filter(
        Q(permission_id=order.permission_id),
        position__account_id=order.account_id,
        position__instrument_id=order.instrument_id,
    )


def _return_entry(order: Order) -> None:
    """Only on the day that counted it: a later day began at zero without it."""
    if order.permission_id is None or order.reduce_only:
        return
    counted_on = order.as_of.astimezone(ZoneInfo(order.account.time_zone)).date()
    Permission.objects.filter(id=order.permission_id, day=counted_on, entries_today__gt=0).update(
        entries_today=F("entries_today") - 1
    )
