"""A split changes quantities and prices, and nobody's money."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.models import Feed, Quote, Split
from tests.factories import NOW, make_desk, make_permission, make_quote, wall
from tests.trading.steps import approved, filled, sent
from trading.domain.exchange import Report
from trading.domain.splits import Part, divide, divided_price
from trading.domain.states import CancelState, OrderState, Source
from trading.models import (
    Account,
    CashMovement,
    Order,
    Position,
    PositionShare,
    Protection,
    SplitBooking,
)
from trading.selectors.replaying import replay_differences
from trading.services.fills import ingest
from trading.services.splits import SplitOutcome, book_splits
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

TOMORROW = date(2001, 3, 8)
"""The day after the market time of these tests."""
MORNING = NOW + timedelta(days=1)


def parts_of(*quantities, ratio, lot_size="1", price="10"):
    return divide(
        [Decimal(quantity) for quantity in quantities],
        ratio=Fraction(*ratio),
        lot_size=Decimal(lot_size),
        price=Decimal(price),
    )


def part(quantity, cash="0"):
    return Part(Decimal(quantity), Decimal(cash))


# -------------------------------------------------------------------------------------- arithmetic


def test_whole_lots_are_kept_and_nothing_is_paid():
    assert parts_of(10, 5, ratio=(2, 1)) == (part(20), part(10))


def test_the_fraction_of_a_lot_is_paid_for():
    assert parts_of(5, ratio=(1, 2), price="30") == (part(2, 15),)


def test_a_lot_of_two_owners_fractions_goes_to_the_larger_and_it_pays_the_other():
    assert parts_of("3", "1", ratio=(1, 4), price="8") == (part(1, -2), part(0, 2))


def test_equal_fractions_go_to_the_earlier_owner():
    assert parts_of(1, 1, ratio=(1, 2)) == (part(1, -5), part(0, 5))


def test_nothing_is_divided_among_nobody():
    assert parts_of(ratio=(2, 1)) == ()


def test_what_rounding_leaves_is_borne_by_the_largest_fraction():
    divided = parts_of(1, 1, 1, ratio=(1, 9), price="1")

    assert sum(each.cash for each in divided) == Decimal("0.33333333")


@pytest.mark.parametrize(
    ("price", "ratio", "after"),
    [
        ("90", (2, 1), "45"),
        ("90.01", (2, 1), "45.01"),
        ("10", (3, 1), "3.34"),
        ("5", (1, 3), "15"),
    ],
)
def test_a_price_is_divided_and_never_falls_below_its_part(price, ratio, after):
    divided = divided_price(Decimal(price), ratio=Fraction(*ratio), tick_size=Decimal("0.01"))

    assert divided == Decimal(after)


RATIOS = st.builds(Fraction, st.integers(1, 20), st.integers(1, 20))
OWNED = st.lists(st.decimals(min_value="0.001", max_value=5_000, places=3), max_size=6)
PRICES = st.decimals(min_value="0.01", max_value=5_000, places=2)


@given(OWNED, RATIOS, PRICES)
def test_all_together_keep_every_lot_and_are_paid_the_rest(quantities, ratio, price):
    parts = divide(quantities, ratio=ratio, lot_size=Decimal("0.5"), price=price)

    whole = sum(map(Fraction, quantities)) * ratio
    kept = Fraction(sum(each.quantity for each in parts))
    paid = Fraction(sum(each.cash for each in parts))
    assert 0 <= whole - kept < Fraction(1, 2)
    assert abs(paid - (whole - kept) * Fraction(price)) <= Fraction(1, 10**8)


@given(OWNED, RATIOS, PRICES)
def test_nobody_gets_a_lot_more_or_less_than_the_own_part(quantities, ratio, price):
    parts = divide(quantities, ratio=ratio, lot_size=Decimal(1), price=price)

    for quantity, each in zip(quantities, parts, strict=True):
        assert abs(Fraction(each.quantity) - Fraction(quantity) * ratio) < 1


@given(PRICES, RATIOS)
def test_a_stop_never_widens(price, ratio):
    divided = divided_price(price, ratio=ratio, tick_size=Decimal("0.01"))

    assert divided * ratio.numerator >= price * ratio.denominator


# ------------------------------------------------------------------------------------- the service


def make_split(desk, numerator=2, denominator=1, *, on=TOMORROW):
    return Split.objects.create(
        instrument=desk.instrument,
        effective_on=on,
        numerator=numerator,
        denominator=denominator,
    )


def booked(desk, *, on=TOMORROW):
    return book_splits(account_id=desk.account.id, on=on, now=MORNING, at=wall())


def outcomes(desk):
    return [answer.outcome for answer in booked(desk)]


def assert_whole(desk):
    """Cash and cost less what was realised are the deposits, and the journal tells all of it."""
    deposits = sum(CashMovement.objects.values_list("amount", flat=True))
    cash = Account.objects.get(id=desk.account.id).cash
    for lots in (Position.objects.all(), PositionShare.objects.all()):
        assert cash + sum(row.cost - row.realised for row in lots) == deposits
    assert replay_differences(account_id=desk.account.id) == ()


@pytest.mark.django_db
def test_a_split_is_booked_once():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_split(desk)

    assert outcomes(desk) == [SplitOutcome.BOOKED]
    assert booked(desk) == ()

    position, booking = Position.objects.get(), SplitBooking.objects.get()
    assert (position.quantity, position.cost) == (desk.share().quantity, 1000) == (20, 1000)
    assert (booking.quantity_before, booking.quantity_after, booking.cash_in_lieu) == (10, 20, 0)
    assert_whole(desk)


@pytest.mark.django_db
def test_a_split_is_journaled_with_every_share():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_split(desk)

    booked(desk)

    event = JournalEvent.objects.get(stream=account_stream(desk.account.id), kind="position.split")
    assert event.as_of == MORNING
    assert (event.payload["quantity_before"], event.payload["quantity_after"]) == ("10", "20")
    assert event.payload["shares"] == [
        {"permission": str(desk.permission.id), "quantity": "20", "cash": "0"}
    ]


@pytest.mark.django_db
def test_the_fraction_is_paid_for_at_the_price_of_a_new_share():
    desk = make_desk()
    filled(desk, desk.buy(5))
    make_split(desk, 1, 2)

    booked(desk)

    # One old share cost 100, so a new one is worth 200, and half of it is paid for.
    account = Account.objects.get(id=desk.account.id)
    assert account.cash == 100_000 - 500 + 100
    assert (desk.share().quantity, desk.share().cost, desk.share().realised) == (2, 400, 0)
    assert_whole(desk)


@pytest.mark.django_db
def test_a_price_of_the_new_session_is_a_new_share_s():
    desk = make_desk()
    filled(desk, desk.buy(5))
    make_split(desk, 1, 2)
    make_quote(desk.instrument, "220", as_of=MORNING)

    booked(desk)

    assert SplitBooking.objects.get().cash_in_lieu == 110


@pytest.mark.django_db
def test_shares_of_several_add_up_to_the_position():
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    filled(desk, desk.buy(3))
    filled(desk, replace(desk.buy(2, key="other"), permission_id=other.id))
    make_split(desk, 1, 2)

    booked(desk)

    shares = {share.permission_id: share.quantity for share in PositionShare.objects.all()}
    assert shares == {desk.permission.id: 1, other.id: 1}
    assert Position.objects.get().quantity == 2
    assert SplitBooking.objects.get().cash_in_lieu == 100
    assert_whole(desk)


@pytest.mark.django_db
def test_stops_and_targets_move_with_the_price():
    desk = make_desk()
    filled(desk, desk.buy(10, stop_loss=Decimal("90.01"), take_profit=Decimal(120)))
    make_split(desk)

    booked(desk)

    prices = dict(Protection.objects.values_list("kind", "price"))
    assert prices == {"stop_loss": Decimal("45.01"), "take_profit": 60}


@pytest.mark.django_db
def test_what_protected_a_share_that_is_gone_is_canceled():
    desk = make_desk()
    filled(desk, desk.buy(5))
    make_split(desk, 1, 10)

    booked(desk)

    assert Protection.objects.get().state == "CANCELED"
    assert (desk.share().quantity, desk.share().cost, desk.share().opened_at) == (0, 0, None)
    assert_whole(desk)


@pytest.mark.django_db
def test_an_order_that_was_not_sent_ends_and_the_split_is_booked():
    desk = make_desk()
    filled(desk, desk.buy(10))
    waiting = approved(desk, desk.sell(10))
    make_split(desk)

    assert outcomes(desk) == [SplitOutcome.BOOKED]

    waiting.refresh_from_db()
    assert waiting.state == OrderState.EXPIRED_LOCAL
    assert_whole(desk)


@pytest.mark.django_db
def test_an_order_at_the_exchange_is_canceled_first():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = sent(desk, desk.sell(10))
    make_split(desk)

    (answer,) = booked(desk)

    order.refresh_from_db()
    assert (answer.outcome, answer.orders) == (SplitOutcome.ORDERS_AT_WORK, (order.id,))
    assert (order.cancel_state, order.cancel_requested_by) == (CancelState.REQUESTED, "split")
    assert desk.share().quantity == 10


@pytest.mark.django_db
def test_asking_again_wishes_no_second_cancel_and_books_when_the_order_has_ended():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = sent(desk, desk.sell(10))
    make_split(desk)
    booked(desk)

    assert outcomes(desk) == [SplitOutcome.ORDERS_AT_WORK]
    wishes = JournalEvent.objects.filter(kind="order.cancel_requested").count()
    ingest(order_id=order.id, report=canceled(order), at=wall())

    assert wishes == 1
    assert outcomes(desk) == [SplitOutcome.BOOKED]
    assert_whole(desk)


def canceled(order):
    return Report(order.client_order_id, "x", OrderState.CANCELED, ())


@pytest.mark.django_db
def test_new_shares_are_not_split_again():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_split(desk, on=NOW.date())

    assert booked(desk) == ()
    assert desk.share().quantity == 10


@pytest.mark.django_db
def test_old_and_new_shares_together_are_left_to_a_person():
    desk = make_desk()
    filled(desk, desk.buy(10))
    PositionShare.objects.update(opened_at=NOW - timedelta(days=9))
    make_split(desk, on=NOW.date())

    assert outcomes(desk) == [SplitOutcome.TRADED_SINCE]
    assert desk.share().quantity == 10


@pytest.mark.django_db
def test_a_fraction_cannot_be_paid_without_a_price():
    desk = make_desk()
    filled(desk, desk.buy(5))
    make_split(desk, 1, 2)
    Quote.objects.all().delete()

    assert outcomes(desk) == [SplitOutcome.NO_PRICE]
    assert desk.share().quantity == 5


@pytest.mark.django_db
def test_whole_lots_need_no_price():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_split(desk)
    Quote.objects.all().delete()

    assert outcomes(desk) == [SplitOutcome.BOOKED]


@pytest.mark.django_db
def test_a_split_to_come_is_not_booked_and_one_that_was_missed_is():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_split(desk, on=TOMORROW)

    assert booked(desk, on=NOW.date()) == ()
    assert [answer.outcome for answer in booked(desk, on=TOMORROW + timedelta(days=3))] == [
        SplitOutcome.BOOKED
    ]


@pytest.mark.django_db
def test_a_replay_plays_todays_shares_and_has_no_splits():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_split(desk)
    stored = Feed.objects.create(name="stored", kind=Feed.Kind.STORED)
    Feed.objects.filter(name=desk.account.feed_id).update(kind=Feed.Kind.REPLAY, source=stored)

    assert booked(desk) == ()


@pytest.mark.django_db
def test_people_s_own_shares_are_split_too():
    desk = make_desk()
    by_hand = replace(desk.buy(10), permission_id=None, source=Source.PERSON)
    filled(desk, by_hand)
    make_split(desk, 3, 2)

    booked(desk)

    assert PositionShare.objects.get(permission=None).quantity == 15
    assert Order.objects.count() == 1
    assert_whole(desk)
