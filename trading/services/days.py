"""The trading day of an account: its counters begin anew with each day of the account's zone.

No midnight job resets anything. The engine rolls a feed's accounts before it stores the first
quotes of a new day, so that the gap of the night counts for the new day; a decision rolls what was
missed. Which day it is says `trading.domain.days`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import DataError, connection
from django.db.models import F
from django.db.transaction import atomic

from trading.domain.breakers import HALTING, latch_reason
from trading.domain.days import SHORTEST, Reckoning, day_of, following
from trading.domain.states import BreakerKind, HaltState
from trading.models import Account, Breaker
from trading.selectors.books import LockedAccount
from trading.selectors.guards import AGENT_PNL, EQUITY
from trading.selectors.turns import await_turn
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.statements import Values

DAYS = """
SELECT a.id, a.day, a.day_began_at, a.time_zone, a.pending_time_zone FROM trading_account a
"""
# No day is shorter, so an account whose day began later cannot have to roll.
MAY_ROLL = (
    DAYS
    + "WHERE a.feed_id = %(feed)s"
    + " AND (a.day_began_at IS NULL OR a.day_began_at <= %(now)s - %(shortest)s)"
)
LOCKED = DAYS + "WHERE a.id = ANY(%(accounts)s) ORDER BY a.id FOR NO KEY UPDATE"
ROLL_ACCOUNTS_TEXT = """
UPDATE trading_account a SET day = new.day, day_began_at = new.began_at, time_zone = new.zone,
  pending_time_zone = '', day_start_equity = {equity},
  high_water_equity = greatest(a.high_water_equity, {equity})
FROM unnest(%(accounts)s::uuid[], %(days)s::date[], %(began)s::timestamptz[], %(zones)s::text[])
  AS new(id, day, began_at, zone)
WHERE a.id = new.id
"""
ROLL_ACCOUNTS = ROLL_ACCOUNTS_TEXT.format(equity=EQUITY)
# An order that was sold in several fills is one exit.
ROLL_PERMISSIONS_TEXT = """
UPDATE trading_permission m SET day = a.day, entries_today = 0, day_start_pnl = {agent_pnl},
  (recent_exits, recent_average) = (
    SELECT count(DISTINCT f.order_id),
           coalesce(round(sum(f.realised) / nullif(count(DISTINCT f.order_id), 0), 8), 0)
    FROM trading_fill f
    WHERE f.account_id = a.id AND f.permission_id = m.id AND f.side = 'sell'
      AND f.as_of >= a.day_began_at - interval '30 days' AND f.as_of < a.day_began_at)
FROM trading_account a WHERE a.id = m.account_id AND a.id = ANY(%(accounts)s)
"""
ROLL_PERMISSIONS = ROLL_PERMISSIONS_TEXT.format(agent_pnl=AGENT_PNL)
# The caller hands in no wall time; the database's own says when a breaker was released.
END_BREAKERS = """
UPDATE trading_breaker b SET released_at = clock_timestamp(), released_by = %(actor)s,
  release_reason = %(reason)s
FROM trading_account a
WHERE a.id = b.account_id AND a.id = ANY(%(accounts)s) AND b.released_at IS NULL AND b.day < a.day
RETURNING b.id, b.account_id, b.kind, b.permission_id, b.number, b.limit, b.released_at
"""
ACTOR = "farm"
NEW_DAY = "A new day began."


known_zones = cache(available_timezones)
"""Looking through the files of all zones takes some fifty milliseconds."""


class UnknownTimeZone(FarmError):
    """The name is no time zone, or one that the database does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is not a time zone.", permanent=True)


def roll_days(*, feed_name: str, now: datetime) -> int:
    """Begin the day of market time `now` on every account of the feed; returns how many rolled.

    Runs inside the caller's transaction(), before the new day's first quotes are stored.
    """
    values = {"feed": feed_name, "now": now, "shortest": SHORTEST}
    found = _reckonings(MAY_ROLL, values)
    due = [account_id for account_id, each in found.items() if each.next_day(now)]
    return _roll(due, now) if due else 0


def roll_account(*, account: LockedAccount, now: datetime) -> LockedAccount:
    """The locked account, on the day of `now`. Does nothing on the day that it is on already.

    A new day lifts what a breaker of the day before had latched.
    """
    if not account.day_has_ended:
        return account
    if not _roll([account.id], now):
        return account
    row = Account.objects.get(id=account.id)
    return replace(
        account,
        day=row.day,
        time_zone=row.time_zone,
        day_start_equity=row.day_start_equity,
        high_water=row.high_water_equity,
        halt_state=HaltState(row.halt_state),
        day_has_ended=False,
    )


def begin_day(*, account_id: UUID, now: datetime) -> bool:
    """Take the account's lock and begin the day of `now` there; whether it was a new one.

    Runs inside the caller's transaction().
    """
    await_turn(account_id=account_id)
    return bool(_roll([account_id], now))


def change_time_zone(
    *, account_id: UUID, time_zone: str, actor: str, now: datetime, at: datetime
) -> datetime:
    """Count the account's days by another zone; returns the market time from which on.

    The day that it is on ends as it would have, by the zone of before. `time_zone` is an IANA
    name. `now` is market time, `at` wall time. Raises UnknownTimeZone.
    """
    _refuse_unknown(time_zone, now)
    with transaction():
        begin_day(account_id=account_id, now=now)
        found = _reckonings(LOCKED, {"accounts": [account_id]})[account_id]
        pending = "" if time_zone == found.zone else time_zone
        if pending != found.pending_zone:
            Account.objects.filter(id=account_id).update(pending_time_zone=pending)
            record(
                stream=account_stream(account_id),
                kind="account.time_zone",
                actor=actor,
                subject=f"account:{account_id}",
                payload={"time_zone": time_zone, "before": found.zone},
                at=at,
                as_of=now,
            )
    return following(found.day or day_of(now, zone=found.zone)).began_at


def shift_baselines(*, account: Account, amount: Decimal) -> None:
    """Move what losses are measured from by a deposit (positive) or a withdrawal (negative).

    Neither is a profit or a loss. Inside the caller's transaction, which books the movement under
    the account's lock.
    """
    Account.objects.filter(id=account.id).update(
        day_start_equity=F("day_start_equity") + amount,
        high_water_equity=F("high_water_equity") + amount,
    )


def _reckonings(statement: str, values: Values) -> dict[UUID, Reckoning]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {row[0]: Reckoning.stored(*row[1:]) for row in cursor.fetchall()}


def _roll(accounts: Sequence[UUID], now: datetime) -> int:
    """Begin the new day of those of the accounts whose day has ended, under their locks.

    Returns how many it was.
    """
    found = _reckonings(LOCKED, {"accounts": list(accounts)})
    new = {account_id: day for account_id, each in found.items() if (day := each.next_day(now))}
    if not new:
        return 0
    ids: Values = {"accounts": list(new)}
    columns = {
        "days": [day.date for day in new.values()],
        "began": [day.began_at for day in new.values()],
        "zones": [day.zone for day in new.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(ROLL_ACCOUNTS, ids | columns)
        cursor.execute(ROLL_PERMISSIONS, ids)
        cursor.execute(END_BREAKERS, ids | {"actor": ACTOR, "reason": NEW_DAY})
        ended = cursor.fetchall()
    _tell(ended, now)
    return len(new)


def _tell(ended: Iterable[tuple[Any, ...]], now: datetime) -> None:
    """Journal what ended with the day, and lift what it had latched."""
    for breaker, account_id, kind, permission_id, number, limit, at in ended:
        record(
            stream=account_stream(account_id),
            kind="risk.released",
            actor=ACTOR,
            subject=f"permission:{permission_id}" if permission_id else f"account:{account_id}",
            payload={"breaker": breaker, "breaker_kind": kind, "reason": NEW_DAY},
            at=at,
            as_of=now,
        )
        if kind in HALTING:
            reason = latch_reason(kind=BreakerKind(kind), number=number, limit=limit)
            _lift(account_id, reason, now=now, at=at)


def _lift(account_id: UUID, reason: str, *, now: datetime, at: datetime) -> None:
    """Only while nothing else holds the account: no other breaker, and nobody's other reason."""
    latched = Account.objects.filter(
        id=account_id, halt_state=HaltState.REDUCING, halt_reason=reason
    )
    held = Breaker.objects.filter(account=account_id, released_at=None, kind__in=HALTING)
    holding = held.order_by("at", "id").first()
    if holding is not None:
        latched.update(halt_reason=reason_of(holding))
        return
    if latched.update(halt_state=HaltState.ACTIVE, halt_reason=""):
        record(
            stream=account_stream(account_id),
            kind="account.released",
            actor=ACTOR,
            subject=f"account:{account_id}",
            payload={"was": HaltState.REDUCING, "reason": NEW_DAY},
            at=at,
            as_of=now,
        )


def reason_of(breaker: Breaker) -> str:
    """The words that an account is halted with by this breaker."""
    return latch_reason(kind=BreakerKind(breaker.kind), number=breaker.number, limit=breaker.limit)


def _refuse_unknown(time_zone: str, now: datetime) -> None:
    """Both Python and PostgreSQL must know it: each asks its own database of zones."""
    if time_zone not in known_zones():
        raise UnknownTimeZone(time_zone)
    try:
        with atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT %s::timestamptz AT TIME ZONE %s", [now, time_zone])
    except DataError as error:
        raise UnknownTimeZone(time_zone) from error
