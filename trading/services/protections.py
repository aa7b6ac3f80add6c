"""Stops, targets and time exits: durable rows that need no agent, no model, no Redis.

They cover an agent's whole share of a position, whatever it is at the moment they fire, so they
are resized by every fill without being touched. One that fired goes on until the share is flat:
when its exit did not trade all, it is armed again and the engine makes a new order with a new id.
One exit wins: while one is at work, the other protections of the share wait.

A protection may find its share offered by orders that rest at the exchange: a limit sell of the
agent, a stop order of ours. It has them canceled and stays fired without an exit until they are;
selling at the same time would sell more than is held.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from market.selectors.calendars import calendar_of
from trading.domain import protection as rules
from trading.domain.requests import OrderRequest
from trading.domain.states import (
    AT_WORK,
    TERMINAL,
    CancelState,
    ExitReason,
    OrderState,
    ProtectionKind,
    ProtectionState,
    Side,
    Source,
    TimeInForce,
)
from trading.models import Assessment, Order, PositionShare, Protection
from trading.selectors.books import LockedAccount, know_calendars, lock_account
from trading.services.arming import WORKING, arm, journal, terms_of
from trading.services.decisions import Verdict, decide_locked
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain

__all__ = ["REASONS", "WORKING", "arm", "fire", "is_reached", "settle_protections"]

REASONS = {
    ProtectionKind.STOP_LOSS: ExitReason.STOP_LOSS,
    ProtectionKind.TRAILING_STOP: ExitReason.TRAILING_STOP,
    ProtectionKind.TAKE_PROFIT: ExitReason.TAKE_PROFIT,
    ProtectionKind.TIME_EXIT: ExitReason.TIME_EXIT,
}
RETRY_AFTER = timedelta(seconds=2)
"""A real exchange is not asked more often for an exit that trades nothing, wall time."""
GOES_ON_AFTER = timedelta(seconds=0.5)
"""Nor for one that traded: a thin market would take all requests that the exchange grants."""
EXCHANGE_HAS = timedelta(seconds=5)
"""How long the exchange may take to fire its own stop at a price that we saw, wall time."""
FORCED_AFTER = 3
"""Exits in a row that traded nothing; the next one may go as deep as a liquidation."""
RESTS = (TimeInForce.GTC, TimeInForce.DAY)
AT_EXCHANGE = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)


def fire(*, protection_id: UUID, last: Decimal, now: datetime, at: datetime) -> Verdict | None:
    """Make the exit order of an armed protection that `last` or `now` has reached.

    None when it is no longer armed, not reached, the market closed, or the share flat or offered
    already; what rests and offers it is then being canceled. `now` is market time, `at` wall time.
    The claim and the order are one transaction.
    """
    account_id = Protection.objects.values_list("account_id", flat=True).get(id=protection_id)
    know_calendars()
    with transaction():
        account = lock_account(account_id=account_id, now=now)
        rows = Protection.objects.select_related("share__position", "instrument", "resting")
        protection = rows.get(id=protection_id)
        if not _is_due(protection, last, now):
            return None
        if _must_wait(account, protection, last, now=now, at=at):
            return None
        if not _makes_way(protection, now=now, at=at):
            return None
        return _exit(account, protection, now=now, at=at)


def _is_due(protection: Protection, last: Decimal, now: datetime) -> bool:
    if protection.share.quantity <= 0:
        return False
    if protection.state == ProtectionState.FIRED:
        return protection.exit_id is None
    return protection.state == ProtectionState.ARMED and is_reached(protection, last, now)


def is_reached(protection: Protection, last: Decimal, now: datetime | None = None) -> bool:
    """Whether the last price is at or beyond the protection's price, or its moment has come.

    A time exit is asked about with the market time `now`.
    """
    if protection.due_at is not None and now is None:
        return False
    return rules.is_reached(
        kind=ProtectionKind(protection.kind),
        terms=terms_of(protection),
        last=last,
        now=now or protection.armed_at,
    )


def _must_wait(
    account: LockedAccount, protection: Protection, last: Decimal, *, now: datetime, at: datetime
) -> bool:
    """Another exit is at work, the market is closed, it was tried just now, or it is elsewhere."""
    others = Protection.objects.filter(share=protection.share_id, state=ProtectionState.FIRED)
    if others.exclude(id=protection.id).exists():
        return True
    if calendar_of(protection.instrument.calendar).session_of(now) is None:
        return True
    if account.live and _was_tried(protection, at=at):
        return True
    return _exchange_has_it(protection, last, at=at)


def _was_tried(protection: Protection, *, at: datetime) -> bool:
    """Whether an exit was asked for just now; a stop that rested at the exchange was none."""
    fired_at = protection.fired_at
    if not protection.attempts or fired_at is None or at - fired_at >= RETRY_AFTER:
        return False
    key = _intent(protection, protection.attempts)
    asked = Assessment.objects.filter(account=protection.account_id, intent_key=key)
    last = asked.select_related("order").first()
    if last is None or _traded_nothing(last):
        return last is None or last.order is None or last.order.time_in_force not in RESTS
    return at - fired_at < GOES_ON_AFTER


def _exchange_has_it(protection: Protection, last: Decimal, *, at: datetime) -> bool:
    """Whether its own stop order at the exchange is given a moment to trade first.

    Not where the price has jumped over the order's worst price: there it cannot trade.
    """
    resting = protection.resting
    if protection.state != ProtectionState.ARMED or resting is None:
        return False
    if resting.state not in AT_EXCHANGE or resting.cancel_state != CancelState.NONE:
        return False
    if last < resting.worst_price:
        return False
    if protection.fired_at is None or protection.fired_at < protection.armed_at:
        protection.fired_at = at
        protection.save(update_fields=["fired_at"])
    return at - protection.fired_at < EXCHANGE_HAS


def _makes_way(protection: Protection, *, now: datetime, at: datetime) -> bool:
    """Have what rests on the share canceled; whether there is something to sell already.

    If not, and something is being canceled, the protection has fired and waits for that.
    """
    asked = _ask_aside(protection, at=at)
    share = protection.share
    if share.quantity - share.reserved_quantity > 0:
        return True
    if asked and protection.state == ProtectionState.ARMED:
        protection.state, protection.fired_at = ProtectionState.FIRED, at
        protection.save(update_fields=["state", "fired_at"])
        journal(protection, "protection.fired", at=at, as_of=now)
    return False


def _ask_aside(protection: Protection, *, at: datetime) -> bool:
    """Wish the cancel of every sell that rests on the share; whether there is one.

    The account's sender asks the exchange, as for any cancel.
    """
    resting = sells_at_work(share=protection.share).filter(time_in_force__in=RESTS)
    by = f"protection:{protection.kind}"
    orders = list(resting.order_by("approved_at", "id"))
    for order in orders:
        if order.cancel_state == CancelState.NONE:
            order.cancel_state, order.cancel_requested_by = CancelState.REQUESTED, by
            order.save(update_fields=["cancel_state", "cancel_requested_by"])
            _journal_wish(order, by, at=at)
    return bool(orders)


def sells_at_work(*, share: PositionShare) -> QuerySet[Order]:
    """The orders that reduce this share and have not ended."""
    return Order.objects.filter(
        Q(permission_id=share.permission_id),
        account_id=share.position.account_id,
        instrument_id=share.position.instrument_id,
        reduce_only=True,
        state__in=sorted(AT_WORK),
    )


def _journal_wish(order: Order, requested_by: str, *, at: datetime) -> None:
    record(
        stream=account_stream(order.account_id),
        kind="order.cancel_requested",
        actor=requested_by,
        subject=f"order:{order.id}",
        payload={"state": order.state, "reason": "another exit has fired"},
        at=at,
        as_of=order.as_of,
    )
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY farm_orders")


def _exit(
    account: LockedAccount, protection: Protection, *, now: datetime, at: datetime
) -> Verdict:
    failed = _failed_in_a_row(protection)
    is_forced = len(failed) == FORCED_AFTER
    verdict = decide_locked(
        account=account,
        request=_request(protection, Source.LIQUIDATION if is_forced else Source.PROTECTION),
        actor=f"protection:{protection.kind}",
        now=now,
        at=at,
    )
    protection.attempts += 1
    protection.fired_at = at
    if verdict.approved:
        protection.state = ProtectionState.FIRED
        protection.exit_id = verdict.order_id
    protection.save(update_fields=["attempts", "state", "exit_id", "fired_at"])
    journal(protection, "protection.fired", at=at, as_of=now)
    if is_forced and failed[0].request["source"] != Source.LIQUIDATION:
        journal(protection, "protection.unfilled", at=at, as_of=now, failed=len(failed))
    return verdict


def _failed_in_a_row(protection: Protection) -> list[Assessment]:
    """The last attempts, newest first, as far back as they traded nothing; three at most."""
    numbers = range(protection.attempts, max(protection.attempts - FORCED_AFTER, 0), -1)
    keys = [_intent(protection, number) for number in numbers]
    if len(keys) < FORCED_AFTER:
        return []
    asked = Assessment.objects.filter(account=protection.account_id, intent_key__in=keys)
    by_key = {found.intent_key: found for found in asked.select_related("order")}
    attempts = [by_key[key] for key in keys if key in by_key]
    return [attempt for attempt in attempts if _traded_nothing(attempt)]


def _traded_nothing(attempt: Assessment) -> bool:
    order = attempt.order
    return order is None or (order.state in TERMINAL and order.filled_quantity == 0)


def _intent(protection: Protection, number: int) -> str:
    return f"protection:{protection.id}:{number}"


def _request(protection: Protection, source: Source) -> OrderRequest:
    return OrderRequest(
        intent_key=_intent(protection, protection.attempts + 1),
        source=source,
        instrument_id=protection.instrument_id,
        side=Side.SELL,
        quantity=protection.share.quantity,
        permission_id=protection.share.permission_id,
        reason=REASONS[ProtectionKind(protection.kind)].value,
        reasoning=_why(protection),
    )


def _why(protection: Protection) -> str:
    name = protection.kind.replace("_", "-")
    if protection.due_at is not None:
        return f"The {name} of {protection.due_at:%Y-%m-%d %H:%M:%S} UTC was due."
    return f"The {name} at {plain(protection.price)} was reached."


def settle_protections(*, order: Order, at: datetime) -> None:
    """After a fill or an end of `order`: cancel what protects nothing, re-arm what is unfinished.

    Runs in the caller's transaction, under the account's lock.
    """
    working = Protection.objects.filter(
        _whose(order),
        share__position__account_id=order.account_id,
        share__position__instrument_id=order.instrument_id,
        state__in=WORKING,
    ).select_related("share", "exit")
    for protection in working:
        if _fired_at_exchange(protection, order):
            _take_exit(protection, order, at=at)
        if protection.share.quantity == 0 and not _buying(order):
            _end(protection, at=at)
        elif protection.exit is not None and protection.exit.state in TERMINAL:
            _arm_again(protection, at=at)


def _whose(order: Order) -> Q:
    """The share that the order belongs to; what people sold elsewhere may be anybody's."""
    if order.source == Source.EXTERNAL and order.side == Side.SELL:
        return Q()
    return Q(share__permission_id=order.permission_id)


def _fired_at_exchange(protection: Protection, order: Order) -> bool:
    """Whether its own stop order at the exchange has begun to trade, or traded all there is."""
    if protection.resting_id != order.id or protection.exit_id is not None:
        return False
    is_last = protection.share.quantity == 0 or order.state not in TERMINAL
    return order.filled_quantity > 0 and is_last


def _take_exit(protection: Protection, order: Order, *, at: datetime) -> None:
    protection.state, protection.exit, protection.fired_at = ProtectionState.FIRED, order, at
    protection.save(update_fields=["state", "exit", "fired_at"])
    journal(protection, "protection.fired", at=at, actor="exchange")


def _buying(order: Order) -> bool:
    return order.side == Side.BUY and order.state not in TERMINAL


def _end(protection: Protection, *, at: datetime) -> None:
    own_exit = protection.state == ProtectionState.FIRED and protection.exit_id is not None
    protection.state = ProtectionState.DONE if own_exit else ProtectionState.CANCELED
    protection.ended_at = at
    protection.save(update_fields=["state", "ended_at"])
    journal(protection, "protection.ended", at=at)


def _arm_again(protection: Protection, *, at: datetime) -> None:
    protection.state, protection.exit, protection.armed_at = ProtectionState.ARMED, None, at
    protection.save(update_fields=["state", "exit", "armed_at"])
    journal(protection, "protection.armed", at=at)
