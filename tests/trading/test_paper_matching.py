"""How the paper exchange brings its orders to a quote: whom, when, and in how few statements."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.domain.ticks import Tick
from market.selectors.quotes import quotes
from tests.contracts.venues import PaperVenue
from tests.factories import NOW, make_instrument, make_quote, wall
from tests.racing import race
from trading.domain.states import OrderType, Side, TimeInForce
from trading.exchanges.paper import match
from trading.models import Account, CashMovement, PaperOrder, PaperTrade

pytestmark = pytest.mark.django_db

GTC, DAY = TimeInForce.GTC, TimeInForce.DAY
REDUCING = {"side": Side.SELL, "reduce_only": True, "worst_price": "50"}


@pytest.fixture
def venue():
    return PaperVenue()


def place(venue, number=1, **terms):
    """The order at the exchange."""
    outcome = venue.exchange.place(venue.placing(number, **terms))
    return PaperOrder.objects.get(id=int(outcome.exchange_order_id))


def limit(price, time_in_force=GTC, **terms):
    kind = {"order_type": OrderType.LIMIT, "time_in_force": time_in_force}
    return kind | {"limit_price": price} | terms


def stop(price, **terms):
    return {"order_type": OrderType.STOP, "time_in_force": GTC, "stop_price": price} | terms


def bought(venue, quantity="10", number=100):
    """So many are held."""
    order = place(venue, number, quantity=quantity)
    venue.trade()
    order.refresh_from_db()
    assert order.state == "FILLED"


def again(order):
    order.refresh_from_db()
    return order


def sold():
    return sum(PaperTrade.objects.filter(order__side="sell").values_list("quantity", flat=True))


# ------------------------------------------------------------------------------------ latency


def test_without_latency_an_order_can_match_at_once(venue):
    order = place(venue)
    before_it_was_placed = order.placed_at - timedelta(seconds=1)

    feed = venue.account.feed_id
    match(feed_name=feed, quotes=quotes(feed=feed), now=NOW, at=before_it_was_placed)

    assert again(order).state == "FILLED"


def test_an_order_does_not_match_before_its_latency_has_passed(venue):
    Account.objects.update(latency_ms=1500)
    order = place(venue)
    feed, states = venue.account.feed_id, []

    for milliseconds in (1499, 1500):
        at = order.placed_at + timedelta(milliseconds=milliseconds)
        match(feed_name=feed, quotes=quotes(feed=feed), now=NOW, at=at)
        states.append(again(order).state)

    assert states == ["OPEN", "FILLED"]


# -------------------------------------------------------------------------------- trades, parts


def test_parts_are_numbered_and_stand_at_their_own_market_time(venue):
    order = place(venue, **limit("95"))
    for _ in range(3):
        venue.move("95", quantity="4")

    trades = PaperTrade.objects.order_by("id")
    name = order.client_order_id
    assert [trade.trade_id for trade in trades] == [f"{name}-1", f"{name}-2", f"{name}-3"]
    assert [trade.quantity for trade in trades] == [4, 4, 2]
    assert [trade.as_of - NOW for trade in trades] == [
        timedelta(minutes=minutes) for minutes in (1, 2, 3)
    ]
    assert (again(order).state, order.fills, order.filled_quantity) == ("FILLED", 3, 10)


def test_makers_and_takers_pay_their_own_rates(venue):
    Account.objects.update(maker_fee_rate=Decimal("0.0002"), slippage_bps=0)
    place(venue, 1, **limit("95"))
    venue.move("95.01")
    place(venue, 2)

    venue.move("95")

    maker, taker = PaperTrade.objects.order_by("id")
    assert (maker.is_maker, maker.price, maker.fee) == (True, 95, Decimal("0.19"))
    assert (taker.is_maker, taker.fee) == (False, taker.price * 10 * Decimal("0.001"))


def test_one_quote_gives_its_part_once_however_often_it_is_matched(venue):
    order = place(venue, **limit("95"))
    venue.move("95", quantity="4")

    for _ in range(3):
        venue.trade()

    assert again(order).filled_quantity == 4


def test_a_tick_of_the_engine_is_as_good_as_a_stored_quote(venue):
    order = place(venue, **limit("95"))
    price, key = Decimal(95), venue.instrument.id
    tick = Tick(key, "AAPL", price, price, price, Decimal(8), NOW)

    for _ in range(2):
        match(feed_name=venue.account.feed_id, quotes={key: tick}, now=NOW, at=wall())

    assert again(order).filled_quantity == 4


def test_a_stop_that_was_triggered_is_remembered(venue):
    order = place(venue, **stop("105", worst_price="106"))

    venue.move("110")
    after_the_gap = again(order).state, order.is_triggered
    venue.move("104")

    assert after_the_gap == ("OPEN", True)
    assert again(order).state == "FILLED"


# --------------------------------------------------------------------------------- times in force


def test_a_day_order_expires_without_a_quote_and_before_it_has_arrived(venue):
    Account.objects.update(latency_ms=60_000)
    ends = {"good_until": NOW + timedelta(minutes=5)}
    day = place(venue, 1, **limit("95", DAY), **ends)
    longer = place(venue, 2, **limit("95", GTC), **ends)

    match(feed_name="prices", quotes={}, now=NOW + timedelta(minutes=5), at=wall())

    assert (again(day).state, again(longer).state) == ("EXPIRED", "OPEN")


# ------------------------------------------------------------------------------------ reduce-only


def test_two_exits_of_one_position_sell_it_once(venue):
    bought(venue)
    first = place(venue, 1, **stop("95"), **REDUCING)
    second = place(venue, 2, **stop("95"), **REDUCING)

    venue.move("94")

    assert (again(first).state, again(second).state) == ("FILLED", "CANCELED")
    assert sold() == 10


def test_what_another_order_sold_is_no_longer_there(venue):
    bought(venue)
    protecting = place(venue, 1, **stop("95"), **REDUCING)
    place(venue, 2, **REDUCING | {"quantity": "6"})
    venue.trade()

    venue.move("94")

    assert (again(protecting).state, protecting.filled_quantity) == ("CANCELED", 4)
    assert sold() == 10


def test_what_was_bought_a_moment_ago_can_be_sold(venue):
    place(venue, 1)
    exit_of_it = place(venue, 2, **REDUCING)

    venue.trade()

    assert again(exit_of_it).state == "FILLED"


def test_holdings_of_another_account_or_instrument_are_not_sold(venue):
    msft = make_instrument("MSFT")
    make_quote(msft, "100", volume="1000000")
    place(venue, 101, account_id=venue.another_account())
    place(venue, 102, instrument_id=msft.id)
    order = place(venue, 1, **REDUCING)

    venue.trade()

    assert PaperTrade.objects.filter(order__side="buy").count() == 2
    assert (again(order).state, sold()) == ("CANCELED", 0)


# --------------------------------------------------------------------------------- balances


TIES = [("0.5", "0"), ("1.5", "2"), ("2.5", "2"), ("3.5", "4"), ("2.4999", "2"), ("2.5001", "3")]


@pytest.mark.parametrize(("price", "value"), TIES)
@pytest.mark.parametrize("side", Side)
def test_balances_round_each_trade_as_it_is_booked(venue, price, value, side):
    before = venue.exchange.balances(account_id=venue.account.id)["USD"]
    trades, unit = place(venue, side=side).trades, Decimal("0.00000001")
    amounts = {"quantity": 1, "price": Decimal(price) * unit, "fee": Decimal(3)}
    trades.create(trade_id="small", **amounts, as_of=NOW, at=wall())

    after = venue.exchange.balances(account_id=venue.account.id)["USD"]

    sign = -1 if side is Side.BUY else 1
    assert after - before == sign * Decimal(value) * unit - 3


def test_money_in_another_currency_is_not_the_accounts_own(venue):
    before = venue.exchange.balances(account_id=venue.account.id)
    CashMovement.objects.create(
        account=venue.account, amount=Decimal(5), currency="BNB", reason="Fees", at=wall()
    )

    assert venue.exchange.balances(account_id=venue.account.id) == before


# -------------------------------------------------------------------------------- few statements


def thousand(venue, **terms):
    """A thousand of the same order, as rows."""
    sample = place(venue, 1_000, **terms)
    names = [f.name for f in PaperOrder._meta.fields if f.name not in ("id", "client_order_id")]
    values = {name: getattr(sample, name) for name in names}
    PaperOrder.objects.bulk_create(
        PaperOrder(client_order_id=f"tfp{number}", **values) for number in range(999)
    )


def queries_of_a_match(venue):
    feed = venue.account.feed_id
    found = quotes(feed=feed)
    with CaptureQueriesContext(connection) as captured:
        match(feed_name=feed, quotes=found, now=venue.now, at=wall())
    return [query["sql"].strip() for query in captured]


def test_a_thousand_orders_that_trade_in_parts_take_a_handful_of_statements(venue):
    bought(venue, "40000")
    thousand(venue, **limit("105"), **REDUCING)
    venue.move("105", quantity="4")
    venue.now += timedelta(minutes=1)
    make_quote(venue.instrument, "105", volume="8", as_of=venue.now)

    statements = queries_of_a_match(venue)

    parts = PaperTrade.objects.filter(order__side="sell")
    assert (parts.count(), sold()) == (2_000, 8_000)
    # Its own transaction, and eight: are there any, lock, steps, last trades, holdings, two
    # writes, and the word to the sender.
    assert len([sql for sql in statements if "SAVEPOINT" not in sql]) == 8


def test_orders_that_nothing_happens_to_are_read_and_not_written(venue):
    place(venue, **limit("95"))
    venue.move("96")

    statements = queries_of_a_match(venue)

    assert not [sql for sql in statements if sql.startswith(("UPDATE", "INSERT", "NOTIFY"))]


# -------------------------------------------------------------------------------------- races


@pytest.mark.django_db(transaction=True)
def test_eight_matchers_give_an_order_one_part_of_one_quote(venue):
    order = place(venue, **limit("95"))
    feed = venue.account.feed_id
    make_quote(venue.instrument, "95", volume="8")

    made = race(
        8, lambda _: match(feed_name=feed, quotes=quotes(feed=feed), now=venue.now, at=wall())
    )

    assert sorted(made) == [0] * 7 + [1]
    assert (again(order).filled_quantity, PaperTrade.objects.count()) == (4, 1)


@pytest.mark.django_db(transaction=True)
def test_eight_matchers_sell_a_position_once(venue):
    bought(venue)
    for number in range(4):
        place(venue, number, **REDUCING)
    feed = venue.account.feed_id

    race(8, lambda _: match(feed_name=feed, quotes=quotes(feed=feed), now=venue.now, at=wall()))

    assert sold() == 10
