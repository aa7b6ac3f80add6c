"""What holds for every paper order on every path of quotes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.factories import NOW
from tests.trading.paper_orders import (
    BUY,
    FILLED,
    FOK,
    OPEN,
    TOUCH,
    at,
    led,
)
from trading.domain.states import OrderType, Side, TimeInForce

prices = st.decimals(min_value="0.01", max_value=300, places=2)
quotes = st.builds(
    lambda bid, spread, last, volume: replace(
        TOUCH, bid=bid, ask=bid + spread, last=last, volume=volume
    ),
    bid=prices,
    spread=st.decimals(min_value=0, max_value=5, places=2),
    last=prices,
    volume=st.decimals(min_value=0, max_value=1_000, places=0),
)


@st.composite
def orders(draw):
    kind = draw(st.sampled_from(OrderType))
    return replace(
        BUY,
        side=draw(st.sampled_from(Side)),
        order_type=kind,
        time_in_force=draw(st.sampled_from(TimeInForce)),
        quantity=Decimal(draw(st.integers(1, 500))),
        worst_price=draw(prices),
        limit_price=draw(prices) if kind.has_limit else None,
        stop_price=draw(prices) if kind.has_stop else None,
        good_until=NOW + timedelta(minutes=draw(st.integers(1, 6))),
        reduce_only=draw(st.booleans()),
        slippage_bps=draw(st.decimals(min_value=0, max_value=200, places=1)),
        participation_pct=draw(st.sampled_from([Decimal(100), Decimal(60), Decimal("7.5")])),
        fee_rate=draw(st.decimals(min_value=0, max_value="0.01", places=4)),
    )


paths = st.lists(quotes, min_size=1, max_size=6).map(
    lambda path: [
        replace(touch, as_of=NOW + timedelta(minutes=minute)) for minute, touch in enumerate(path)
    ]
)


@given(orders(), paths, st.integers(0, 600))
def test_no_order_trades_beyond_its_prices_its_quantity_or_its_lots(order, path, held):
    trades = [step.trade for step in led(order, *path, held=held) if step.trade]

    for trade in trades:
        assert trade.price > 0
        assert trade.price % TOUCH.tick_size == 0
        assert trade.quantity > 0
        assert trade.quantity % TOUCH.lot_size == 0
        assert trade.fee >= 0
        for bound in filter(None, (order.worst_price, order.limit_price)):
            assert trade.price <= bound if order.side is Side.BUY else trade.price >= bound
    assert sum(trade.quantity for trade in trades) <= order.quantity


@given(orders(), paths, st.integers(0, 600))
def test_a_taker_gets_no_better_price_than_the_touch_and_a_maker_its_own(order, path, held):
    for touch, step in zip(path, led(order, *path, held=held), strict=False):
        if step.trade is None:
            continue
        if step.trade.is_maker:
            assert step.trade.price in (order.limit_price, order.worst_price)
        elif order.side is Side.BUY:
            assert step.trade.price >= touch.ask
        else:
            assert step.trade.price <= touch.bid


@given(orders(), paths, st.integers(0, 600))
def test_an_order_takes_no_more_than_its_part_of_the_volume(order, path, held):
    assume(order.participation_pct < 100)

    for touch, step in zip(path, led(order, *path, held=held), strict=False):
        part = touch.volume * order.participation_pct / 100
        assert step.trade is None or step.trade.quantity <= part


@given(orders(), paths, st.integers(0, 600))
def test_an_order_ends_filled_if_and_only_if_all_of_it_traded(order, path, held):
    last = led(order, *path, held=held)[-1]

    assert (last.state is FILLED) is (last.order.left == 0)


@given(orders(), paths, st.integers(0, 600))
def test_all_or_nothing_trades_all_at_once_or_nothing(order, path, held):
    found = led(replace(order, time_in_force=FOK), *path, held=held)

    quantities = [step.trade.quantity for step in found if step.trade]
    assert quantities in ([], [order.quantity])


@given(orders(), paths, st.integers(0, 600))
def test_a_reduce_only_order_never_sells_more_than_is_held(order, path, held):
    order = replace(order, side=Side.SELL, reduce_only=True)

    found = led(order, *path, held=held)

    assert sum(step.trade.quantity for step in found if step.trade) <= held


@given(orders(), paths, st.integers(0, 600))
def test_no_stop_trades_before_its_price_was_the_last(order, path, held):
    assume(order.order_type.has_stop)
    reached = [
        touch.last >= order.stop_price
        if order.side is Side.BUY
        else touch.last <= order.stop_price
        for touch in path
    ]

    for number, step in enumerate(led(order, *path, held=held)):
        is_open = step.state is OPEN
        assert step.order.is_triggered is any(reached[: number + 1]) or not is_open
        assert step.trade is None or any(reached[: number + 1])


@given(orders(), paths, st.integers(0, 600))
def test_the_same_quote_again_changes_nothing(order, path, held):
    found = led(order, *path, held=held)[-1]
    assume(found.state is OPEN)

    again = at(path[-1], found.order, held=1_000)

    assert (again.state, again.order, again.trade) == (OPEN, found.order, None)


@given(orders(), paths, st.integers(0, 600))
def test_the_same_order_on_the_same_path_is_led_the_same_way(order, path, held):
    assert led(order, *path, held=held) == led(order, *path, held=held)
