"""Bringing the open orders of a feed to its quotes, in one transaction of the paper exchange."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Case, F, Max, Q, QuerySet, Sum, When
from django.db.transaction import atomic

from market.domain.ticks import Tick
from market.models import Instrument, Quote
from trading.domain.matching import Match, Matched, Resting, Touch
from trading.domain.matching import match as matched
from trading.domain.states import OrderType, Side, TimeInForce
from trading.models import PaperOrder, PaperTrade
from tradingfarm.kernel.money import ZERO

Quotes = Mapping[UUID, Tick] | Mapping[UUID, Quote]
Holdings = dict[tuple[UUID, UUID], Decimal]
"""What an account holds of an instrument, by the exchange's own trades."""
MOVED = ("state", "filled_quantity", "fills", "is_triggered", "has_rested")
# A thousand rows at once: bulk_update would spell a case for each row and column, in seconds.
MOVE = """
UPDATE trading_paperorder o SET state = new.state, filled_quantity = new.filled_quantity,
  fills = new.fills, is_triggered = new.is_triggered, has_rested = new.has_rested
FROM unnest(%(id)s::bigint[], %(state)s::text[], %(filled_quantity)s::numeric[],
    %(fills)s::integer[], %(is_triggered)s::boolean[], %(has_rested)s::boolean[])
  AS new (id, state, filled_quantity, fills, is_triggered, has_rested)
WHERE o.id = new.id
"""


def match(*, feed_name: str, quotes: Quotes, now: datetime, at: datetime) -> int:
    """Bring every open order of the feed to its quotes; returns the trades made.

    `now` is market time, `at` wall time: an order is not matched before its latency has passed.
    One committed transaction; orders are taken by their own id, so that the sequence of their
    arrival decides. Only the owner of the feed calls this.
    """
    open_orders = PaperOrder.objects.filter(feed_name=feed_name, state=PaperOrder.State.OPEN)
    if not open_orders.exists():
        return 0
    with atomic(durable=True):
        orders = _locked(open_orders, quotes, now=now, at=at)
        moved, trades = _bring(orders, quotes, now=now, at=at)
        _store(moved, trades)
    return len(trades)


def _bring(
    orders: list[PaperOrder], quotes: Quotes, *, now: datetime, at: datetime
) -> tuple[list[PaperOrder], list[PaperTrade]]:
    """The orders in which something is new, changed but not saved, and their trades."""
    touches, traded_at, holdings = _touches(orders, quotes), _traded_at(orders), _holdings(orders)
    moved, trades = [], []
    for order in orders:
        owner = (order.account_key, order.instrument_key)
        found = matched(
            _resting(order, traded_at.get(order.id)),
            touches.get(order.instrument_key),
            now=now,
            held=holdings.get(owner, ZERO),
        )
        if _take_over(order, found):
            moved.append(order)
        if found.trade is not None:
            trades.append(_trade(order, found.trade, now=now, at=at))
            holdings[owner] = holdings.get(owner, ZERO) + _change(order, found.trade)
    return moved, trades


def _locked(
    open_orders: QuerySet[PaperOrder], quotes: Quotes, *, now: datetime, at: datetime
) -> list[PaperOrder]:
    """The orders that have arrived and whose instrument has a quote, or whose day is over."""
    has_arrived = Q(works_from__isnull=True) | Q(works_from__lte=at)
    is_over = Q(time_in_force=TimeInForce.DAY, good_until__lte=now)
    concerned = open_orders.filter(is_over | has_arrived & Q(instrument_key__in=list(quotes)))
    return list(concerned.select_for_update(no_key=True).order_by("id"))


def _touches(orders: list[PaperOrder], quotes: Quotes) -> dict[UUID, Touch]:
    found = Instrument.objects.filter(id__in={order.instrument_key for order in orders})
    return {
        key: _touch(quotes[key], tick_size=tick_size, lot_size=lot_size)
        for key, tick_size, lot_size in found.values_list("id", "tick_size", "lot_size")
        if key in quotes
    }


def _touch(quote: Tick | Quote, *, tick_size: Decimal, lot_size: Decimal) -> Touch:
    return Touch(
        bid=quote.bid,
        ask=quote.ask,
        last=quote.last,
        volume=quote.volume,
        as_of=quote.at if isinstance(quote, Tick) else quote.as_of,
        tick_size=tick_size,
        lot_size=lot_size,
    )


def _traded_at(orders: list[PaperOrder]) -> dict[int, datetime]:
    """When each order traded last, market time. Read under the lock: another match is over."""
    begun = [order.id for order in orders if order.fills]
    if not begun:
        return {}
    trades = PaperTrade.objects.filter(order__in=begun).values_list("order_id")
    return dict(trades.annotate(Max("as_of")))


def _holdings(orders: Iterable[PaperOrder]) -> Holdings:
    """What the accounts of the reduce-only orders hold. Read under the lock, as above."""
    reducing = [order for order in orders if order.reduce_only]
    if not reducing:
        return {}
    trades = PaperTrade.objects.filter(
        order__account_key__in={order.account_key for order in reducing},
        order__instrument_key__in={order.instrument_key for order in reducing},
    )
    signed = Case(When(order__side=Side.BUY, then=F("quantity")), default=-F("quantity"))
    sums = trades.values_list("order__account_key", "order__instrument_key")
    return {
        (account, instrument): held
        for account, instrument, held in sums.annotate(held=Sum(signed))
    }


def _change(order: PaperOrder, trade: Match) -> Decimal:
    return trade.quantity if order.side == Side.BUY else -trade.quantity


def _resting(order: PaperOrder, traded_at: datetime | None) -> Resting:
    return Resting(
        client_order_id=order.client_order_id,
        side=Side(order.side),
        quantity=order.quantity,
        worst_price=order.worst_price,
        fee_rate=order.fee_rate,
        slippage_bps=order.slippage_bps,
        seed=order.seed,
        order_type=OrderType(order.order_type),
        time_in_force=TimeInForce(order.time_in_force),
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        good_until=order.good_until,
        reduce_only=order.reduce_only,
        maker_fee_rate=order.maker_fee_rate,
        participation_pct=order.participation_pct,
        filled_quantity=order.filled_quantity,
        fills=order.fills,
        traded_at=traded_at,
        is_triggered=order.is_triggered,
        has_rested=order.has_rested,
    )


def _take_over(order: PaperOrder, found: Matched) -> bool:
    """Write into the row what the quote made of it; whether anything is new."""
    new = (
        found.state.value,
        found.order.filled_quantity,
        found.order.fills,
        found.order.is_triggered,
        found.order.has_rested,
    )
    if new == tuple(getattr(order, name) for name in MOVED):
        return False
    for name, value in zip(MOVED, new, strict=True):
        setattr(order, name, value)
    return True


def _trade(order: PaperOrder, made: Match, *, now: datetime, at: datetime) -> PaperTrade:
    return PaperTrade(
        order=order,
        trade_id=f"{order.client_order_id}-{order.fills}",
        quantity=made.quantity,
        price=made.price,
        fee=made.fee,
        is_maker=made.is_maker,
        as_of=now,
        at=at,
    )


def _store(moved: list[PaperOrder], trades: list[PaperTrade]) -> None:
    """Two statements, and a word to the sender, through PostgreSQL, if there is anything new."""
    if not moved:
        return
    values = {name: [getattr(order, name) for order in moved] for name in ("id", *MOVED)}
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)
        PaperTrade.objects.bulk_create(trades)
        cursor.execute("NOTIFY farm_orders")
