"""Stop-losses and take-profits: durable rows that need no agent, no model, no Redis.

They cover an agent's whole share of a position, whatever it is at the moment they fire, so they
are resized by every fill without being touched. One that fired goes on until the share is flat:
when its exit did not trade all, it is armed again and the engine makes a new order with a new id.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from django.db.models import Q

from trading.domain.requests import OrderRequest
from trading.domain.states import (
    TERMINAL,
    ExitReason,
    ProtectionKind,
    ProtectionState,
    Side,
    Source,
)
from trading.models import Order, PositionShare, Protection
from trading.selectors.books import know_calendars, lock_account
from trading.services.decisions import Verdict, decide_locked
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain

WORKING = (ProtectionState.ARMED, ProtectionState.FIRED)
REASONS = {
    ProtectionKind.STOP_LOSS: ExitReason.STOP_LOSS,
    ProtectionKind.TAKE_PROFIT: ExitReason.TAKE_PROFIT,
}


def arm(*, order: Order, share: PositionShare, at: datetime) -> None:
    """Protect what a buy has bought. Runs in the fill's transaction, under the account's lock.

    A second entry never widens: the higher of two stops stays; the newer take-profit counts.
    """
    for kind, price in (
        (ProtectionKind.STOP_LOSS, order.stop_loss),
        (ProtectionKind.TAKE_PROFIT, order.take_profit),
    ):
        if price is not None:
            _arm_one(order, share, kind, price, at=at)


def _arm_one(
    order: Order, share: PositionShare, kind: ProtectionKind, price: Decimal, *, at: datetime
) -> None:
    existing = Protection.objects.filter(share=share, kind=kind, state__in=WORKING).first()
    if existing is None:
        armed = _armed(order, share, kind, price, at=at)
    elif kind is ProtectionKind.TAKE_PROFIT or price > existing.price:
        existing.price, existing.armed_at = price, at
        existing.save(update_fields=["price", "armed_at"])
        armed = existing
    else:
        return
    _journal(armed, "protection.armed", at=at)


def _armed(
    order: Order, share: PositionShare, kind: ProtectionKind, price: Decimal, *, at: datetime
) -> Protection:
    """A protection of this entry, or its own again when what it bought first was sold already.

    Attempts stay counted, so that no exit repeats the id of an earlier one.
    """
    values = {
        "account_id": order.account_id,
        "share": share,
        "instrument_id": order.instrument_id,
        "entry": order,
        "kind": kind,
        "price": price,
        "state": ProtectionState.ARMED,
        "exit": None,
        "armed_at": at,
        "fired_at": None,
        "ended_at": None,
    }
    return Protection.objects.update_or_create(id=uuid5(order.id, kind.value), defaults=values)[0]


def fire(*, protection_id: UUID, last: Decimal, now: datetime, at: datetime) -> Verdict | None:
    """Make the exit order of an armed protection that `last` has reached.

    None when it is no longer armed, not reached, or the share is flat or offered already. `now` is
    market time, `at` wall time. The claim and the order are one transaction.
    """
    account_id = Protection.objects.values_list("account_id", flat=True).get(id=protection_id)
    know_calendars()
    with transaction():
        account = lock_account(account_id=account_id, now=now)
        protection = Protection.objects.select_related("share").get(id=protection_id)
        share = protection.share
        if protection.state != ProtectionState.ARMED or not is_reached(protection, last):
            return None
        if share.quantity - share.reserved_quantity <= 0:
            return None
        verdict = decide_locked(
            account=account,
            request=_exit(protection),
            actor=f"protection:{protection.kind}",
            now=now,
            at=at,
        )
        protection.attempts += 1
        if verdict.approved:
            protection.state = ProtectionState.FIRED
            protection.exit_id = verdict.order_id
            protection.fired_at = at
        protection.save(update_fields=["attempts", "state", "exit_id", "fired_at"])
        _journal(protection, "protection.fired", at=at, as_of=now)
        return verdict


def is_reached(protection: Protection, last: Decimal) -> bool:
    """Whether the last price is at or beyond the protection's price."""
    price: Decimal = protection.price
    return last <= price if protection.kind == ProtectionKind.STOP_LOSS else last >= price


def _exit(protection: Protection) -> OrderRequest:
    kind = ProtectionKind(protection.kind)
    return OrderRequest(
        intent_key=f"protection:{protection.id}:{protection.attempts + 1}",
        source=Source.PROTECTION,
        instrument_id=protection.instrument_id,
        side=Side.SELL,
        quantity=protection.share.quantity,
        permission_id=protection.share.permission_id,
        reason=REASONS[kind].value,
        reasoning=f"The {kind.value.replace('_', '-')} at {plain(protection.price)} was reached.",
    )


def settle_protections(*, order: Order, at: datetime) -> None:
    """After a fill or an end of `order`: cancel what protects nothing, re-arm what is unfinished.

    Runs in the caller's transaction, under the account's lock.
    """
    working = Protection.objects.filter(
        Q(share__permission_id=order.permission_id),
        share__position__account_id=order.account_id,
        share__position__instrument_id=order.instrument_id,
        state__in=WORKING,
    ).select_related("share", "exit")
    for protection in working:
        if protection.share.quantity == 0 and not _buying(order):
            _end(protection, at=at)
        elif protection.exit is not None and protection.exit.state in TERMINAL:
            _arm_again(protection, at=at)


def _buying(order: Order) -> bool:
    return order.side == Side.BUY and order.state not in TERMINAL


def _end(protection: Protection, *, at: datetime) -> None:
    own_exit = protection.state == ProtectionState.FIRED
    protection.state = ProtectionState.DONE if own_exit else ProtectionState.CANCELED
    protection.ended_at = at
    protection.save(update_fields=["state", "ended_at"])
    _journal(protection, "protection.ended", at=at)


def _arm_again(protection: Protection, *, at: datetime) -> None:
    if protection.state != ProtectionState.FIRED:
        return
    protection.state, protection.exit, protection.armed_at = ProtectionState.ARMED, None, at
    protection.save(update_fields=["state", "exit", "armed_at"])
    _journal(protection, "protection.armed", at=at)


def _journal(
    protection: Protection, kind: str, *, at: datetime, as_of: datetime | None = None
) -> None:
    record(
        stream=account_stream(protection.account_id),
        kind=kind,
        actor="engine",
        subject=f"protection:{protection.id}",
        payload={
            "kind": protection.kind,
            "price": protection.price,
            "state": protection.state,
            "exit": protection.exit_id,
            "attempts": protection.attempts,
        },
        at=at,
        as_of=as_of,
    )
