"""Circuit breakers: tripped by code under the account's lock, released by a person or by code.

A breaker that halts the account does so under the stop's barrier, so that no entry approved before
is claimed after it. Whoever trips one owns the barrier first, because that comes before the
account's row and never after it.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from django.db import connection
from django.db.models import QuerySet

from trading.domain.breakers import EFFECTS, HALTING, Key, Trip, endings, is_stronger, judge
from trading.domain.states import BreakerKind, HaltState
from trading.models import Account, Breaker, Permission
from trading.selectors.books import know_calendars
from trading.selectors.guards import EQUITY, Guarded, guarded
from trading.selectors.turns import await_turn
from trading.services.barrier import halt, own_barrier
from trading.services.days import ACTOR, begin_day, reason_of
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction

RESTART_TEXT = """
UPDATE trading_account a SET high_water_equity = {equity} WHERE a.id = %(account)s
"""
RESTART = RESTART_TEXT.format(equity=EQUITY)


class ReasonMissing(FarmError):
    """Whoever lets something pass says why."""

    def __init__(self) -> None:
        super().__init__("Say why.", permanent=True)


def check_breakers(*, account_id: UUID, now: datetime, at: datetime) -> tuple[Trip, ...]:
    """Judge the account at market time `now`, and trip what is to trip; returns what did.

    For every few seconds, and for each step of a replay; `at` is wall time. It begins the day
    where nobody has, raises the high-water mark, and releases what clears by itself. Mostly this
    is one statement and no lock. Raises NoSuchAccount, and django.db.OperationalError when a lock
    is not had in time; doing it again is safe.
    """
    know_calendars()
    found = guarded(account_id=account_id, now=now)
    if found.reckoning.next_day(now):
        with transaction():
            begin_day(account_id=account_id, now=now)
        found = guarded(account_id=account_id, now=now)
    _raise_high_water(found)
    trips = judge(found.affairs, now)
    if not trips and not endings(found.affairs, now):
        return ()
    halts = any(trip.halt is not HaltState.ACTIVE for trip in trips)
    with transaction():
        account = own_barrier(account_id=account_id) if halts else _lock(account_id)
        return _carry_out(account, halts=halts, now=now, at=at)


def _carry_out(account: Account, *, halts: bool, now: datetime, at: datetime) -> tuple[Trip, ...]:
    """Judge anew under the lock. Without the barrier, what halts is left to the next check."""
    affairs = guarded(account_id=account.id, now=now).affairs
    tripped = []
    for each in judge(affairs, now):
        if halts or each.halt is HaltState.ACTIVE:
            _trip(account, each, now=now, at=at)
            tripped.append(each)
    ended = {each.id: each.reason for each in endings(affairs, now)}
    for breaker in Breaker.objects.filter(id__in=ended).order_by("at", "id"):
        _release(breaker, actor=ACTOR, reason=ended[breaker.id], at=at, now=now)
    return tuple(tripped)


def trip(  # noqa: PLR0913 - a breaker has these parts
    *,
    account: Account,
    kind: BreakerKind,
    number: str,
    limit: str,
    now: datetime,
    at: datetime,
    permission_id: UUID | None = None,
    instrument_id: UUID | None = None,
) -> bool:
    """Trip a breaker, inside the caller's transaction() and under the account's lock.

    `account` is the locked row. Tripping what is tripped already changes nothing: False. `number`
    was measured against `limit` at market time `now`; what is too long for its column is cut.
    Raises ValueError when the kind has another scope.
    """
    tripped = Trip(kind, number[:60], limit[:60], EFFECTS[kind].halt, permission_id, instrument_id)
    return _trip(account, tripped, now=now, at=at)


def trip_agent(
    *,
    permission: Permission,
    kind: BreakerKind,
    number: str,
    limit: str,
    now: datetime,
    at: datetime,
) -> bool:
    """Trip a breaker of one agent in a transaction of its own; False when it is tripped already.

    For code above trading that measures agents; the parameters are those of `trip`.
    """
    with transaction():
        return trip(
            account=_lock(permission.account_id),
            kind=kind,
            number=number,
            limit=limit,
            now=now,
            at=at,
            permission_id=permission.id,
        )


def trip_jumps(*, feed_name: str, jumps: Iterable[Trip], now: datetime, at: datetime) -> int:
    """Trip jumps of prices on every account of the feed; returns how many breakers did.

    One transaction for each account. `jumps` are from `trading.domain.breakers.jumps`.
    """
    found, tripped = tuple(jumps), 0
    accounts = Account.objects.filter(feed=feed_name).order_by("id") if found else ()
    for account in accounts:
        with transaction():
            locked = _lock(account.id)
            tripped += sum(_trip(locked, jump, now=now, at=at) for jump in found)
    return tripped


def clear(
    *,
    account: Account,
    kind: BreakerKind,
    reason: str,
    at: datetime,
    permission_id: UUID | None = None,
    instrument_id: UUID | None = None,
) -> bool:
    """Release what code tripped and whose cause it found gone; whether it was tripped.

    Inside the caller's transaction(), under the account's lock. What the breaker halted stays so.
    """
    breaker = _active(account, Key(kind, permission_id, instrument_id))
    if breaker is not None:
        _release(breaker, actor=ACTOR, reason=reason, at=at)
    return breaker is not None


def release(*, breaker_id: UUID, actor: str, reason: str, at: datetime) -> bool:
    """A person lets entries pass again; False when it was released already. Journaled.

    What was measured so far does not trip it again: a loss of today may grow by the limit once
    more, rejected orders and attempts count from now on, and a drawdown is measured from what the
    account is worth now. The gate's own checks of one order stay as they are, and an account that
    the breaker halted stays halted until it is resumed. Raises ReasonMissing, and
    Breaker.DoesNotExist.
    """
    if not reason.strip():
        raise ReasonMissing
    account_id = Breaker.objects.values_list("account_id", flat=True).get(id=breaker_id)
    with transaction():
        _lock(account_id)
        breaker = Breaker.objects.get(id=breaker_id)
        if breaker.released_at is not None:
            return False
        _release(breaker, actor=actor, reason=reason, at=at)
    return True


def release_latches(*, account: Account, actor: str, reason: str, at: datetime) -> int:
    """Release what halts the account, for who resumes it; returns how many breakers it was.

    Inside the caller's transaction(), under the account's lock. Those of agents and instruments,
    and those that stop entries alone, stay.
    """
    latched = account.breakers.filter(released_at=None, kind__in=sorted(HALTING))
    found = list(latched.order_by("at", "id"))
    for breaker in found:
        _release(breaker, actor=actor, reason=reason, at=at)
    return len(found)


def _lock(account_id: UUID) -> Account:
    await_turn(account_id=account_id)
    return Account.objects.select_for_update(no_key=True).get(id=account_id)


def _raise_high_water(found: Guarded) -> None:
    """Unless the cash has moved since: a withdrawal must not be followed by the mark of before."""
    affairs = found.affairs
    mark = affairs.high_water_equity
    if mark is None or affairs.equity > mark:
        Account.objects.filter(
            id=affairs.account_id, cash=found.cash, high_water_equity=mark
        ).update(high_water_equity=affairs.equity)


def _trip(account: Account, trip: Trip, *, now: datetime, at: datetime) -> bool:
    breaker = _active(account, trip.key)
    if breaker is None:
        breaker = _new(account, trip, now=now, at=at)
    elif is_stronger(trip.halt, HaltState(account.halt_state)):
        breaker.number, breaker.limit = trip.number, trip.limit
        breaker.save(update_fields=["number", "limit"])
    else:
        return False
    _journal(breaker, "risk.breaker", {"halts": trip.halt}, actor=ACTOR, at=at, now=now)
    _halt(account, breaker, trip.halt, now=now, at=at)
    return True


def _active(account: Account, key: Key) -> Breaker | None:
    return _alike(account, key).filter(released_at=None).first()


def _alike(account: Account, key: Key) -> QuerySet[Breaker]:
    """All breakers of the key, the active one and those that were released."""
    return account.breakers.filter(
        kind=key.kind,
        permission_id=key.permission_id,  # type: ignore[misc] # null is looked for, too
        instrument_id=key.instrument_id,
    )


def _new(account: Account, trip: Trip, *, now: datetime, at: datetime) -> Breaker:
    subject = f"{trip.kind.value}:{trip.permission_id}:{trip.instrument_id}"
    earlier = _alike(account, trip.key).count()
    return Breaker.objects.create(
        id=uuid5(account.id, f"breaker:{subject}:{earlier + 1}"),
        account=account,
        permission_id=trip.permission_id,
        instrument_id=trip.instrument_id,
        kind=trip.kind,
        number=trip.number,
        limit=trip.limit,
        day=account.day if EFFECTS[trip.kind].ends_with_day else None,
        as_of=now,
        at=at,
    )


def _halt(
    account: Account, breaker: Breaker, state: HaltState, *, now: datetime, at: datetime
) -> None:
    """Let the account fall to `state`; one that has fallen as far keeps its own reason."""
    if not is_stronger(state, HaltState(account.halt_state)):
        return
    if state is HaltState.HALTED:
        halt(account, reason=reason_of(breaker))
    else:
        # Without a new epoch: exits that were approved still go out.
        account.halt_state, account.halt_reason = state, reason_of(breaker)
        account.save(update_fields=["halt_state", "halt_reason"])
    record(
        stream=account_stream(account.id),
        kind="account.halted",
        actor=ACTOR,
        subject=f"account:{account.id}",
        payload={
            "epoch": account.epoch,
            "state": state,
            "reason": account.halt_reason,
            "breaker": breaker.id,
        },
        at=at,
        as_of=now,
    )


def _release(
    breaker: Breaker, *, actor: str, reason: str, at: datetime, now: datetime | None = None
) -> None:
    breaker.released_at, breaker.released_by = at, actor[:120]
    breaker.release_reason = reason[:200]
    breaker.save(update_fields=["released_at", "released_by", "release_reason"])
    if breaker.kind == BreakerKind.DRAWDOWN:
        with connection.cursor() as cursor:
            cursor.execute(RESTART, {"account": breaker.account_id})
    _journal(breaker, "risk.released", {"reason": reason}, actor=actor, at=at, now=now)


def _journal(
    breaker: Breaker,
    event: str,
    more: dict[str, object],
    *,
    actor: str,
    at: datetime,
    now: datetime | None,
) -> None:
    permission, account = breaker.permission_id, breaker.account_id
    record(
        stream=account_stream(account),
        kind=event,
        actor=actor,
        subject=f"permission:{permission}" if permission else f"account:{account}",
        payload={
            "breaker": breaker.id,
            "breaker_kind": breaker.kind,
            "number": breaker.number,
            "limit": breaker.limit,
            "instrument": breaker.instrument_id,
            "day": breaker.day,
        }
        | more,
        at=at,
        as_of=now,
    )
