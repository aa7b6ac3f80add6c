"""The paper exchange: one like any other, with tables and committed transactions of its own.

Orders rest until `match` runs at the quotes of their feed; a market order that cannot fill within
its worst price is canceled at once (immediate or cancel).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import Prefetch
from django.db.transaction import atomic

from market.models import Instrument
from trading.domain.exchange import (
    Capabilities,
    Delays,
    ExchangeUnavailable,
    FoundOrder,
    FoundTrade,
    Outcome,
    OutcomeKind,
    Placing,
    Report,
    Sent,
    Trade,
    asset_of,
)
from trading.domain.matching import Match, Resting, Touch
from trading.domain.matching import match as matched
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from trading.models import PaperOrder, PaperTrade
from tradingfarm.kernel.statements import Values

# One statement, and no transaction around it: one call reads the clock, writes the order and
# commits it, so that no process that was paused in between can let an order appear later.
PLACE = """
INSERT INTO trading_paperorder (client_order_id, account_key, feed_name, instrument_key, side,
    quantity, order_type, time_in_force, limit_price, stop_price, reduce_only, good_until,
    worst_price, filled_quantity, fee_rate, maker_fee_rate, participation_pct, fills,
    is_triggered, has_rested, slippage_bps, seed, state, placed_at, works_from)
SELECT %(client_order_id)s, a.id, a.feed_id, %(instrument)s, %(side)s, %(quantity)s,
    %(order_type)s, %(time_in_force)s, %(limit_price)s, %(stop_price)s, %(reduce_only)s,
    %(good_until)s, %(worst_price)s, 0, a.fee_rate, a.maker_fee_rate, a.participation_pct, 0,
    false, false, a.slippage_bps, a.seed, 'OPEN', clock_timestamp(),
    clock_timestamp() + a.latency_ms * interval '1 millisecond'
FROM trading_account a
WHERE a.id = %(account)s AND clock_timestamp() <= %(deadline)s
ON CONFLICT (client_order_id) DO NOTHING
RETURNING id
"""
# What was deposited and traded, by the exchange's own trades: the account's currency, then assets.
BALANCES = """
SELECT a.base_currency, coalesce((SELECT sum(m.amount) FROM trading_cashmovement m
    WHERE m.account_id = a.id AND m.currency IN ('', a.base_currency)), 0)
  + coalesce((SELECT sum(CASE o.side WHEN 'buy' THEN -1 ELSE 1 END
                         * round(t.price * t.quantity, 8) - t.fee)
    FROM trading_papertrade t JOIN trading_paperorder o ON o.id = t.order_id
    WHERE o.account_key = a.id), 0)
FROM trading_account a WHERE a.id = %(account)s
UNION ALL
SELECT i.symbol, sum(CASE o.side WHEN 'buy' THEN t.quantity ELSE -t.quantity END)
FROM trading_papertrade t JOIN trading_paperorder o ON o.id = t.order_id
JOIN market_instrument i ON i.id = o.instrument_key
WHERE o.account_key = %(account)s GROUP BY i.symbol
"""
TOO_LATE = "Refused: the request arrived after its deadline."
ID_IN_USE = "An order with this id is there already; whether this request made it is not proved."


class TradedQuote(Protocol):
    """A quote as `match` needs it."""

    @property
    def bid(self) -> Decimal: ...
    @property
    def ask(self) -> Decimal: ...
    @property
    def volume(self) -> Decimal: ...


class PaperExchange:
    """Places, cancels and reports. It shares the database's clock, so its delays are short."""

    delays = Delays(
        send_window=timedelta(seconds=2),
        clock_error=timedelta(0),
        query_lag=timedelta(0),
        between_queries=timedelta(seconds=1),
    )
    capabilities = Capabilities(
        order_types=frozenset({OrderType.MARKET}), times_in_force=frozenset({TimeInForce.IOC})
    )

    def place(self, placing: Placing) -> Outcome:
        try:
            with connection.cursor() as cursor:
                cursor.execute(PLACE, _arguments(placing))
                row = cursor.fetchone()
            if row is not None:
                return Outcome(OutcomeKind.ACCEPTED, exchange_order_id=str(row[0]))
            if PaperOrder.objects.filter(client_order_id=placing.client_order_id).exists():
                return Outcome(OutcomeKind.UNKNOWN, problem=ID_IN_USE)
        except DatabaseError as error:
            return Outcome(OutcomeKind.UNKNOWN, problem=f"{type(error).__name__}: {error}"[:200])
        return Outcome(OutcomeKind.REJECTED, problem=TOO_LATE)

    def reports(self, *, orders: Iterable[Sent]) -> Mapping[str, Report]:
        trades = Prefetch("trades", PaperTrade.objects.order_by("id"))
        ids = [order.client_order_id for order in orders]
        asked = PaperOrder.objects.filter(client_order_id__in=ids)
        with _answering():
            found = list(asked.prefetch_related(trades))
        return {order.client_order_id: _report(order) for order in found}

    def cancel(self, *, order: Sent) -> None:
        asked = PaperOrder.objects.filter(client_order_id=order.client_order_id)
        with _answering():
            asked.filter(state=PaperOrder.State.OPEN).update(state=PaperOrder.State.CANCELED)

    def open_orders(self, *, account_id: UUID) -> tuple[FoundOrder, ...]:
        resting = PaperOrder.objects.filter(account_key=account_id, state=PaperOrder.State.OPEN)
        with _answering():
            orders = list(resting.order_by("id"))
            symbols = _symbols(order.instrument_key for order in orders)
        return tuple(_found(order, symbols[order.instrument_key]) for order in orders)

    def trades(self, *, account_id: UUID, since: datetime) -> tuple[FoundTrade, ...]:
        made = PaperTrade.objects.filter(order__account_key=account_id, at__gte=since)
        with _answering():
            trades = list(made.select_related("order").order_by("at", "id"))
            symbols = _symbols(trade.order.instrument_key for trade in trades)
        return tuple(_found_trade(trade, symbols[trade.order.instrument_key]) for trade in trades)

    def balances(self, *, account_id: UUID) -> Mapping[str, Decimal]:
        with _answering(), connection.cursor() as cursor:
            cursor.execute(BALANCES, {"account": account_id})
            return {
                asset_of(symbol): quantity for symbol, quantity in cursor.fetchall() if quantity
            }

    def clock_offset(self, *, account_id: UUID) -> timedelta:
        """None: it reads the database's clock, as the claims do."""
        return timedelta(0)

    def arm_dead_man(self, *, account_id: UUID, timeout: timedelta) -> None:
        raise ExchangeUnavailable("The paper exchange has no dead-man timer.")


@contextmanager
def _answering() -> Iterator[None]:
    """A database that fails is an exchange that does not answer."""
    try:
        yield
    except DatabaseError as error:
        raise ExchangeUnavailable(f"The paper exchange did not answer: {error}") from error


def match(
    *, feed_name: str, quotes: Mapping[UUID, TradedQuote], now: datetime, at: datetime
) -> int:
    """Fill or cancel every open order of the feed at its current quotes; returns the trades made.

    `now` is market time, `at` wall time. One committed transaction; orders are taken by their own
    id, so that the sequence of their arrival decides. Only the owner of the feed calls this.
    """
    open_orders = PaperOrder.objects.filter(feed_name=feed_name, state=PaperOrder.State.OPEN)
    if not open_orders.exists():
        return 0
    with atomic(durable=True):
        orders = list(
            open_orders.filter(instrument_key__in=list(quotes))
            .select_for_update(no_key=True)
            .order_by("id")
        )
        ticks = _tick_sizes(orders)
        trades = []
        for order in orders:
            touch = _touch(quotes[order.instrument_key], ticks[order.instrument_key])
            made = matched(_resting(order), touch, fill_number=1)
            order.state = PaperOrder.State.FILLED if made else PaperOrder.State.CANCELED
            if made:
                order.filled_quantity = made.quantity
                trades.append(_trade(order, made, now=now, at=at))
        PaperOrder.objects.bulk_update(orders, ["state", "filled_quantity"])
        PaperTrade.objects.bulk_create(trades)
        _announce()
    return len(trades)


def _announce() -> None:
    """Tell the sender, through PostgreSQL, that there is something to ingest."""
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY farm_orders")


def _arguments(placing: Placing) -> Values:
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


def _symbols(instrument_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Instrument.objects.filter(id__in=set(instrument_ids)).values_list("id", "symbol"))


def _found(order: PaperOrder, symbol: str) -> FoundOrder:
    return FoundOrder(
        client_order_id=order.client_order_id,
        exchange_order_id=str(order.id),
        symbol=symbol,
        side=Side(order.side),
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        order_type=OrderType(order.order_type),
        limit_price=order.limit_price,
        placed_at=order.placed_at,
    )


def _found_trade(trade: PaperTrade, symbol: str) -> FoundTrade:
    return FoundTrade(
        client_order_id=trade.order.client_order_id,
        exchange_order_id=str(trade.order_id),
        symbol=symbol,
        side=Side(trade.order.side),
        trade=_told(trade),
    )


def _told(trade: PaperTrade) -> Trade:
    return Trade(
        trade_id=trade.trade_id,
        quantity=trade.quantity,
        price=trade.price,
        fee=trade.fee,
        as_of=trade.as_of,
        is_maker=trade.is_maker,
    )


def _tick_sizes(orders: list[PaperOrder]) -> dict[UUID, Decimal]:
    found = Instrument.objects.filter(id__in={order.instrument_key for order in orders})
    return dict(found.values_list("id", "tick_size"))


def _touch(quote: TradedQuote, tick_size: Decimal) -> Touch:
    return Touch(bid=quote.bid, ask=quote.ask, volume=quote.volume, tick_size=tick_size)


def _resting(order: PaperOrder) -> Resting:
    return Resting(
        client_order_id=order.client_order_id,
        side=Side(order.side),
        quantity=order.quantity,
        worst_price=order.worst_price,
        fee_rate=order.fee_rate,
        slippage_bps=order.slippage_bps,
        seed=order.seed,
    )


def _trade(order: PaperOrder, made: Match, *, now: datetime, at: datetime) -> PaperTrade:
    return PaperTrade(
        order=order,
        trade_id=f"{order.client_order_id}-1",
        quantity=made.quantity,
        price=made.price,
        fee=made.fee,
        as_of=now,
        at=at,
    )


def _report(order: PaperOrder) -> Report:
    return Report(
        client_order_id=order.client_order_id,
        exchange_order_id=str(order.id),
        state=OrderState(order.state),
        trades=tuple(_told(trade) for trade in order.trades.all()),
    )
