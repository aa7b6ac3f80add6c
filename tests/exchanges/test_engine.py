"""Whatever happens, no money appears or vanishes, and the log says where it went."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges.books import ladder
from tests.exchanges.engine import CLIENT, Engine
from tests.exchanges.exchange import Exchange
from tests.exchanges.log import ExchangeLog
from tests.exchanges.record import Record
from tests.exchanges.state import Tweak
from tests.exchanges.terms import CONDITIONAL, PRICED, Refused, Status, Terms

NAME = "BTCUSDT"
TYPES = ("MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT")

prices = st.integers(55_000, 65_000).map(Decimal)
placing = st.tuples(
    st.just("place"),
    st.sampled_from(TYPES),
    st.sampled_from(("BUY", "SELL")),
    st.integers(20, 60_000).map(lambda lots: lots * Decimal("0.00001")),
    prices,
    prices,
    st.sampled_from(("GTC", "IOC", "FOK")),
    st.sampled_from((None, Tweak(fraction=Decimal("0.4")), Tweak(pieces=3))),
)
moving = st.tuples(st.just("move"), prices, st.sampled_from(("0.05", "1000")).map(Decimal))
canceling = st.tuples(st.just("cancel"), st.integers(0, 5))
filling = st.tuples(st.just("fill"), st.integers(0, 5), st.sampled_from(("0.0001", "9")))
paying = st.tuples(st.just("fee"), st.sampled_from(("received", "base", "quote", "BNB", "XRP")))
steps = st.lists(st.one_of(placing, moving, canceling, filling, paying), max_size=25)


def carry_out(engine: Engine, number: int, step: tuple[Any, ...]) -> None:
    account = engine.accounts["main"]
    match step:
        case ("place", type_, side, quantity, price, stop, time_in_force, tweak):
            terms = Terms(
                symbol=NAME,
                side=side,
                type=type_,
                quantity=quantity,
                client_order_id=f"mine-{number}",
                time_in_force=time_in_force if type_ in PRICED - {"LIMIT_MAKER"} else "GTC",
                price=price if type_ in PRICED else None,
                stop_price=stop if type_ in CONDITIONAL else None,
            )
            engine.place(account=account, terms=terms, tweak=tweak)
        case ("move", price, size):
            tick = engine.markets[NAME].symbol.tick
            engine.move(NAME, ladder(price=price, tick=tick, size=size, levels=2))
        case ("cancel", place):
            for order in engine.open_orders()[place : place + 1]:
                engine.cancel(order, by=CLIENT)
        case ("fill", place, quantity):
            for order in engine.open_orders()[place : place + 1]:
                engine.fill(order, quantity=Decimal(quantity))
        case ("fee", asset):
            account.fee_in = asset


def played(steps: list[tuple[Any, ...]]) -> Exchange:
    exchange = Exchange(record=Record(None), seed=1)
    exchange.engine.drift(exchange.engine.accounts["main"], asset="BNB", amount=Decimal("0.002"))
    for number, step in enumerate(steps):
        try:
            carry_out(exchange.engine, number, step)
        except (Refused, ValueError):
            continue
    return exchange


@given(steps)
def test_balances_are_what_the_trades_and_fees_made_of_them(steps):
    engine = played(steps).engine

    held = defaultdict(Decimal, USDT=Decimal(100_000), BTC=Decimal(1), BNB=Decimal("0.002"))
    for trade in engine.trades:
        sign = 1 if trade.order.terms.side == "BUY" else -1
        held["BTC"] += sign * trade.quantity
        held["USDT"] -= sign * trade.quantity * trade.price
        held[trade.fee_asset] -= trade.fee
    balances = engine.accounts["main"].balances
    assert {asset: balances[asset].free + balances[asset].locked for asset in held} == dict(held)
    assert all(balance.free >= 0 for balance in balances.values())


@given(steps)
def test_what_is_locked_is_what_open_orders_hold(steps):
    engine = played(steps).engine

    locked = defaultdict(Decimal)
    for order in engine.open_orders():
        locked["USDT" if order.terms.side == "BUY" else "BTC"] += order.locked
    balances = engine.accounts["main"].balances
    assert {asset: balances[asset].locked for asset in ("USDT", "BTC")} == {
        asset: locked[asset] for asset in ("USDT", "BTC")
    }


@given(steps)
def test_an_order_has_filled_what_its_trades_add_up_to(steps):
    engine = played(steps).engine

    for order in engine.orders.values():
        mine = [trade for trade in engine.trades if trade.order.id == order.id]
        assert order.filled == sum(trade.quantity for trade in mine) <= order.terms.quantity
        assert order.cost == sum(trade.quantity * trade.price for trade in mine)
        assert (order.status is Status.FILLED) == (order.filled == order.terms.quantity)


@given(steps)
def test_nobody_pays_more_than_their_limit(steps):
    for trade in played(steps).engine.trades:
        limit = trade.order.terms.price
        if limit is not None:
            is_buy = trade.order.terms.side == "BUY"
            assert trade.price <= limit if is_buy else trade.price >= limit


@given(steps)
def test_the_log_alone_tells_orders_trades_and_balances(steps):
    exchange = played(steps)
    engine, log = exchange.engine, ExchangeLog(exchange.record.events)

    told = {each.order_id: (each.status, each.filled) for each in log.orders()}
    assert told == {each.id: (each.status.value, each.filled) for each in engine.orders.values()}
    assert [each.trade_id for each in log.trades()] == [each.id for each in engine.trades]
    balances = engine.accounts["main"].balances
    assert log.balances("main") == {
        asset: balance.free + balance.locked for asset, balance in balances.items()
    }
