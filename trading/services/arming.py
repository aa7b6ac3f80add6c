"""Making protections from what an entry asked for, and never a looser one.

A protection belongs to an agent's share and stays one row while the share is held: another entry
tightens it. Runs in the caller's transaction, under the account's lock.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid5

from trading.domain.protection import Terms, merged, trailing_price
from trading.domain.states import ProtectionKind, ProtectionState
from trading.models import Order, PositionShare, Protection
from tradingfarm.kernel.journal import account_stream, record
from tradingfarm.kernel.money import MONEY, ceil_to_step

WORKING = (ProtectionState.ARMED, ProtectionState.FIRED)


def arm(*, order: Order, share: PositionShare, at: datetime) -> None:
    """Protect what a buy has bought. Runs in the fill's transaction, under the account's lock.

    A second entry never widens: the higher of two stops stays, the tighter of two trailing stops,
    the earlier of two time exits; the newer take-profit counts.
    """
    for kind, terms in _asked_for(order):
        existing = working(share=share, kind=kind)
        if existing is None:
            put(entry=order, share=share, kind=kind, terms=terms, at=at)
        # Of its own entry, a target may have been changed since.
        elif kind is not ProtectionKind.TAKE_PROFIT or existing.entry_id != order.id:
            _tighten(existing, terms, at=at)


def _asked_for(order: Order) -> Iterator[tuple[ProtectionKind, Terms]]:
    if order.stop_loss is not None:
        yield ProtectionKind.STOP_LOSS, Terms(price=order.stop_loss)
    if order.take_profit is not None:
        yield ProtectionKind.TAKE_PROFIT, Terms(price=order.take_profit)
    if order.trailing_pct is not None:
        yield ProtectionKind.TRAILING_STOP, _trailing(order, order.trailing_pct)
    if order.exit_after_seconds is not None:
        yield ProtectionKind.TIME_EXIT, _timed(order, order.exit_after_seconds)


def _trailing(order: Order, percent: Decimal) -> Terms:
    """From what was paid on average: the highest price that is known to have been there."""
    tick = order.instrument.tick_size
    paid = ceil_to_step(MONEY.divide(order.filled_value, order.filled_quantity), tick)
    price = trailing_price(highest=paid, percent=percent, tick_size=tick)
    return Terms(price=price, trailing_pct=percent, highest=paid)


def _timed(order: Order, seconds: int) -> Terms:
    """From the first trade on, in market time."""
    began_at = order.fills.order_by("as_of", "id").values_list("as_of", flat=True)[0]
    return Terms(due_at=began_at + timedelta(seconds=seconds))


def working(*, share: PositionShare, kind: ProtectionKind) -> Protection | None:
    """The share's protection of this kind, armed or fired."""
    found = Protection.objects.filter(share=share, kind=kind, state__in=WORKING)
    return found.select_related("instrument").first()


def _tighten(existing: Protection, asked: Terms, *, at: datetime) -> None:
    terms = merged(
        kind=ProtectionKind(existing.kind),
        before=terms_of(existing),
        after=asked,
        tick_size=existing.instrument.tick_size,
    )
    if terms != terms_of(existing):
        change_terms(protection=existing, terms=terms, at=at)
        journal(existing, "protection.armed", at=at)


def put(
    *, entry: Order, share: PositionShare, kind: ProtectionKind, terms: Terms, at: datetime
) -> Protection:
    """Arm a protection of this entry, or its own again when it had ended. Journaled.

    Attempts stay counted, so that no exit repeats the id of an earlier one.
    """
    values = {
        "account_id": entry.account_id,
        "share": share,
        "instrument_id": entry.instrument_id,
        "entry": entry,
        "kind": kind,
        "price": terms.price,
        "trailing_pct": terms.trailing_pct,
        "highest": terms.highest,
        "due_at": terms.due_at,
        "state": ProtectionState.ARMED,
        "exit": None,
        "armed_at": at,
        "fired_at": None,
        "ended_at": None,
    }
    armed, _ = Protection.objects.update_or_create(id=uuid5(entry.id, kind.value), defaults=values)
    journal(armed, "protection.armed", at=at)
    return armed


def change_terms(*, protection: Protection, terms: Terms, at: datetime) -> None:
    """Store other terms of a working protection. The caller journals why."""
    protection.price, protection.due_at = terms.price, terms.due_at
    protection.trailing_pct, protection.highest = terms.trailing_pct, terms.highest
    protection.armed_at = at
    protection.save(update_fields=["price", "due_at", "trailing_pct", "highest", "armed_at"])


def terms_of(protection: Protection) -> Terms:
    """What the protection waits for, as its rules read it."""
    return Terms(
        price=protection.price,
        trailing_pct=protection.trailing_pct,
        highest=protection.highest,
        due_at=protection.due_at,
    )


def journal(
    protection: Protection,
    kind: str,
    *,
    at: datetime,
    as_of: datetime | None = None,
    actor: str = "engine",
    **more: object,
) -> None:
    """Record what happened to a protection in its account's stream, with what it waits for."""
    record(
        stream=account_stream(protection.account_id),
        kind=kind,
        actor=actor,
        subject=f"protection:{protection.id}",
        payload={
            "kind": protection.kind,
            "price": protection.price,
            "trailing_pct": protection.trailing_pct,
            "due_at": protection.due_at,
            "state": protection.state,
            "exit": protection.exit_id,
            "attempts": protection.attempts,
        }
        | more,
        at=at,
        as_of=as_of,
    )
