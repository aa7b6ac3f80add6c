"""Step three of an execution: claim once, send once, store what came of it.

A claim is a single conditional update under the shared side of the account's stop barrier; an
emergency stop takes the exclusive side, so from its commit on nothing new is claimed. No
transaction is open during the call. Whatever the call does not prove is UNKNOWN and is only ever
asked about.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from trading.domain.exchange import Exchange, Outcome, OutcomeKind, Placing
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from trading.services.barrier import share_barrier
from trading.services.leases import Ownership
from trading.services.orders import end_order, lock_order
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.statements import Values

# The conditions of the last hop: not too old, not from before a stop, nothing but exits where the
# account says so or its owner has not reconciled it, real money only by three hands, and of a
# parent no more than was approved.
CLAIM = """
WITH claimed AS (
UPDATE trading_order o SET state = 'SUBMITTING', sender = %(sender)s,
  attempt_at = clock.now, deadline = clock.now + %(send_window)s
FROM trading_account a, market_instrument i, (SELECT clock_timestamp() AS now) clock
WHERE o.id = %(order)s AND a.id = o.account_id AND i.id = o.instrument_id
  AND o.state = 'APPROVED' AND o.attempt_at IS NULL AND o.expires_at > clock_timestamp()
  AND (o.epoch = a.epoch OR o.source = 'liquidation')
  AND (a.halt_state = 'ACTIVE'
       OR (o.reduce_only AND (a.halt_state = 'REDUCING' OR o.source <> 'agent')))
  AND a.fencing_token = %(token)s AND (a.is_ready OR o.reduce_only)
  AND (a.kind = 'paper' OR o.reduce_only OR (%(live)s AND EXISTS (
       SELECT 1 FROM trading_liveconfirmation l WHERE l.account_id = a.id
       AND l.withdrawn_at IS NULL AND l.expires_at > clock.now)))
  AND (o.parent_id IS NULL OR EXISTS (
       SELECT 1 FROM trading_parentorder p WHERE p.id = o.parent_id AND p.state = 'WORKING'
       AND p.sent_quantity + o.quantity <= p.quantity))
RETURNING o.account_id, o.client_order_id, o.instrument_id, i.symbol, o.side, o.quantity,
  o.worst_price, o.deadline, o.order_type, o.limit_price, o.stop_price, o.time_in_force,
  o.reduce_only, o.good_until, o.parent_id
), parent AS (
UPDATE trading_parentorder p SET sent_quantity = p.sent_quantity + c.quantity
FROM claimed c WHERE p.id = c.parent_id
)
SELECT * FROM claimed
"""


@dataclass(frozen=True)
class Claimed:
    """An order that exactly this sender may send, exactly once."""

    order_id: UUID
    ownership: Ownership
    placing: Placing


def claim(
    *, order_id: UUID, ownership: Ownership, sender: str, exchange: Exchange
) -> Claimed | None:
    """Win the only claim that this order will ever have. None when it cannot be sent any more."""
    values: Values = {
        "order": order_id,
        "sender": sender,
        "send_window": exchange.delays.send_window,
        "token": ownership.token,
        "live": settings.ENABLE_AGENT_TRADING and settings.AGENT_TRADING_MODE == "live",
    }
    with transaction():
        share_barrier(account_id=ownership.account_id)
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, values)
            row = cursor.fetchone()
    return None if row is None else Claimed(order_id, ownership, _placing(row))


def _placing(row: tuple[Any, ...]) -> Placing:
    """The claimed row in the words of an exchange; its columns are those that CLAIM returns."""
    return Placing(
        account_id=row[0],
        client_order_id=row[1],
        instrument_id=row[2],
        symbol=row[3],
        side=Side(row[4]),
        quantity=row[5],
        worst_price=row[6],
        deadline=row[7],
        order_type=OrderType(row[8]),
        limit_price=row[9],
        stop_price=row[10],
        time_in_force=TimeInForce(row[11]),
        reduce_only=row[12],
        good_until=row[13],
    )


def send(*, claimed: Claimed, exchange: Exchange, at: datetime) -> Outcome:
    """The one call to the exchange. `at` is wall time just before it.

    A process that was paused after its claim does not send late: past the deadline nothing leaves,
    and the recovery proves the absence.
    """
    if at >= claimed.placing.deadline:
        return Outcome(OutcomeKind.UNKNOWN, problem="The sender was late; nothing was sent.")
    return exchange.place(claimed.placing)


def settle(*, order_id: UUID, token: int, outcome: Outcome, at: datetime) -> None:
    """Store what the exchange answered, unless a report has moved the order on already.

    `token` is the fencing token that the order was claimed with. Raises OwnershipLost when another
    sender has taken the account over meanwhile: that one asks what became of the order.
    """
    with transaction():
        order = lock_order(order_id=order_id, token=token)
        if order.state not in (OrderState.SUBMITTING, OrderState.UNKNOWN):
            return
        if outcome.kind in (OutcomeKind.REJECTED, OutcomeKind.RATE_LIMITED):
            end_order(order=order, state=OrderState.REJECTED, problem=outcome.problem, at=at)
            return
        accepted = outcome.kind is OutcomeKind.ACCEPTED
        order.state = OrderState.OPEN if accepted else OrderState.UNKNOWN
        order.exchange_order_id = outcome.exchange_order_id
        order.problem = outcome.problem
        order.save(update_fields=["state", "exchange_order_id", "problem"])
        record(
            stream=account_stream(order.account_id),
            kind="order.accepted" if accepted else "order.unknown",
            actor="sender",
            subject=f"order:{order.id}",
            payload={"problem": outcome.problem, "exchange_order_id": outcome.exchange_order_id},
            at=at,
            as_of=order.as_of,
        )
