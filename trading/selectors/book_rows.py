"""What the gate reads under the account's lock, in one statement, and as the values of a Book."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from trading.domain.book import (
    Holding,
    Price,
    RecentOrder,
    Statistics,
    Tripped,
    Usage,
)
from trading.domain.ledger import Lot
from trading.domain.states import BreakerKind, Side
from tradingfarm.kernel.money import ZERO
from tradingfarm.kernel.prepared import Row

# Beside the locking statement, because it sees what the lock waited for. Lists travel as arrays
# of the database's own types. An exit is judged by the present: a replay may have played on, and
# its clock, as it was when its prices were, counts where it is later. Of what is at rest only
# orders that may be alike are read; a sell is clamped to what is held before it is compared.
LOAD = """
WITH moment AS MATERIALIZED (
  SELECT CASE WHEN %(goes_along)s::boolean
    THEN greatest(%(now)s::timestamptz, (SELECT as_of FROM market_replay WHERE feed_id = %(feed)s))
    ELSE %(now)s::timestamptz END AS now
), working AS MATERIALIZED (
  SELECT id, instrument_id, permission_id, side, quantity, reserved_cash, as_of,
    CASE WHEN side = 'buy' THEN quantity - filled_quantity ELSE 0 END AS buying,
    state = 'UNKNOWN' OR state = 'SUBMITTING' AND deadline < clock_timestamp() AS unresolved,
    permission_id IS NOT DISTINCT FROM %(permission)s::uuid AS own,
    CASE WHEN side = 'buy' AND stop_loss IS NOT NULL
      THEN (quantity - filled_quantity) * greatest(worst_price - stop_loss, 0) ELSE 0 END AS risk
  FROM trading_order WHERE account_id = %(account)s AND state NOT IN
    ('CANCELED', 'EXPIRED', 'EXPIRED_LOCAL', 'FILLED', 'NOT_PLACED', 'REJECTED')
)
SELECT moment.now,
  i.symbol, i.tick_size, i.lot_size, i.minimum_notional, i.calendar, i.asset_class, i.sector,
  t.volatility_pct, t.average_volume, t.average_notional,
  m.agent_name, m.active, m.max_order_value, m.max_position_value, m.max_allocation_pct,
  m.max_daily_entries, m.max_daily_loss, m.max_open_positions, m.allowed_symbols,
  m.blocked_symbols, m.price_collar_pct, m.stop_required, m.hours_start, m.hours_end,
  m.hours_zone, m.allowed_strategies, m.agent_allocation_pct, m.agent_allocation_value,
  m.risk_level, m.confirm_above, m.min_seconds_between_entries, m.when_tainted,
  m.max_tainted_value, m.day, m.entries_today, m.day_start_pnl, m.last_entry_as_of,
  m.recent_exits, m.recent_average,
  (SELECT count(*) FROM trading_permission
   WHERE account_id = %(account)s AND active) AS agents,
  (SELECT count(*) FROM (
     SELECT 1 FROM trading_order
     WHERE account_id = %(account)s AND parent_id IS NULL
       AND as_of > (SELECT now FROM moment) - %(rate_window)s
     LIMIT %(most_orders)s) made) AS orders_last_minute,
  (SELECT q.last FROM market_instrument v JOIN market_quote q ON q.instrument_id = v.id
   WHERE v.symbol = %(volatility_index)s AND q.feed_id = %(feed)s LIMIT 1) AS volatility_index,
  CASE WHEN %(live)s::boolean THEN EXISTS (
    SELECT 1 FROM trading_liveconfirmation l WHERE l.account_id = %(account)s
      AND l.withdrawn_at IS NULL AND l.expires_at > clock_timestamp())
    END AS live_is_confirmed,
  held.*, recent.*, tripped.*, confirmed.*, overridden.*,
  e.id AS earlier_id, e.order_id AS earlier_order, e.parent_id AS earlier_parent,
  e.approved AS earlier_approved, e.denials AS earlier_denials,
  e.request->>'quantity' AS earlier_quantity, c.id AS earlier_confirmation
FROM moment
LEFT JOIN market_instrument i ON i.id = %(instrument)s
LEFT JOIN market_statistics t ON t.feed_id = %(feed)s AND t.instrument_id = i.id
LEFT JOIN trading_permission m ON m.id = %(permission)s AND m.account_id = %(account)s
LEFT JOIN trading_assessment e
  ON e.account_id = %(account)s AND e.intent_key = %(intent_key)s
LEFT JOIN trading_confirmation c ON c.assessment_id = e.id
CROSS JOIN LATERAL (
  SELECT array_agg(h.id) AS held_ids, array_agg(h.sector) AS held_sectors,
    array_agg(q.bid) AS held_bid, array_agg(q.ask) AS held_ask, array_agg(q.last) AS held_last,
    array_agg(q.as_of) AS held_as_of,
    array_agg(p.quantity) AS held_quantity, array_agg(p.cost) AS held_cost,
    array_agg(p.realised) AS held_realised, array_agg(p.fees) AS held_fees,
    array_agg(s.quantity) AS share_quantity, array_agg(s.cost) AS share_cost,
    array_agg(s.realised) AS share_realised, array_agg(s.fees) AS share_fees,
    array_agg(s.reserved_quantity) AS share_reserved,
    array_agg(w.buying) AS buying_quantity, array_agg(w.cash) AS buying_cash,
    array_agg(w.own_cash) AS share_buying_cash, array_agg(w.risk) AS buying_risk,
    array_agg(w.own_risk) AS share_buying_risk, array_agg(w.unresolved) AS unresolved
  FROM (
    SELECT instrument_id FROM trading_position WHERE account_id = %(account)s
    UNION SELECT instrument_id FROM working UNION SELECT %(instrument)s) known
  JOIN market_instrument h ON h.id = known.instrument_id
  LEFT JOIN trading_position p ON p.account_id = %(account)s AND p.instrument_id = h.id
  LEFT JOIN trading_positionshare s
    ON s.position_id = p.id AND s.permission_id IS NOT DISTINCT FROM %(permission)s::uuid
  LEFT JOIN market_quote q ON q.feed_id = %(feed)s AND q.instrument_id = h.id
  LEFT JOIN (
    SELECT instrument_id, sum(buying) AS buying, sum(reserved_cash) AS cash, sum(risk) AS risk,
      sum(reserved_cash) FILTER (WHERE own) AS own_cash, sum(risk) FILTER (WHERE own) AS own_risk,
      bool_or(unresolved) AS unresolved
    FROM working GROUP BY instrument_id) w ON w.instrument_id = h.id
  WHERE h.id = %(instrument)s OR p.quantity > 0 OR w.cash > 0 OR s.realised <> 0) held
CROSS JOIN LATERAL (
  SELECT array_agg(o.id) AS recent_ids, array_agg(o.side) AS recent_sides,
    array_agg(o.quantity) AS recent_quantities, array_agg(o.as_of) AS recent_as_of,
    array_agg(o.at_work) AS recent_at_work
  FROM (
    SELECT id, side, quantity, as_of, true AS at_work FROM working
    WHERE permission_id = %(permission)s AND instrument_id = %(instrument)s
    UNION ALL
    SELECT id, side, quantity, as_of, false FROM trading_order
    WHERE permission_id = %(permission)s AND instrument_id = %(instrument)s
      AND side = %(side)s AND (side = 'sell' OR quantity = %(quantity)s)
      AND as_of > (SELECT now FROM moment) - %(duplicate_window)s AND state IN
        ('CANCELED', 'EXPIRED', 'EXPIRED_LOCAL', 'FILLED', 'NOT_PLACED', 'REJECTED')) o) recent
CROSS JOIN LATERAL (
  SELECT array_agg(b.kind) AS tripped_kinds, array_agg(b.number) AS tripped_numbers,
    array_agg(b."limit") AS tripped_limits,
    array_agg(CASE WHEN b.instrument_id IS NOT NULL THEN i.symbol
      WHEN b.permission_id IS NOT NULL THEN m.agent_name ELSE 'the account' END) AS tripped_scopes
  FROM trading_breaker b
  WHERE b.account_id = %(account)s AND b.released_at IS NULL
    AND (b.permission_id IS NULL OR b.permission_id = %(permission)s)
    AND (b.instrument_id IS NULL OR b.instrument_id = %(instrument)s)) tripped
CROSS JOIN LATERAL (
  SELECT array_agg(y.order_digest) AS confirmed_digests,
    array_agg(y.worst_price) AS confirmed_prices
  FROM trading_confirmation y
  WHERE y.at > statement_timestamp() - interval '1 day' AND y.account_id = %(account)s
    AND y.state = 'CONFIRMED' AND y.order_id IS NULL
    AND y.expires_at > statement_timestamp()) confirmed
CROSS JOIN LATERAL (
  SELECT array_agg(y.order_digest) AS overridden_digests, array_agg(y.code) AS overridden_codes
  FROM trading_override y
  WHERE y.at > statement_timestamp() - interval '1 day' AND y.account_id = %(account)s
    AND y.used_at IS NULL AND y.expires_at > statement_timestamp()) overridden
"""


def holdings(row: Row) -> dict[UUID, Holding]:
    """Of all instruments that the account has, and of the one that is asked for."""
    columns = (
        _lots(row.held_quantity, row.held_cost, row.held_realised, row.held_fees),
        _lots(row.share_quantity, row.share_cost, row.share_realised, row.share_fees),
        map(_number, row.share_reserved),
        map(_number, row.buying_quantity),
        map(_number, row.buying_cash),
        map(_number, row.share_buying_cash),
        map(_number, row.buying_risk),
        map(_number, row.share_buying_risk),
        map(bool, row.unresolved),
    )
    return dict(zip(row.held_ids, map(Holding, *columns), strict=True))


def _lots(*columns: list[Decimal | None]) -> Iterator[Lot]:
    return map(Lot, *(map(_number, column) for column in columns))


def prices(row: Row) -> dict[UUID, Price]:
    quotes = zip(row.held_bid, row.held_ask, row.held_last, row.held_as_of, strict=True)
    return {
        key: Price(*quote)
        for key, quote in zip(row.held_ids, quotes, strict=True)
        if quote[0] is not None
    }


def statistics(row: Row) -> Statistics:
    return Statistics(row.volatility_pct, row.average_volume, row.average_notional)


def recent(row: Row, *, instrument_id: UUID, window: timedelta) -> tuple[RecentOrder, ...]:
    """The asker's orders in the instrument: at work, or alike and younger than the window."""
    found = zip(
        row.recent_ids or (),
        row.recent_sides or (),
        row.recent_quantities or (),
        row.recent_as_of or (),
        row.recent_at_work or (),
        strict=True,
    )
    return tuple(
        RecentOrder(instrument_id, Side(side), quantity, as_of, at_work, order_id)
        for order_id, side, quantity, as_of, at_work in found
        if at_work or row.now - as_of < window
    )


def breakers(row: Row) -> tuple[Tripped, ...]:
    columns = (row.tripped_numbers, row.tripped_limits, row.tripped_scopes)
    return tuple(
        Tripped(BreakerKind(kind), *words)
        for kind, *words in zip(row.tripped_kinds or (), *(c or () for c in columns), strict=True)
    )


def confirmed(row: Row) -> dict[str, Decimal]:
    return dict(zip(row.confirmed_digests or (), row.confirmed_prices or (), strict=True))


def overridden(row: Row) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    pairs = zip(row.overridden_digests or (), row.overridden_codes or (), strict=True)
    for digest, code in pairs:
        found[digest] = found.get(digest, frozenset()) | {code}
    return found


def usage(row: Row, *, is_today: bool, agent_pnl: Decimal) -> Usage:
    """What the permission's row has counted; on a day that it does not know yet, nothing."""
    return Usage(
        entries=row.entries_today if is_today else 0,
        day_start_pnl=row.day_start_pnl if is_today else agent_pnl,
        last_entry_as_of=row.last_entry_as_of,
        recent_exits=row.recent_exits,
        recent_average=row.recent_average,
    )


def _number(value: Decimal | None) -> Decimal:
    return ZERO if value is None else value
