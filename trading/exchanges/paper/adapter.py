"""The paper exchange as the farm meets it: it places, cancels and reports like any other."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import Prefetch

from market.models import Instrument
from trading.domain.exchange import (
    Capabilities,
    Delays,
    ExchangeUnavailable,
    FoundOrder,
    FoundTrade,
    Outcome,
    Placing,
    Report,
    Sent,
    Trade,
    asset_of,
)
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from trading.exchanges.paper import placing as placings
from trading.models import Account, PaperOrder, PaperTrade

# What was deposited and traded, by the exchange's own trades: the account's currency, then assets.
# The value of a trade is rounded half to even, as at the fill; round() would round half up.
BALANCES = """
WITH traded AS (
  SELECT o.instrument_key, CASE o.side WHEN 'buy' THEN 1 ELSE -1 END AS direction, t.quantity,
    t.fee, t.price * t.quantity * 1e8 AS value
  FROM trading_papertrade t JOIN trading_paperorder o ON o.id = t.order_id
  WHERE o.account_key = %(account)s
)
SELECT a.base_currency, coalesce((SELECT sum(m.amount) FROM trading_cashmovement m
    WHERE m.account_id = a.id AND m.currency IN ('', a.base_currency)), 0)
  - coalesce((SELECT sum(t.fee + t.direction * 1e-8 *
      CASE WHEN mod(t.value, 1) = 0.5 THEN 2 * round(t.value / 2) ELSE round(t.value) END)
    FROM traded t), 0)
  + coalesce((SELECT sum(s.cash_in_lieu) FROM trading_splitbooking s
    WHERE s.account_id = a.id), 0)
FROM trading_account a WHERE a.id = %(account)s
UNION ALL
SELECT i.symbol, sum(moved.quantity) FROM (
  SELECT instrument_key, direction * quantity AS quantity FROM traded
  UNION ALL
  SELECT instrument_id, quantity_after - quantity_before FROM trading_splitbooking
  WHERE account_id = %(account)s
) moved JOIN market_instrument i ON i.id = moved.instrument_key GROUP BY i.symbol
"""


class PaperExchange:
    """Places, cancels and reports. It shares the database's clock, so its delays are short.

    An account can switch it to refuse every order (`rejects_orders`), or not to answer at all
    (`is_out`); what rests is matched all the same.
    """

    delays = Delays(
        send_window=timedelta(seconds=2),
        clock_error=timedelta(0),
        query_lag=timedelta(0),
        between_queries=timedelta(seconds=1),
    )
    capabilities = Capabilities(
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        reduce_only=True,
    )

    def place(self, placing: Placing) -> Outcome:
        return placings.place(placing)

    def reports(self, *, orders: Iterable[Sent]) -> Mapping[str, Report]:
        asked = list(orders)
        trades = Prefetch("trades", PaperTrade.objects.order_by("id"))
        ids = [order.client_order_id for order in asked]
        with _answering(*(order.account_id for order in asked)):
            known = PaperOrder.objects.filter(client_order_id__in=ids)
            found = list(known.prefetch_related(trades))
        return {order.client_order_id: _report(order) for order in found}

    def cancel(self, *, order: Sent) -> None:
        asked = PaperOrder.objects.filter(client_order_id=order.client_order_id)
        with _answering(order.account_id):
            asked.filter(state=PaperOrder.State.OPEN).update(state=PaperOrder.State.CANCELED)

    def open_orders(self, *, account_id: UUID) -> tuple[FoundOrder, ...]:
        resting = PaperOrder.objects.filter(account_key=account_id, state=PaperOrder.State.OPEN)
        with _answering(account_id):
            orders = list(resting.order_by("id"))
            symbols = _symbols(order.instrument_key for order in orders)
        return tuple(_found(order, symbols[order.instrument_key]) for order in orders)

    def trades(self, *, account_id: UUID, since: datetime) -> tuple[FoundTrade, ...]:
        made = PaperTrade.objects.filter(order__account_key=account_id, at__gte=since)
        with _answering(account_id):
            trades = list(made.select_related("order").order_by("at", "id"))
            symbols = _symbols(trade.order.instrument_key for trade in trades)
        return tuple(_found_trade(trade, symbols[trade.order.instrument_key]) for trade in trades)

    def balances(self, *, account_id: UUID) -> Mapping[str, Decimal]:
        with _answering(account_id), connection.cursor() as cursor:
            cursor.execute(BALANCES, {"account": account_id})
            return {
                asset_of(symbol): quantity for symbol, quantity in cursor.fetchall() if quantity
            }

    def clock_offset(self, *, account_id: UUID) -> timedelta:
        """Nothing: it reads the database's clock, as the claims do."""
        with _answering(account_id):
            return timedelta(0)

    def arm_dead_man(self, *, account_id: UUID, timeout: timedelta) -> None:
        raise ExchangeUnavailable("The paper exchange has no dead-man timer.")


@contextmanager
def _answering(*account_ids: UUID) -> Iterator[None]:
    """A database that fails is an exchange that does not answer, and so is one switched off."""
    try:
        if Account.objects.filter(id__in=set(account_ids), is_out=True).exists():
            raise ExchangeUnavailable(placings.OUT)
        yield
    except DatabaseError as error:
        raise ExchangeUnavailable(f"The paper exchange did not answer: {error}") from error


def _symbols(instrument_ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Instrument.objects.filter(id__in=set(instrument_ids)).values_list("id", "symbol"))


def _report(order: PaperOrder) -> Report:
    return Report(
        client_order_id=order.client_order_id,
        exchange_order_id=str(order.id),
        state=OrderState(order.state),
        trades=tuple(_told(trade) for trade in order.trades.all()),
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
