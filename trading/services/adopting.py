"""Orders and trades at the exchange that nobody here made: taken into the book as EXTERNAL.

They count like any other in cash and positions, belong to no agent, and freeze their instrument
for entries until a person has looked at them. Nothing is ever traded to undo them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid5

from market.models import Instrument
from trading.domain.exchange import FoundOrder, FoundTrade, Report
from trading.domain.requests import external_order_id
from trading.domain.states import BreakerKind, OrderState, OrderType, Source, TimeInForce
from trading.models import Account, Order
from trading.services.breakers import trip
from trading.services.orders import lock_owned
from trading.services.recovery import ingest_or_halt
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class Strange:
    """What was found in a symbol that no instrument of ours has: it cannot be booked."""

    symbol: str
    exchange_order_id: str


def adopt_order(
    *, account: Account, found: FoundOrder, token: int, now: datetime, at: datetime
) -> Order | Strange:
    """Take an open order that is not ours into the book; the same one again changes nothing.

    `now` is market time, `at` wall time. Raises OwnershipLost.
    """
    return _adopt(account, found, found.client_order_id, token=token, now=now, at=at)


def adopt_trades(
    *,
    account: Account,
    trades: Sequence[FoundTrade],
    token: int,
    now: datetime,
    at: datetime,
) -> Order | Strange:
    """Take the trades of one order that is not ours, and rests no more, into the book.

    Raises OwnershipLost. What would sell more than is held halts the account instead.
    """
    first = trades[0]
    order = _adopt(
        account,
        FoundOrder(
            client_order_id=first.client_order_id,
            exchange_order_id=first.exchange_order_id,
            symbol=first.symbol,
            side=first.side,
            quantity=sum((each.trade.quantity for each in trades), ZERO),
            filled_quantity=ZERO,
            order_type=OrderType.LIMIT,
            limit_price=first.trade.price,
            placed_at=first.trade.as_of,
        ),
        first.client_order_id,
        token=token,
        now=now,
        at=at,
    )
    if isinstance(order, Strange):
        return order
    _grow(order, trades)
    report = Report(
        client_order_id=order.client_order_id,
        exchange_order_id=first.exchange_order_id,
        state=OrderState.FILLED,
        trades=tuple(each.trade for each in trades),
    )
    ingest_or_halt(order=order, report=report, at=at, token=token)
    return order


def _grow(order: Order, trades: Sequence[FoundTrade]) -> None:
    """An order that was adopted by its first trades is as large as all that it has traded."""
    traded = order.filled_quantity + sum((each.trade.quantity for each in trades), ZERO)
    if traded > order.quantity:
        Order.objects.filter(id=order.id, source=Source.EXTERNAL).update(quantity=traded)


def _adopt(
    account: Account,
    found: FoundOrder,
    their_client_id: str,
    *,
    token: int,
    now: datetime,
    at: datetime,
) -> Order | Strange:
    instrument = _instrument(account, found.symbol)
    if instrument is None:
        return Strange(found.symbol, found.exchange_order_id)
    key = f"external:{found.exchange_order_id}"
    with transaction():
        locked = lock_owned(account_id=account.id, token=token)
        order, is_new = Order.objects.get_or_create(
            id=uuid5(account.id, key),
            defaults={
                "account": locked,
                "instrument": instrument,
                "intent_key": key,
                "client_order_id": _client_id(account, found, their_client_id),
                "exchange_order_id": found.exchange_order_id,
                "source": Source.EXTERNAL,
                "side": found.side,
                "order_type": OrderType.LIMIT if found.limit_price else OrderType.MARKET,
                "limit_price": found.limit_price,
                "time_in_force": TimeInForce.GTC,
                "quantity": found.quantity,
                "expected_price": found.limit_price or ZERO,
                "worst_price": found.limit_price or ZERO,
                "state": OrderState.OPEN,
                "epoch": locked.epoch,
                "as_of": now,
                "approved_at": at,
                "attempt_at": found.placed_at,
                "expires_at": at,
            },
        )
        if is_new:
            _tell(locked, order, instrument, now=now, at=at)
    return order


def _instrument(account: Account, symbol: str) -> Instrument | None:
    """The account's own venue first, else any that is called so."""
    named = list(Instrument.objects.filter(symbol=symbol).order_by("venue"))
    at_venue = [each for each in named if each.venue.lower() == account.exchange.lower()]
    return next(iter(at_venue or named), None)


def _client_id(account: Account, found: FoundOrder, theirs: str) -> str:
    """The venue's own where it fits, so that it is found by it; else one made of its id there."""
    fits = 0 < len(theirs) <= 32 and not Order.objects.filter(client_order_id=theirs).exists()
    return theirs if fits else external_order_id(account.id, found.exchange_order_id)


def _tell(
    account: Account, order: Order, instrument: Instrument, *, now: datetime, at: datetime
) -> None:
    record(
        stream=account_stream(account.id),
        kind="order.external",
        actor="exchange",
        subject=f"order:{order.id}",
        payload={
            "order": order.id,
            "exchange_order_id": order.exchange_order_id,
            "instrument": instrument.id,
            "symbol": instrument.symbol,
            "side": order.side,
            "quantity": order.quantity,
        },
        at=at,
        as_of=now,
    )
    trip(
        account=account,
        kind=BreakerKind.EXTERNAL_ACTIVITY,
        number=f"order {order.exchange_order_id}"[:60],
        limit="ours alone",
        instrument_id=instrument.id,
        now=now,
        at=at,
    )
