"""What the breakers judge: an account's affairs in one statement, at one moment."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from market.selectors.calendars import calendar_of
from trading.domain.breakers import (
    RATE_WINDOW,
    REJECTS,
    Affairs,
    AgentAffairs,
    Answer,
    FeedAffairs,
    Key,
    Tripped,
    measured,
)
from trading.domain.days import Reckoning
from trading.domain.states import BreakerKind, HaltState
from trading.selectors.books import NoSuchAccount
from trading.selectors.ceilings import ceilings
from tradingfarm.kernel.money import ZERO
from tradingfarm.kernel.statements import Values

EQUITY = """
a.cash + coalesce((
    SELECT sum(coalesce(p.quantity * q.last, p.cost))
    FROM trading_position p LEFT JOIN market_quote q
      ON q.instrument_id = p.instrument_id AND q.feed_id = a.feed_id
    WHERE p.account_id = a.id AND p.quantity > 0), 0)
"""
"""What the account `a` is worth: a position without a price counts at its cost."""

AGENT_PNL = """
coalesce((
    SELECT sum(s.realised + coalesce(s.quantity * q.last, s.cost) - s.cost)
    FROM trading_positionshare s
    JOIN trading_position p ON p.id = s.position_id
    LEFT JOIN market_quote q ON q.instrument_id = p.instrument_id AND q.feed_id = a.feed_id
    WHERE s.permission_id = m.id), 0)
"""
"""What the agent of permission `m` made on account `a` so far, realised and unrealised."""

# The gate's newest answers are read by the index of wall time, enough of them that one agent's
# attempts of the last minute cannot be hidden behind the others'. Numbers travel as text because
# JSON numbers would become floats.
LOAD_TEXT = """
SELECT a.day, a.day_began_at, a.time_zone, a.pending_time_zone, a.cash, a.halt_state,
  {equity}, a.day_start_equity, a.high_water_equity, a.max_daily_loss_pct,
  a.reduce_drawdown_pct, a.halt_drawdown_pct, a.max_orders_per_minute, a.max_price_age_seconds,
  (SELECT jsonb_agg(jsonb_build_object('id', m.id, 'max_daily_loss', m.max_daily_loss::text,
     'loss', (CASE WHEN m.day = a.day THEN m.day_start_pnl - {agent_pnl} ELSE 0 END)::text)
     ORDER BY m.id)
   FROM trading_permission m WHERE m.account_id = a.id AND m.active),
  (SELECT jsonb_object_agg(asked.permission_id, asked.attempts) FROM (
     SELECT r.permission_id, count(*) AS attempts FROM (
       SELECT permission_id, as_of, at, request FROM trading_assessment
       WHERE account_id = %(account)s ORDER BY at DESC LIMIT (
         SELECT (x.max_orders_per_minute + 1) * (1 + (SELECT count(*) FROM trading_permission y
           WHERE y.account_id = x.id AND y.active)) FROM trading_account x
         WHERE x.id = %(account)s)) r
     WHERE r.as_of > %(now)s - %(rate_window)s AND r.permission_id IS NOT NULL
       AND r.request->>'source' = 'agent' AND r.at > coalesce((
         SELECT max(b.released_at) FROM trading_breaker b
         WHERE b.account_id = a.id AND b.kind = 'order_rate'
           AND b.permission_id = r.permission_id), '-infinity')
     GROUP BY r.permission_id) asked),
  (SELECT jsonb_agg(jsonb_build_object('rejected', o.state = 'REJECTED', 'as_of', o.as_of)
     ORDER BY o.approved_at DESC, o.id DESC) FROM (
     SELECT id, state, as_of, approved_at FROM trading_order
     WHERE account_id = %(account)s AND source <> 'external' AND state IN
         ('REJECTED', 'OPEN', 'PARTIALLY_FILLED', 'FILLED', 'CANCELED', 'EXPIRED')
       AND approved_at > coalesce((
         SELECT max(b.released_at) FROM trading_breaker b
         WHERE b.account_id = %(account)s AND b.kind = 'rejects'), '-infinity')
     ORDER BY approved_at DESC, id DESC LIMIT %(rejects)s) o),
  (SELECT jsonb_agg(jsonb_build_object('id', b.id, 'kind', b.kind, 'permission', b.permission_id,
     'instrument', b.instrument_id, 'as_of', b.as_of, 'number', b.number,
     'active', b.released_at IS NULL) ORDER BY b.at, b.id)
   FROM trading_breaker b
   WHERE b.account_id = a.id AND (b.released_at IS NULL OR b.day = a.day)),
  (SELECT jsonb_build_object('newest', max(q.as_of), 'calendars', array_agg(DISTINCT i.calendar))
   FROM market_quote q JOIN market_instrument i ON i.id = q.instrument_id
   WHERE q.feed_id = a.feed_id)
FROM trading_account a WHERE a.id = %(account)s
"""
LOAD = LOAD_TEXT.format(equity=EQUITY, agent_pnl=AGENT_PNL)


LOSSES = (BreakerKind.AGENT_DAILY_LOSS, BreakerKind.ACCOUNT_DAILY_LOSS)


@dataclass(frozen=True)
class Guarded:
    """An account's affairs; its day, on which they were found, and its cash, which moves them."""

    affairs: Affairs
    reckoning: Reckoning
    cash: Decimal


def guarded(*, account_id: UUID, now: datetime) -> Guarded:
    """The account's affairs at market time `now`: one statement. Raises NoSuchAccount.

    The hours of markets may be read meanwhile, the first time for seconds: see `know_calendars`.
    """
    values: Values = {
        "account": account_id,
        "now": now,
        "rate_window": RATE_WINDOW,
        "rejects": REJECTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOAD, values)
        row = cursor.fetchone()
    if row is None:
        raise NoSuchAccount(f"There is no account {account_id}.")
    # Django hands jsonb over as text, for its own JSONField to read.
    agents, attempts, answers, breakers, feed = (part and json.loads(part) for part in row[14:])
    forgiven = _forgiven(breakers or [])
    affairs = Affairs(
        account_id=account_id,
        halt_state=HaltState(row[5]),
        equity=row[6],
        day_start_equity=row[7],
        high_water_equity=row[8],
        max_daily_loss_pct=row[9],
        reduce_drawdown_pct=row[10],
        halt_drawdown_pct=row[11],
        max_orders_per_minute=row[12],
        forgiven_pct=forgiven.get(Key(BreakerKind.ACCOUNT_DAILY_LOSS), ZERO),
        agents=tuple(_agent(agent, attempts or {}, forgiven) for agent in agents or []),
        answers=tuple(
            Answer(answer["rejected"], datetime.fromisoformat(answer["as_of"]))
            for answer in answers or []
        ),
        feed=_feed(feed, timedelta(seconds=row[13]), now),
        tripped=tuple(_tripped(breaker) for breaker in breakers or [] if breaker["active"]),
    )
    return Guarded(affairs, Reckoning.stored(*row[:4]), cash=row[4])


def _agent(
    row: dict[str, Any], attempts: dict[str, int], forgiven: dict[Key, Decimal]
) -> AgentAffairs:
    permission_id = UUID(row["id"])
    return AgentAffairs(
        permission_id=permission_id,
        loss=Decimal(row["loss"]),
        max_daily_loss=_most_lost(Decimal(row["max_daily_loss"])),
        attempts=attempts.get(row["id"], 0),
        forgiven=forgiven.get(Key(BreakerKind.AGENT_DAILY_LOSS, permission_id), ZERO),
    )


def _most_lost(limit: Decimal) -> Decimal:
    """What counts of a permission's daily loss, as `bound` finds it with all other limits."""
    part = min(settings.AGENT_RISK_MULTIPLIER, Decimal(1))
    return ceilings().smaller("max_daily_loss", limit) * part


def _forgiven(rows: Iterable[dict[str, Any]]) -> dict[Key, Decimal]:
    """The loss of today that a person has released a breaker for, the last time, by its key."""
    return {
        _key(row): measured(row["number"])
        for row in rows
        if not row["active"] and BreakerKind(row["kind"]) in LOSSES
    }


def _tripped(row: dict[str, Any]) -> Tripped:
    return Tripped(UUID(row["id"]), _key(row), datetime.fromisoformat(row["as_of"]))


def _key(row: dict[str, Any]) -> Key:
    return Key(
        BreakerKind(row["kind"]),
        UUID(row["permission"]) if row["permission"] else None,
        UUID(row["instrument"]) if row["instrument"] else None,
    )


def _feed(row: dict[str, Any], max_age: timedelta, now: datetime) -> FeedAffairs | None:
    """How fresh the feed is; None when it never brought a quote."""
    if row["newest"] is None:
        return None
    sessions = [calendar_of(name).session_of(now) for name in row["calendars"]]
    opened = [session.opens_at for session in sessions if session is not None]
    return FeedAffairs(
        newest=datetime.fromisoformat(row["newest"]),
        open_since=min(opened, default=None),
        max_age=max_age,
    )
