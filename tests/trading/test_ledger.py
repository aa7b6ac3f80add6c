"""What trades do to lots: exact in whichever currency the fee is taken, and nothing ever flips."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.booking import Share, Standing, book
from trading.domain.exchange import Trade
from trading.domain.fees import Charged, Currencies, charge
from trading.domain.ledger import (
    EMPTY,
    Lot,
    Oversold,
    TradeReport,
    cost_of,
    freed,
    hand_over,
    rounded,
    split,
    trade,
)
from trading.domain.states import Side

COIN = UUID(int=1)
ADA, BOB = UUID(int=7), UUID(int=8)
NOW = datetime(2001, 3, 7, 15, 30, tzinfo=UTC)
CURRENCIES = Currencies(own=frozenset({"USDT"}), asset="BTC", rates={"BNB": Decimal(300)})
PLACE = Decimal("0.00000001")


def amount(number):
    return Decimal(str(number))


def lot(quantity, cost="0", realised="0", fees="0"):
    return Lot(*(amount(number) for number in (quantity, cost, realised, fees)))


def bought(quantity, price, fee="0", **more):
    return report(Side.BUY, quantity, price, fee, more)


def sold(quantity, price, fee="0", **more):
    return report(Side.SELL, quantity, price, fee, more)


def report(side, quantity, price, fee, more):
    elsewhere = {name: amount(number) for name, number in more.items()}
    return TradeReport(COIN, side, amount(quantity), amount(price), amount(fee), **elsewhere)


def traded(quantity, price, fee="0", currency="", *, trade_id="t1"):
    return Trade(trade_id, amount(quantity), amount(price), amount(fee), NOW, currency)


def charged(side, reported, *, free="0"):
    return charge(
        reported, instrument_id=COIN, side=side, currencies=CURRENCIES, free=amount(free)
    )


def standing(side=Side.BUY, *, held=EMPTY, share=None, **changes):
    values = {
        "instrument_id": COIN,
        "side": side,
        "quantity": Decimal(10),
        "position": held,
        "share": share or Share(held),
    }
    return Standing(**(values | changes))


def booked(before, reported):
    return book(before, reported, currencies=CURRENCIES)


# ------------------------------------------------------------------------------------ one trade


def test_a_buy_costs_its_price_and_its_fee():
    after = trade(EMPTY, bought(3, "33.33", "0.1"))

    assert after == lot(3, "100.09", fees="0.1")


def test_a_sell_realises_its_proceeds_less_the_cost_in_proportion():
    after = trade(lot(10, 1_001), sold(4, 110, "0.5"))

    assert after == lot(6, "600.6", "39.1", "0.5")


def test_the_last_sell_takes_all_cost_that_is_left():
    after = trade(trade(lot(3, 100), sold(1, 50)), sold(1, 50))

    assert after.cost == amount("33.33333333")
    assert trade(after, sold(1, 50)) == lot(0, 0, 50)


def test_the_cost_removed_is_rounded_once_half_to_even():
    assert cost_of(lot(3, 100), Decimal(1)) == amount("33.33333333")
    assert cost_of(lot(2, "0.00000001"), Decimal(1)) == 0
    assert cost_of(lot(2, "0.00000003"), Decimal(1)) == amount("0.00000002")


def test_the_value_of_a_trade_is_rounded_once_half_to_even():
    assert bought("0.00000001", "0.5").value == 0
    assert bought("0.00000003", "0.5").value == amount("0.00000002")


def test_numbers_that_fill_the_whole_column_are_not_rounded():
    huge = amount("98765432109876543210.123456789012345678")

    after = trade(lot(huge, 1), sold("0.000000000000000001", 1))

    assert after.quantity == amount("98765432109876543210.123456789012345677")


def test_more_cannot_be_sold_than_is_held():
    with pytest.raises(Oversold, match="11 sold of 10 held"):
        trade(lot(10, 100), sold(11, 100))


def test_a_fee_in_what_is_traded_counts_as_sold_too():
    with pytest.raises(Oversold, match=r"10\.1 sold of 10 held"):
        trade(lot(10, 100), sold(10, 100, fee_quantity="0.1"))


def test_a_fee_in_what_is_bought_leaves_less_of_it_at_the_same_cost():
    after = trade(EMPTY, bought(2, 100, fee_quantity="0.002"))

    assert after == lot("1.998", 200, fees="0.2")


def test_a_fee_in_what_is_sold_takes_more_of_it():
    after = trade(lot(10, 500), sold(4, 100, fee_quantity="1"))

    assert after == lot(5, 250, realised=150, fees=100)


def test_a_fee_taken_elsewhere_costs_no_cash_and_lowers_the_profit():
    buy, sell = bought(1, 100, fee_elsewhere=3), sold(1, 110, fee_elsewhere=2)

    after = trade(trade(EMPTY, buy), sell)

    assert (buy.cash_change, sell.cash_change) == (-100, 110)
    assert after == lot(0, 0, realised=5, fees=5)


def test_a_rebate_lowers_the_cost_and_raises_the_proceeds():
    after = trade(trade(EMPTY, bought(2, 100, "-1")), sold(1, 100, "-0.5"))

    assert after == lot(1, "99.5", realised="1", fees="-1.5")


# --------------------------------------------------------------------- where the fee is taken from


@pytest.mark.parametrize("currency", ["", "USDT"])
def test_a_fee_in_the_accounts_currency_is_cash(currency):
    assert charged(Side.BUY, traded(1, 100, "0.1", currency)) == Charged(bought(1, 100, "0.1"))


def test_a_fee_with_more_places_than_the_book_is_rounded_once():
    paid = charged(Side.BUY, traded(1, 100, "0.123456785"))

    assert paid.report.fee == amount("0.12345678")


def test_a_fee_in_what_is_traded_is_taken_from_the_quantity():
    assert charged(Side.BUY, traded(1, 100, "0.001", "BTC")) == Charged(
        bought(1, 100, fee_quantity="0.001")
    )


def test_a_fee_in_a_third_currency_is_owed_there_and_valued_here():
    assert charged(Side.SELL, traded(1, 100, "0.01", "BNB")) == Charged(
        sold(1, 100, fee_elsewhere=3), owed=amount("0.01")
    )


def test_a_fee_in_a_currency_without_a_price_is_worth_nothing_and_says_so():
    assert charged(Side.BUY, traded(1, 100, "5", "XYZ")) == Charged(
        bought(1, 100), owed=Decimal(5), is_valued=False
    )


def test_a_rebate_in_a_third_currency_raises_the_balance():
    paid = charged(Side.BUY, traded(1, 100, "-0.01", "BNB"))

    assert (paid.owed, paid.report.fees) == (amount("-0.01"), -3)


def test_a_sell_bears_a_fee_from_what_is_left_free():
    assert charged(Side.SELL, traded(9, 100, "1", "BTC"), free="1").report.fee_quantity == 1


def test_what_a_sell_cannot_bear_is_owed_instead_of_flipping_the_position():
    paid = charged(Side.SELL, traded(10, 100, "0.1", "BTC"), free="0.09")

    assert paid == Charged(sold(10, 100, fee_elsewhere=10), owed=amount("0.1"))


@pytest.mark.parametrize(("side", "fee"), [(Side.BUY, "1"), (Side.SELL, "-1")])
def test_a_fee_as_large_as_the_trade_does_not_turn_it_round(side, fee):
    paid = charged(side, traded(1, 100, fee, "BTC"))

    assert (paid.report.fee_quantity, paid.owed) == (0, amount(fee))


# --------------------------------------------------------------------------------- a whole booking


def test_a_buy_moves_the_position_the_share_and_the_order_together():
    before = standing(reserved_cash=Decimal(1_000))

    after = booked(before, traded(4, 100, "0.4")).after

    assert after.position == after.share.lot == lot(4, "400.4", fees="0.4")
    assert (after.filled_quantity, after.filled_value, after.fees) == (4, 400, amount("0.4"))
    assert after.reserved_cash == 600
    assert after.share.opened_at == NOW


def test_a_sell_that_empties_a_share_closes_it_and_gives_its_offer_back():
    share = Share(lot(10, 900), offered=Decimal(10), opened_at=NOW)
    before = standing(Side.SELL, held=lot(30, 3_000), share=share, offers=True)

    done = booked(before, traded(10, 100))

    assert done.realised == 100
    assert done.after.share == Share(lot(0, 0, 100))
    assert done.after.position == lot(20, 2_000, realised=0)


def test_a_late_fill_of_an_order_that_has_ended_frees_nothing():
    share = Share(lot(10, 900), offered=Decimal(3), opened_at=NOW)
    before = standing(Side.SELL, held=share.lot, share=share)

    done = booked(before, traded(4, 100))

    assert (done.freed_cash, done.after.share.offered) == (0, 3)


def test_a_share_stays_open_since_its_first_buy():
    early = datetime(2001, 3, 1, tzinfo=UTC)
    before = standing(share=Share(lot(1, 1), opened_at=early), held=lot(1, 1))

    assert booked(before, traded(1, 1)).after.share.opened_at == early


def test_a_fee_in_the_asset_never_takes_what_another_sell_has_offered():
    share = Share(lot(10, 900), offered=Decimal(10), opened_at=NOW)
    before = standing(Side.SELL, held=share.lot, share=share, offers=True, quantity=Decimal(4))

    done = booked(before, traded(4, 100, "0.1", "BTC"))

    assert (done.after.share.free, done.owed) == (0, amount("0.1"))


def test_what_people_sold_at_the_exchange_itself_is_handed_over_by_the_largest_holders():
    own, ada, bob = (Share(lot(*held)) for held in ((1, 10), (4, 100), (5, 50)))
    before = standing(Side.SELL, held=lot(10, 160), share=own, others={ADA: ada, BOB: bob})

    done = booked(before, traded(7, 20))

    assert done.taken == {BOB: 5, ADA: 1}
    assert done.realised == 7 * 20 - (10 + 50 + 25)
    assert done.after.others == {
        ADA: Share(lot(3, 75), opened_at=NOW),
        BOB: Share(lot(0, 0)),
    }
    assert done.after.position.quantity == 3


def test_nobody_hands_over_what_a_sell_at_work_has_offered():
    ada = Share(lot(4, 100), offered=Decimal(3))
    before = standing(Side.SELL, held=lot(4, 100), share=Share(), others={ADA: ada})

    with pytest.raises(Oversold, match="2 sold of 1 held"):
        booked(before, traded(2, 20))


def test_a_reservation_is_given_back_in_proportion_and_wholly_in_the_end():
    part = freed(reserved=Decimal(100), left=Decimal(3), traded=Decimal(1))

    assert part == amount("33.33333333")
    assert freed(reserved=Decimal(100), left=Decimal(3), traded=Decimal(3)) == 100


def test_a_quantity_is_handed_over_at_its_cost():
    giver, taker = hand_over(lot(3, 100, 5, 1), lot(1, 7), Decimal(1))

    assert (giver, taker) == (lot(2, "66.66666667", 5, 1), lot(2, "40.33333333"))


# ----------------------------------------------------------------------------------------- splits


def test_a_split_changes_the_quantity_and_not_the_cost():
    after = split(lot(10, 1_000, 5, 1), ratio=Fraction(2), quantity=Decimal(20), cash=Decimal(0))

    assert after == lot(20, 1_000, 5, 1)


def test_the_fraction_that_is_paid_for_was_sold_with_its_part_of_the_cost():
    after = split(lot(3, 90), ratio=Fraction(1, 2), quantity=Decimal(1), cash=Decimal(40))

    assert after == lot(1, 60, realised=10)


def test_the_rest_of_a_lot_is_bought_from_who_gave_it_up():
    after = split(lot(3, 90), ratio=Fraction(1, 2), quantity=Decimal(2), cash=Decimal(-40))

    assert after == lot(2, 130)


def test_exact_amounts_are_rounded_half_to_even():
    assert rounded(Fraction(1, 3)) == amount("0.33333333")
    assert rounded(Fraction(5, 10**9)) == 0
    assert rounded(Fraction(15, 10**9)) == amount("0.00000002")


# ------------------------------------------------------------------------------------- identities

QUANTITIES = st.decimals(min_value="0.00001", max_value=1_000, places=5)
PRICES = st.decimals(min_value="0.01", max_value=5_000, places=2)
FEES = st.decimals(min_value="-0.5", max_value=20, places=10)
MONEY_NAMES = st.sampled_from(["", "USDT", "BTC", "BNB", "XYZ"])
COURSE = st.lists(st.tuples(st.sampled_from(Side), QUANTITIES, PRICES, FEES, MONEY_NAMES))


def walk(course):
    """Book a course of trades, each an order of its own; sells take what is there at most."""
    position, done = EMPTY, []
    for number, (side, quantity, price, fee, currency) in enumerate(course):
        if side is Side.SELL:
            quantity = min(quantity, position.quantity)
        if currency == "BTC":
            fee = fee / 1_000
        if quantity > 0:
            reported = traded(quantity, price, fee, currency, trade_id=number)
            done.append(booked(standing(side, held=position, quantity=quantity), reported))
            position = done[-1].after.position
    return position, done


@given(COURSE)
def test_cash_and_cost_are_what_was_realised_and_what_was_paid_elsewhere(course):
    position, done = walk(course)

    cash = sum(each.report.cash_change for each in done)
    elsewhere = sum(each.report.fee_elsewhere for each in done)
    assert cash + position.cost == position.realised + elsewhere


@given(COURSE, PRICES)
def test_equity_changes_by_profit_and_by_fees_that_were_taken_elsewhere(course, last):
    position, done = walk(course)

    equity = sum(each.report.cash_change for each in done) + position.quantity * last
    elsewhere = sum(each.report.fee_elsewhere for each in done)
    assert equity == position.realised + position.unrealised(last) + elsewhere


@given(COURSE)
def test_a_position_is_the_sum_of_its_trades_net_of_fees_in_what_is_traded(course):
    position, done = walk(course)

    signs = {Side.BUY: 1, Side.SELL: -1}
    moved = sum(
        signs[each.report.side] * each.report.quantity - each.report.fee_quantity for each in done
    )
    assert position.quantity == moved >= 0


@given(COURSE)
def test_no_cost_is_finer_than_the_book_and_a_flat_position_has_none(course):
    position, _ = walk(course)

    assert position.cost % PLACE == 0
    if position.quantity == 0:
        assert position.cost == 0


@given(COURSE)
def test_every_fee_is_in_the_cash_the_quantity_or_a_balance(course):
    _, done = walk(course)

    for booking in done:
        places = (booking.report.fee, booking.report.fee_quantity, booking.owed)
        assert sum(place != 0 for place in places) <= 1
