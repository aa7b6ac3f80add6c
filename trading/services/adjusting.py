"""Stops and targets of a share changed by its agent or by a person, and ended by a person.

An agent may only tighten. A person may move a stop either way, and the journal names both prices.
What is not accepted is a value with its reason. A protection that would fire as soon as it is set
is refused to both: whoever wants to sell now sells.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from market.models import Quote
from trading.domain.protection import (
    HUNDRED,
    STOPS,
    Terms,
    is_narrower,
    on_tick,
    trailing_price,
    would_fire,
)
from trading.domain.states import HaltState, ProtectionKind, ProtectionState, Side
from trading.models import Order, PositionShare, Protection
from trading.selectors.books import LockedAccount, lock_account
from trading.services.arming import WORKING, change_terms, journal, put, terms_of, working
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.money import plain


class Refusal(StrEnum):
    """Why a change was not made."""

    NOTHING_HELD = "NOTHING_HELD"
    ACCOUNT_HALTED = "ACCOUNT_HALTED"
    PERMISSION_INACTIVE = "PERMISSION_INACTIVE"
    EXIT_AT_WORK = "EXIT_AT_WORK"
    NO_PRICE = "NO_PRICE"
    NOT_A_PRICE = "NOT_A_PRICE"
    NOT_A_PERCENT = "NOT_A_PERCENT"
    WIDER = "WIDER"
    WOULD_FIRE = "WOULD_FIRE"
    NO_ENTRY = "NO_ENTRY"
    STOP_REQUIRED = "STOP_REQUIRED"
    ENDED_BEFORE = "ENDED_BEFORE"


@dataclass(frozen=True)
class Change:
    """What came of one part of an adjustment. Without a refusal it holds from now on.

    `before` and `after` are what it works at: a price, of a trailing stop too. `reason` is for
    people and for the agent that asked.
    """

    kind: ProtectionKind
    before: Decimal | None = None
    after: Decimal | None = None
    refusal: Refusal | None = None
    reason: str = ""

    @property
    def accepted(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True)
class _Asked:
    """One part of an adjustment, with all that it is judged by."""

    account: LockedAccount
    share: PositionShare
    kind: ProtectionKind
    number: Decimal
    by_person: bool


def adjust(  # noqa: PLR0913 - a share is named in two ways, and has three protections to change
    *,
    share_id: int | None = None,
    permission_id: UUID | None = None,
    instrument_id: UUID | None = None,
    stop_loss: Decimal | None = None,
    take_profit: Decimal | None = None,
    trailing_pct: Decimal | None = None,
    actor: str,
    by_person: bool,
    now: datetime,
    at: datetime,
) -> tuple[Change, ...]:
    """Change what protects a share; one answer for each part that is named, each by itself.

    The share is named by its id, or by the agent's permission and the instrument. Prices are in
    the account's currency, the trailing stop in percent below the highest price. `now` is market
    time, `at` wall time. Raises django.db.OperationalError when the lock is not had in time.
    """
    asked = [
        (kind, number)
        for kind, number in (
            (ProtectionKind.STOP_LOSS, stop_loss),
            (ProtectionKind.TRAILING_STOP, trailing_pct),
            (ProtectionKind.TAKE_PROFIT, take_profit),
        )
        if number is not None
    ]
    found = _share(share_id, permission_id, instrument_id)
    if found is None:
        return tuple(_refused(kind, Refusal.NOTHING_HELD, "Nothing is held.") for kind, _ in asked)
    with transaction():
        account = lock_account(account_id=found.position.account_id, now=now)
        share = _read(found.id)
        return tuple(
            _change(_Asked(account, share, kind, number, by_person), actor=actor, now=now, at=at)
            for kind, number in asked
        )


def _share(
    share_id: int | None, permission_id: UUID | None, instrument_id: UUID | None
) -> PositionShare | None:
    shares = PositionShare.objects.select_related("position")
    if share_id is not None:
        return shares.filter(id=share_id).first()
    of_agent = shares.filter(permission=permission_id, permission__isnull=False)
    return of_agent.filter(position__instrument=instrument_id).first()


def _read(share_id: int) -> PositionShare:
    rows = PositionShare.objects.select_related("position__instrument", "permission")
    return rows.get(id=share_id)


def _change(asked: _Asked, *, actor: str, now: datetime, at: datetime) -> Change:
    existing = working(share=asked.share, kind=asked.kind)
    price = Quote.objects.filter(
        feed_id=asked.account.feed_name, instrument=asked.share.position.instrument_id
    ).first()
    refused = _not_now(asked, existing, price)
    if refused is not None or price is None:
        return refused or _refused(asked.kind, Refusal.NO_PRICE, "It has no price yet.")
    terms = _terms(asked, existing, price)
    refused = _not_so(asked, existing, terms, price)
    if refused is not None:
        return refused
    return _store(asked, existing, terms, actor=actor, now=now, at=at)


def _not_now(asked: _Asked, existing: Protection | None, price: Quote | None) -> Change | None:
    """Refused whatever number was asked for."""
    kind, permission = asked.kind, asked.share.permission
    if asked.share.quantity <= 0:
        return _refused(kind, Refusal.NOTHING_HELD, "Nothing is held.")
    if not asked.by_person and asked.account.halt_state is HaltState.HALTED:
        return _refused(kind, Refusal.ACCOUNT_HALTED, "The account is halted.")
    if not asked.by_person and permission is not None and not permission.active:
        return _refused(kind, Refusal.PERMISSION_INACTIVE, "The permission is not active.")
    if existing is not None and existing.state == ProtectionState.FIRED:
        return _refused(kind, Refusal.EXIT_AT_WORK, "It has fired; its exit is at work.")
    if price is None:
        return _refused(kind, Refusal.NO_PRICE, "It has no price yet.")
    return _not_a_number(kind, asked.number)


def _not_a_number(kind: ProtectionKind, number: Decimal) -> Change | None:
    if not number.is_finite() or number <= 0:
        return _refused(kind, Refusal.NOT_A_PRICE, "It must be above zero.")
    if kind is ProtectionKind.TRAILING_STOP and number >= HUNDRED:
        return _refused(kind, Refusal.NOT_A_PERCENT, "It must be less than 100 percent.")
    return None


def _terms(asked: _Asked, existing: Protection | None, price: Quote) -> Terms:
    tick = asked.share.position.instrument.tick_size
    if asked.kind is not ProtectionKind.TRAILING_STOP:
        return Terms(price=on_tick(kind=asked.kind, price=asked.number, tick_size=tick))
    highest = max(price.last, existing.highest) if existing is not None else price.last
    level = trailing_price(highest=highest, percent=asked.number, tick_size=tick)
    if existing is not None and not asked.by_person:
        level = max(level, existing.price)
    return Terms(price=level, trailing_pct=asked.number, highest=highest)


def _not_so(
    asked: _Asked, existing: Protection | None, terms: Terms, price: Quote
) -> Change | None:
    """Refused for the number that was asked for."""
    kind, level = asked.kind, terms.price
    before = existing.price if existing is not None else None
    if existing is not None and not (asked.by_person or _is_narrower(existing, terms)):
        text = f"Agents only tighten: it is {_said(existing)} now."
        return _refused(kind, Refusal.WIDER, text, before=before)
    if level is None or level <= 0:
        return _refused(kind, Refusal.NOT_A_PRICE, "It is less than a tick.", before=before)
    if would_fire(kind=kind, price=level, bid=price.bid, ask=price.ask):
        side, touch = ("bid", price.bid) if kind in STOPS else ("ask", price.ask)
        text = f"At {plain(level)} it would fire at once: the {side} is {plain(touch)}. Sell now."
        return _refused(kind, Refusal.WOULD_FIRE, text, before=before)
    return None


def _is_narrower(existing: Protection, terms: Terms) -> bool:
    kind = ProtectionKind(existing.kind)
    return is_narrower(kind=kind, before=terms_of(existing), after=terms)


def _said(existing: Protection) -> str:
    if existing.trailing_pct is not None:
        return f"{plain(existing.trailing_pct)} %"
    return plain(existing.price)


def _store(
    asked: _Asked,
    existing: Protection | None,
    terms: Terms,
    *,
    actor: str,
    now: datetime,
    at: datetime,
) -> Change:
    before = terms_of(existing) if existing is not None else None
    if existing is None:
        entry = _entry(asked.share)
        if entry is None:
            return _refused(asked.kind, Refusal.NO_ENTRY, "No order of ours bought it.")
        existing = put(entry=entry, share=asked.share, kind=asked.kind, terms=terms, at=at)
    else:
        change_terms(protection=existing, terms=terms, at=at)
    journal(
        existing,
        "protection.adjusted",
        at=at,
        as_of=now,
        actor=actor,
        before=before.price if before else None,
        before_pct=before.trailing_pct if before else None,
    )
    return Change(asked.kind, before=before.price if before else None, after=terms.price)


def _entry(share: PositionShare) -> Order | None:
    """The newest order that bought something of what is held."""
    bought = Order.objects.filter(
        account_id=share.position.account_id,
        instrument_id=share.position.instrument_id,
        permission=share.permission_id,
        side=Side.BUY,
        filled_quantity__gt=0,
    )
    return bought.order_by("-approved_at", "-id").first()


def _refused(
    kind: ProtectionKind, refusal: Refusal, reason: str, *, before: Decimal | None = None
) -> Change:
    return Change(kind, before=before, refusal=refusal, reason=reason)


def cancel_protection(*, protection_id: UUID, actor: str, now: datetime, at: datetime) -> Change:
    """End a protection because a person wants it; one answer, a refusal or not.

    The last stop of a share stays when the agent's permission demands one. One whose exit is at
    work is ended by canceling that order. Raises Protection.DoesNotExist.
    """
    account_id = Protection.objects.values_list("account_id", flat=True).get(id=protection_id)
    with transaction():
        lock_account(account_id=account_id, now=now)
        protection = Protection.objects.select_related("share__permission").get(id=protection_id)
        kind = ProtectionKind(protection.kind)
        refused = _stays(protection, kind)
        if refused is not None:
            return refused
        protection.state, protection.ended_at = ProtectionState.CANCELED, at
        protection.save(update_fields=["state", "ended_at"])
        journal(protection, "protection.ended", at=at, as_of=now, actor=actor)
    return Change(kind, before=protection.price)


def _stays(protection: Protection, kind: ProtectionKind) -> Change | None:
    if protection.state not in WORKING:
        return _refused(kind, Refusal.ENDED_BEFORE, "It has ended already.")
    if protection.state == ProtectionState.FIRED:
        return _refused(kind, Refusal.EXIT_AT_WORK, "It has fired; cancel its exit order.")
    permission = protection.share.permission
    if kind not in STOPS or permission is None or not permission.stop_required:
        return None
    stops = Protection.objects.filter(
        share=protection.share_id, state__in=WORKING, kind__in=sorted(STOPS)
    )
    if stops.exclude(id=protection.id).exists():
        return None
    text = "The agent's permission demands a stop: set another one first, or move this one."
    return _refused(kind, Refusal.STOP_REQUIRED, text, before=protection.price)
