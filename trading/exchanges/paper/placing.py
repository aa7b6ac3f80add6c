"""Placing an order at the paper exchange: one statement that judges, writes and commits it."""

from django.db import DatabaseError, connection

from trading.domain.exchange import Outcome, OutcomeKind, Placing
from trading.domain.paper_terms import contradiction
from tradingfarm.kernel.statements import Values

OUT = "The paper exchange does not answer."
# An order is worth what it fills for at its limit or at its stop, or else at its worst price.
JUDGED = """
  SELECT a.*, request.at, CASE
      WHEN a.id IS NULL THEN 'The paper exchange has no such account.'
      WHEN request.at > %(deadline)s THEN 'Refused: the request arrived after its deadline.'
      WHEN a.rejects_orders THEN 'The paper exchange refuses orders at the moment.'
      WHEN i.id IS NULL THEN 'The paper exchange has no such instrument.'
      WHEN mod(%(quantity)s, i.lot_size) <> 0
        THEN 'The quantity is no multiple of the lot size ' || trim_scale(i.lot_size) || '.'
      WHEN mod(%(limit_price)s::numeric, i.tick_size) <> 0
        THEN 'The limit price is not on the tick of ' || trim_scale(i.tick_size) || '.'
      WHEN mod(%(stop_price)s::numeric, i.tick_size) <> 0
        THEN 'The stop price is not on the tick of ' || trim_scale(i.tick_size) || '.'
      WHEN NOT %(reduce_only)s AND i.minimum_notional > %(quantity)s
          * coalesce(%(limit_price)s::numeric, %(stop_price)s::numeric, %(worst_price)s::numeric)
        THEN 'The order is worth less than ' || trim_scale(i.minimum_notional) || '.'
    END AS problem
  FROM (SELECT clock_timestamp() AS at) request
  LEFT JOIN trading_account a ON a.id = %(account)s
  LEFT JOIN market_instrument i ON i.id = %(instrument)s
"""
# One statement, and no transaction around it: one call reads the clock, writes the order and
# commits it, so that no process that was paused in between can let an order appear later.
PLACE = f"""
INSERT INTO trading_paperorder (client_order_id, account_key, feed_name, instrument_key, side,
    quantity, order_type, time_in_force, limit_price, stop_price, reduce_only, good_until,
    worst_price, filled_quantity, fee_rate, maker_fee_rate, participation_pct, fills,
    is_triggered, has_rested, slippage_bps, seed, state, placed_at, works_from)
WITH judged AS ({JUDGED})
SELECT %(client_order_id)s, j.id, j.feed_id, %(instrument)s, %(side)s, %(quantity)s,
    %(order_type)s, %(time_in_force)s, %(limit_price)s, %(stop_price)s, %(reduce_only)s,
    %(good_until)s, %(worst_price)s, 0, j.fee_rate, j.maker_fee_rate, j.participation_pct, 0,
    false, false, j.slippage_bps, j.seed, 'OPEN', j.at,
    CASE WHEN j.latency_ms > 0 THEN j.at + j.latency_ms * interval '1 millisecond' END
FROM judged j WHERE j.problem IS NULL AND NOT j.is_out
ON CONFLICT (client_order_id) DO NOTHING
RETURNING id
"""  # noqa: S608 - made of this module's own text
WHY_NOT = f"""
WITH judged AS ({JUDGED})
SELECT coalesce(j.is_out, false), coalesce(j.problem, ''), EXISTS (
  SELECT FROM trading_paperorder WHERE client_order_id = %(client_order_id)s)
FROM judged j
"""  # noqa: S608 - made of this module's own text
ID_IN_USE = "An order with this id is there already; whether this request made it is not proved."
NOT_TAKEN = "The paper exchange did not take it."


def place(placing: Placing) -> Outcome:
    """Place the order, once. Terms that contradict each other are refused without a question."""
    if problem := contradiction(placing):
        return Outcome(OutcomeKind.REJECTED, problem=problem)
    values = _values(placing)
    try:
        with connection.cursor() as cursor:
            cursor.execute(PLACE, values)
            row = cursor.fetchone()
            if row is not None:
                return Outcome(OutcomeKind.ACCEPTED, exchange_order_id=str(row[0]))
            cursor.execute(WHY_NOT, values)
            is_out, problem, id_in_use = cursor.fetchone()
    except DatabaseError as error:
        return Outcome(OutcomeKind.UNKNOWN, problem=f"{type(error).__name__}: {error}"[:200])
    return _not_written(is_out=is_out, problem=problem, id_in_use=id_in_use)


def _not_written(*, is_out: bool, problem: str, id_in_use: bool) -> Outcome:
    """What to say of an order that was not written. A switch may be back by the second look."""
    if is_out:
        return Outcome(OutcomeKind.UNKNOWN, problem=OUT)
    if id_in_use:
        return Outcome(OutcomeKind.UNKNOWN, problem=ID_IN_USE)
    return Outcome(OutcomeKind.REJECTED, problem=problem or NOT_TAKEN)


def _values(placing: Placing) -> Values:
    return {
        "client_order_id": placing.client_order_id,
        "account": placing.account_id,
        "instrument": placing.instrument_id,
        "side": placing.side.value,
        "quantity": placing.quantity,
        "order_type": placing.order_type.value,
        "time_in_force": placing.time_in_force.value,
        "limit_price": placing.limit_price,
        "stop_price": placing.stop_price,
        "reduce_only": placing.reduce_only,
        "good_until": placing.good_until,
        "worst_price": placing.worst_price,
        "deadline": placing.deadline,
    }
