from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.models import Split
from tests.factories import NOW, make_desk, wall
from tests.trading import books
from tests.trading.steps import make_holder
from trading.domain.book import apply
from trading.domain.ledger import Lot, Oversold, TradeReport
from trading.domain.rebuild import BookedSplit, Ledger, differences, rebuild
from trading.domain.states import Side
from trading.models import Position
from trading.selectors.rebuild import differences as stored_differences
from trading.selectors.rebuild import is_rebuilt
from trading.services.cash import deposit
from trading.services.splits import book_splits

APPLE, IBM = UUID(int=1), UUID(int=2)


def bought(quantity: str, price: str, fee: str = "0", *, of: UUID = APPLE) -> TradeReport:
    return TradeReport(of, Side.BUY, Decimal(quantity), Decimal(price), Decimal(fee))


def sold(quantity: str, price: str, fee: str = "0", *, of: UUID = APPLE) -> TradeReport:
    return TradeReport(of, Side.SELL, Decimal(quantity), Decimal(price), Decimal(fee))


def rebuilt(*trades: TradeReport | BookedSplit, deposits: Iterable[str] = ("1000",)) -> Ledger:
    return rebuild(movements=[Decimal(amount) for amount in deposits], trades=trades)


def test_an_account_without_trades_holds_its_deposits_and_nothing_else():
    ledger = rebuilt(deposits=["1000", "-250.5"])

    assert ledger == Ledger(Decimal("749.5"), {})


def test_a_purchase_costs_its_price_and_its_fee():
    ledger = rebuilt(bought("3", "10", "0.03"))

    assert ledger.cash == Decimal("969.97")
    assert ledger.lots[APPLE] == Lot(Decimal(3), Decimal("30.03"), Decimal(0), Decimal("0.03"))


def test_a_sale_takes_its_part_of_the_cost_and_leaves_the_rest():
    ledger = rebuilt(bought("3", "10"), sold("1", "12", "0.5"))

    assert ledger.cash == Decimal("981.5")
    assert ledger.lots[APPLE] == Lot(Decimal(2), Decimal(20), Decimal("1.5"), Decimal("0.5"))


def test_instruments_are_kept_apart():
    ledger = rebuilt(bought("1", "10"), bought("2", "100", of=IBM))

    assert ledger.lots[APPLE].cost == Decimal(10)
    assert ledger.lots[IBM].cost == Decimal(200)


def test_a_split_stands_among_the_trades():
    halved = BookedSplit(APPLE, 1, 2, Decimal(1), Decimal("4.5"))

    ledger = rebuilt(bought("3", "10"), halved, sold("1", "30"))

    assert ledger.cash == Decimal("1004.5")
    assert ledger.lots[APPLE] == Lot(realised=Decimal("4.5"))


def test_trades_that_sell_more_than_they_bought_are_impossible():
    with pytest.raises(Oversold):
        rebuilt(bought("1", "10"), sold("2", "10"))


def test_equal_ledgers_do_not_differ():
    ledger = rebuilt(bought("1", "10"), bought("2", "100", of=IBM))

    assert differences(rebuilt=ledger, stored=ledger) == ()


def test_a_lot_that_was_emptied_equals_one_that_never_was():
    stored = Ledger(Decimal(1000), {APPLE: Lot()})

    assert differences(rebuilt=rebuilt(), stored=stored) == ()


def test_the_last_decimal_of_cash_is_a_difference():
    stored = Ledger(Decimal("1000.00000001"), {})

    assert differences(rebuilt=rebuilt(), stored=stored) == (
        "cash is 1000.00000001, but 1000 by the exchange's trades",
    )


@pytest.mark.parametrize("name", ["quantity", "cost", "realised", "fees"])
def test_every_number_of_a_lot_is_compared(name):
    stored = Ledger(Decimal(1000), {APPLE: Lot(**{name: Decimal(7)})})

    assert differences(rebuilt=rebuilt(), stored=stored) == (
        f"{name} of {APPLE} is 7, but 0 by the exchange's trades",
    )


def test_a_position_that_was_never_stored_is_a_difference():
    stored = Ledger(Decimal(990), {})

    found = differences(rebuilt=rebuilt(bought("1", "10")), stored=stored)

    assert found == (
        f"quantity of {APPLE} is 0, but 1 by the exchange's trades",
        f"cost of {APPLE} is 0, but 10 by the exchange's trades",
    )


amounts = st.decimals(min_value="0.01", max_value="500", places=4)
purchases = st.lists(st.tuples(st.sampled_from([APPLE, IBM]), amounts, amounts), max_size=8)


@given(purchases=purchases, parts=st.lists(st.decimals("0.01", "1", places=2), max_size=8))
def test_the_gate_s_book_and_the_rebuilt_ledger_agree_whatever_was_traded(purchases, parts):
    book = books.book(cash=Decimal(10_000_000), price=None)
    trades = [
        TradeReport(which, Side.BUY, quantity, price, price / 100)
        for which, quantity, price in purchases
    ]
    for trade in trades:
        book = apply(book, trade)
    for number, part in enumerate(parts):
        held = book.holding((APPLE, IBM)[number % 2]).position.quantity
        if held * part > 0:
            sale = sold(str(held * part), "7.77", "0.01", of=(APPLE, IBM)[number % 2])
            book, trades = apply(book, sale), [*trades, sale]

    ledger = rebuild(movements=[Decimal(10_000_000)], trades=trades)

    stored = Ledger(book.cash, {key: held.position for key, held in book.holdings.items()})
    assert differences(rebuilt=ledger, stored=stored) == ()
    assert all(lot.quantity >= 0 and lot.cost >= 0 for lot in ledger.lots.values())


# ------------------------------------------------------------------------------------- stored rows


@pytest.mark.django_db
def test_a_paper_account_with_a_split_and_a_deposit_is_rebuilt_from_the_exchange_s_trades():
    desk = make_holder()
    tomorrow = (desk.share().opened_at + timedelta(days=1)).date()
    Split.objects.create(
        instrument=desk.instrument, effective_on=tomorrow, numerator=3, denominator=4
    )
    deposit(
        account_id=desk.account.id,
        amount=Decimal(500),
        reference="wire",
        reason="",
        actor="ada",
        at=wall(),
    )

    book_splits(account_id=desk.account.id, on=tomorrow, now=NOW, at=wall())

    assert Position.objects.get().quantity == 7
    assert stored_differences() == []
    assert is_rebuilt()


@pytest.mark.django_db
def test_a_deposit_in_another_currency_is_no_cash():
    desk = make_desk()
    deposit(
        account_id=desk.account.id,
        amount=Decimal(5),
        currency="BNB",
        reference="coins",
        reason="",
        actor="ada",
        at=wall(),
    )

    assert is_rebuilt()
