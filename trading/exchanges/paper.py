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
    Delays,
    ExchangeUnavailable,
    Outcome,
    OutcomeKind,
    Placing,
    Report,
    Trade,
)
from trading.domain.matching import Match, Resting, Touch
from trading.domain.matching import match as matched
from trading.domain.states import OrderState, Side
from trading.models import PaperOrder, PaperTrade
from tradingfarm.kernel.statements import Values

# One statement, and no transaction around it: one call reads the clock, writes the order and
# commits it, so that no process that was paused in between can let an order appear later.
PLACE = """
INSERT INTO trading_paperorder (client_order_id, account_key, feed_name, instrument_key, side,
    quantity, worst_price, filled_quantity, fee_rate, slippage_bps, seed, state, placed_at)
SELECT %(client_order_id)s, a.id, a.feed_id, %(instrument)s, %(side)s, %(quantity)s,
    %(worst_price)s, 0, a.fee_rate, a.slippage_bps, a.seed, 'OPEN', clock_timestamp()
FROM trading_account a
WHERE a.id = %(account)s AND clock_timestamp() <= %(deadline)s
ON CONFLICT (client_order_id) DO NOTHING
RETURNING id
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

    def reports(self, *, client_order_ids: Iterable[str]) -> Mapping[str, Report]:
        trades = Prefetch("trades", PaperTrade.objects.order_by("id"))
        asked = PaperOrder.objects.filter(client_order_id__in=list(client_order_ids))
        with _answering():
            orders = list(asked.prefetch_related(trades))
        return {order.client_order_id: _report(order) for order in orders}

    def open_orders(self, *, account_id: UUID) -> tuple[str, ...]:
        orders = PaperOrder.objects.filter(account_key=account_id, state=PaperOrder.State.OPEN)
        with _answering():
            return tuple(orders.order_by("id").values_list("client_order_id", flat=True))

    def cancel(self, *, client_order_id: str) -> None:
        order = PaperOrder.objects.filter(client_order_id=client_order_id)
        with _answering():
            order.filter(state=PaperOrder.State.OPEN).update(state=PaperOrder.State.CANCELED)


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
        "worst_price": placing.worst_price,
        "deadline": placing.deadline,
    }


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
        trades=tuple(
            Trade(trade.trade_id, trade.quantity, trade.price, trade.fee, trade.as_of)
            for trade in order.trades.all()
        ),
    )
