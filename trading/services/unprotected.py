"""The gauge of seconds that a share had no working stop, and what is done about it.

A share is measured when its permission demands a stop, or when it had one since it is held. It is
covered by a stop that is armed or has fired. On a live account that counts only while somebody
can act on it: the stop rests at the exchange for all of the share, its exit is at work, or an
engine is alive. All moments here are wall time; the sender measures each second, so a span is
known to about that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from market.selectors.calendars import calendar_of
from market.selectors.clocks import market_times
from trading.domain.protection import STOPS
from trading.domain.requests import OrderRequest
from trading.domain.states import AT_WORK, ExitReason, OrderState, Side, Source
from trading.models import Order, PositionShare, Protection
from trading.selectors.books import know_calendars, lock_account
from trading.services.arming import WORKING, arm
from trading.services.decisions import decide_locked
from tradingfarm.kernel.heartbeats import FRESH
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain

ALARM_AFTER = timedelta(seconds=10)
FORCED_AFTER = timedelta(seconds=20)
FORCED_AGAIN = timedelta(seconds=30)
"""A forced exit that was refused, or traded nothing, is tried again after this."""
ACTOR = "engine"
M = TypeVar("M", bound=Model)

# One statement over the shares that are held or were bare. A share that a transaction holds at
# this moment is left to the next measurement, so nobody waits for this one and it for nobody.
MEASURE = """
WITH engine AS (
  SELECT count(*) > 0 AS is_alive FROM heartbeat
  WHERE process = 'engine' AND at >= %(at)s - %(fresh)s
), measured AS (
  SELECT s.id, s.quantity > 0 AND (coalesce(m.stop_required, false) OR EXISTS (
      SELECT 1 FROM trading_protection p WHERE p.share_id = s.id AND p.kind = ANY(%(stops)s)
        AND (s.opened_at IS NULL OR EXISTS (
          SELECT 1 FROM trading_fill f WHERE f.order_id = p.entry_id AND f.as_of >= s.opened_at)))
    ) AND NOT EXISTS (
      SELECT 1 FROM trading_protection p
      LEFT JOIN trading_order r ON r.id = p.resting_id
      LEFT JOIN trading_order x ON x.id = p.exit_id
      WHERE p.share_id = s.id AND p.kind = ANY(%(stops)s) AND p.state = ANY(%(working)s)
        AND (a.kind = 'paper' OR engine.is_alive OR x.state = ANY(%(at_work)s)
             OR r.state = ANY(%(confirmed)s) AND r.quantity - r.filled_quantity >= s.quantity)
    ) AS is_bare
  FROM trading_positionshare s
  CROSS JOIN engine
  JOIN trading_position q ON q.id = s.position_id
  JOIN trading_account a ON a.id = q.account_id
  LEFT JOIN trading_permission m ON m.id = s.permission_id
  WHERE s.quantity > 0 OR s.unprotected_since IS NOT NULL
), changed AS (
  SELECT s.id, measured.is_bare FROM trading_positionshare s
  JOIN measured ON measured.id = s.id
  WHERE measured.is_bare <> (s.unprotected_since IS NOT NULL)
  ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE trading_positionshare s SET
  unprotected_since = CASE WHEN changed.is_bare THEN %(at)s END,
  unprotected_seconds = s.unprotected_seconds + CASE WHEN changed.is_bare THEN 0 ELSE
    greatest(extract(epoch FROM %(at)s - s.unprotected_since), 0) END,
  unprotected_alarm_at = CASE WHEN changed.is_bare THEN NULL ELSE s.unprotected_alarm_at END
FROM changed WHERE changed.id = s.id
RETURNING s.id, changed.is_bare
"""
ALARM = """
WITH due AS (
  SELECT id FROM trading_positionshare
  WHERE unprotected_since <= %(before)s AND unprotected_alarm_at IS NULL AND quantity > 0
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE trading_positionshare s SET unprotected_alarm_at = %(at)s
FROM due, trading_position p, market_instrument i
WHERE s.id = due.id AND p.id = s.position_id AND i.id = p.instrument_id
RETURNING p.account_id, s.id, i.symbol, s.permission_id, s.quantity, s.unprotected_since
"""


@dataclass(frozen=True)
class Measured:
    """What one measurement found: spans that began, ended, and became an alarm."""

    began: int
    ended: int
    alarms: int


def measure_unprotected(*, at: datetime) -> Measured:
    """Measure every share of the farm at wall time `at`: two statements, an event for each alarm.

    A span is counted into the share's seconds when it ends. One that is longer than ten seconds is
    journaled once, as `protection.missing`.
    """
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, _values(at))
        changed = [is_bare for _, is_bare in cursor.fetchall()]
    return Measured(began=sum(changed), ended=len(changed) - sum(changed), alarms=_alarm(at=at))


def _values(at: datetime) -> dict[str, Any]:
    return {
        "at": at,
        "fresh": FRESH,
        "stops": [kind.value for kind in STOPS],
        "working": [state.value for state in WORKING],
        "at_work": [state.value for state in AT_WORK],
        "confirmed": [OrderState.OPEN.value, OrderState.PARTIALLY_FILLED.value],
    }


def _alarm(*, at: datetime) -> int:
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute(ALARM, {"before": at - ALARM_AFTER, "at": at})
            rows = cursor.fetchall()
        for account_id, share_id, symbol, permission_id, quantity, since in rows:
            record(
                stream=account_stream(account_id),
                kind="protection.missing",
                actor=ACTOR,
                subject=f"share:{share_id}",
                payload={
                    "symbol": symbol,
                    "permission": permission_id,
                    "quantity": plain(quantity),
                    "since": since,
                    "seconds": f"{(at - since).total_seconds():.1f}",
                },
                at=at,
            )
    return len(rows)


def make_good(*, at: datetime) -> int:
    """Protect again what is bare where a stop is demanded; returns how many exits were forced.

    At once the stop that its entry asked for is armed again. What stays bare for twenty seconds is
    sold, by an order of its own that may go as deep as a liquidation; not while its market is
    closed, and not what never had a stop: the demand is newer than the position then, and a person
    decides. Each share is one transaction.
    """
    bare = PositionShare.objects.filter(
        unprotected_since__isnull=False, quantity__gt=0, permission__stop_required=True
    )
    shares = list(bare.select_related("position__account", "position__instrument").order_by("id"))
    if not shares:
        return 0
    know_calendars()
    feeds = {share.position.account.feed_id for share in shares}
    times = market_times(feed_names=feeds, at=at)
    return sum(
        _make_good(share, now=times[share.position.account.feed_id], at=at) for share in shares
    )


def _make_good(share: PositionShare, *, now: datetime, at: datetime) -> bool:
    """Whether it was sold."""
    with transaction():
        account = lock_account(account_id=share.position.account_id, now=now)
        share = PositionShare.objects.select_related("position__instrument").get(id=share.id)
        since = share.unprotected_since
        if since is None or share.quantity <= share.reserved_quantity:
            return False
        stops = _stops(share)
        if not any(stop.state in WORKING for stop in stops) and _arm_again(share, at=at):
            return False
        calendar = calendar_of(share.position.instrument.calendar)
        is_open = calendar.session_of(now) is not None
        if not (stops and is_open and at - since >= FORCED_AFTER):
            return False
        verdict = decide_locked(
            account=account,
            request=_sale(share, since, at),
            actor=ACTOR,
            now=now,
            at=at,
        )
        return verdict.approved


def _stops(share: PositionShare) -> list[Protection]:
    """All stops of what is held now, also those that have ended."""
    stops = Protection.objects.filter(share=share, kind__in=sorted(STOPS))
    return list(_since_held(stops, share, "entry__fills__as_of__gte"))


def _arm_again(share: PositionShare, *, at: datetime) -> bool:
    """Arm what the newest entry with a stop asked for; False when no entry asked for one."""
    bought = Order.objects.filter(
        account_id=share.position.account_id,
        instrument_id=share.position.instrument_id,
        permission=share.permission_id,
        side=Side.BUY,
        filled_quantity__gt=0,
    ).exclude(stop_loss=None, trailing_pct=None)
    entries = _since_held(bought, share, "fills__as_of__gte").select_related("instrument")
    entry = entries.order_by("-approved_at", "-id").first()
    if entry is None:
        return False
    arm(order=entry, share=share, at=at)
    return True


def _since_held(rows: QuerySet[M], share: PositionShare, as_of: str) -> QuerySet[M]:
    """Those that belong to what is held now, by the market time of their fills."""
    return rows if share.opened_at is None else rows.filter(**{as_of: share.opened_at}).distinct()


def _sale(share: PositionShare, since: datetime, at: datetime) -> OrderRequest:
    tries = int((at - since - FORCED_AFTER) / FORCED_AGAIN)
    return OrderRequest(
        intent_key=f"unprotected:{share.id}:{since.isoformat()}:{tries}",
        source=Source.LIQUIDATION,
        instrument_id=share.position.instrument_id,
        side=Side.SELL,
        quantity=share.quantity,
        permission_id=share.permission_id,
        reason=ExitReason.EMERGENCY_EXIT.value,
        reasoning=f"No stop has protected it for {(at - since).total_seconds():.0f} s.",
    )
