"""The journal of an account alone gives every number that is stored of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories import make_account, make_desk, make_instrument, make_quote, wall
from tests.trading.steps import approved, filled, report, sent
from trading.domain.booking import Share, Standing, book
from trading.domain.exchange import Trade
from trading.domain.fees import Currencies
from trading.domain.ledger import Lot, Oversold
from trading.domain.replaying import (
    AccountState,
    Event,
    Reservation,
    Unrecorded,
    differences,
    executed,
    replay,
)
from trading.domain.states import OrderState, Side, Source
from trading.models import Account, Balance, Order, Position, PositionShare
from trading.selectors.replaying import is_replayed, replay_differences
from trading.services.cash import deposit, withdraw
from trading.services.fills import ingest
from tradingfarm.kernel.canonical import canonical

APPLE, ORDER, ADA, BOB = (UUID(int=number) for number in (1, 5, 7, 8))
NOW = datetime(2001, 3, 7, 15, 30, tzinfo=UTC)
CURRENCIES = Currencies(frozenset({"USD"}), "AAPL", {"BNB": Decimal(300)})


def event(kind, payload, *, order=ORDER):
    return Event(kind, f"order:{order}", json.loads(canonical(payload)))


def opened(deposit="1000"):
    return event("account.opened", {"deposit": deposit})


def allowed(side="buy", quantity="10", cash="0", *, permission=ADA):
    return event(
        "order.approved",
        {
            "instrument": APPLE,
            "permission": permission,
            "side": side,
            "quantity": quantity,
            "reserved_cash": cash,
        },
    )


def traded(
    side=Side.BUY, quantity="10", price="10", fee="0", currency="", *, permission=ADA, **changes
):
    """The event of a trade, as the service writes it."""
    reported = Trade("t1", Decimal(quantity), Decimal(price), Decimal(fee), NOW, currency)
    held = Share(Lot(Decimal(100), Decimal(1000)))
    standing = Standing(APPLE, side, Decimal(quantity), position=held.lot, share=held)
    booking = book(standing, reported, currencies=CURRENCIES)
    payload = {"permission": permission, **executed(booking, reported), **changes}
    return event("agent.trade.executed", payload)


def lot(*numbers):
    return Lot(*map(Decimal, numbers))


def test_deposits_and_withdrawals_are_cash():
    state = replay(
        [
            opened("1000"),
            event("cash.moved", {"amount": "-250.5", "currency": ""}),
            event("cash.moved", {"amount": "3", "currency": "BNB"}),
        ]
    )

    assert state == AccountState(cash=Decimal("749.5"), balances={"BNB": Decimal(3)})


def test_an_approval_reserves_and_an_end_gives_back():
    bought = [opened(), allowed(cash="102")]

    assert replay(bought).reserved == 102
    assert replay(bought).orders[ORDER] == Reservation(
        (APPLE, ADA), Side.BUY, Decimal(10), Decimal(102)
    )
    assert replay([*bought, event("order.canceled", {})]).reserved == 0


def test_a_trade_moves_cash_the_position_the_share_and_the_reservation():
    state = replay([opened(), allowed(cash="102"), traded(quantity="4", fee="0.5")])

    assert (state.cash, state.reserved) == (Decimal("959.5"), Decimal("61.2"))
    assert state.positions == {APPLE: lot(4, "40.5", 0, "0.5")}
    assert state.shares[APPLE, ADA].lot == lot(4, "40.5", 0, "0.5")


def test_a_sell_at_work_offers_what_it_has_not_sold():
    bought = [opened(), traded(quantity="10")]
    selling = [*bought, allowed("sell", "8"), traded(Side.SELL, "3")]

    assert replay(selling).shares[APPLE, ADA].offered == 5
    assert replay([*selling, event("order.expired", {})]).shares[APPLE, ADA].offered == 0


def test_fees_in_other_currencies_lower_what_they_were_taken_from():
    state = replay(
        [
            opened(),
            traded(quantity="10", fee="0.1", currency="AAPL"),
            traded(quantity="1", fee="0.01", currency="BNB"),
        ]
    )

    assert state.positions[APPLE].quantity == Decimal("10.9")
    assert (state.balances, state.cash) == ({"BNB": Decimal("-0.01")}, 890)


def test_what_agents_handed_over_is_people_s():
    state = replay(
        [
            opened(),
            traded(quantity="10"),
            traded(Side.SELL, "4", permission=None, taken={str(ADA): "4"}),
        ]
    )

    assert state.shares[APPLE, ADA].lot == lot(6, 60)
    assert state.shares[APPLE, None].lot == lot(0, 0)


def test_a_split_divides_every_share():
    split = event(
        "position.split",
        {
            "instrument": APPLE,
            "numerator": 1,
            "denominator": 4,
            "quantity_after": "2",
            "cash_in_lieu": "20",
            "shares": [{"permission": ADA, "quantity": "2", "cash": "20"}],
        },
    )

    state = replay([opened(), traded(quantity="10"), split])

    assert state.positions[APPLE] == state.shares[APPLE, ADA].lot == lot(2, 80, 0)
    assert state.cash == 920


def test_an_order_that_nobody_approved_ends_without_a_trace():
    assert replay([opened(), event("order.filled", {})]).reserved == 0


def test_events_that_move_no_money_are_passed_over():
    assert replay([opened(), event("agent.message", {})]).cash == 1000


def test_a_trade_from_before_fees_had_currencies_took_its_fee_in_cash():
    old = traded(fee="1")
    names = ("fee_cash", "fee_quantity", "fee_elsewhere", "fee_owed", "taken")
    payload = {name: value for name, value in old.payload.items() if name not in names}

    assert replay([opened(), replace(old, payload=payload)]) == replay([opened(), old])


def test_a_journal_that_sells_more_than_it_bought_is_impossible():
    with pytest.raises(Oversold):
        replay([opened(), traded(Side.SELL)])


def test_a_journal_that_splits_what_it_never_bought_has_a_hole():
    with pytest.raises(Unrecorded, match="never bought"):
        replay(
            [
                event(
                    "position.split",
                    {
                        "instrument": APPLE,
                        "numerator": 2,
                        "denominator": 1,
                        "cash_in_lieu": "0",
                    },
                )
            ]
        )


def test_equal_states_do_not_differ_and_what_is_missing_is_empty():
    empty = AccountState(positions={APPLE: Lot()}, balances={"BNB": Decimal(0)})

    assert differences(replayed=empty, stored=AccountState()) == ()


def test_every_number_that_differs_is_named():
    stored = AccountState(
        cash=Decimal(1),
        reserved=Decimal(2),
        positions={APPLE: lot(3, 4)},
        shares={(APPLE, None): Share(lot(0, 5), offered=Decimal(6))},
        balances={"BNB": Decimal(7)},
        orders={ORDER: Reservation((APPLE, None), Side.BUY, Decimal(8), Decimal(9))},
    )

    assert differences(replayed=AccountState(), stored=stored) == (
        "balance in BNB is 7, but 0 by the journal",
        "cash is 1, but 0 by the journal",
        f"cost of {APPLE} is 4, but 0 by the journal",
        f"cost of {APPLE} of people is 5, but 0 by the journal",
        f"offered of {APPLE} of people is 6, but 0 by the journal",
        f"open quantity of order {ORDER} is 8, but 0 by the journal",
        f"quantity of {APPLE} is 3, but 0 by the journal",
        "reserved cash is 2, but 0 by the journal",
        f"reserved cash of order {ORDER} is 9, but 0 by the journal",
    )


# ------------------------------------------------------------------------------------ stored rows


def moved(desk, move, amount, reference, currency=""):
    move(
        account_id=desk.account.id,
        amount=Decimal(amount),
        currency=currency,
        reference=reference,
        reason="",
        actor="ada",
        at=wall(),
    )


@pytest.mark.django_db
def test_what_is_stored_is_what_the_journal_tells():
    desk = make_desk()
    make_quote(make_instrument("BNB/USD"), "300")
    filled(desk, desk.buy(10), fee="1.5")
    filled(desk, desk.sell(4), price="110")
    order = sent(desk, desk.buy(3, key="in BNB"))
    said = report(order, ("t9", 1, 100, "0.01"))
    said = replace(said, trades=tuple(replace(each, fee_currency="BNB") for each in said.trades))
    ingest(order_id=order.id, report=said, at=wall())
    moved(desk, deposit, "500", "in")
    moved(desk, withdraw, "20.25", "out")
    moved(desk, deposit, "2", "coins", "BNB")
    by_hand = replace(desk.buy(2, key="by hand"), permission_id=None, source=Source.PERSON)
    filled(desk, by_hand)
    sent(desk, replace(by_hand, intent_key="sell by hand", side=Side.SELL, stop_loss=None))
    approved(desk, replace(by_hand, intent_key="waits"))
    make_account(number=1)

    assert replay_differences(account_id=desk.account.id) == ()
    assert is_replayed()


@pytest.mark.django_db
def test_an_order_that_was_canceled_half_filled_leaves_nothing_behind():
    desk = make_desk()
    order = sent(desk, desk.buy(7))

    said = report(order, ("t1", 3, "99.99", "0.123"), state=OrderState.CANCELED)
    ingest(order_id=order.id, report=said, at=wall())

    assert replay_differences(account_id=desk.account.id) == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "column"),
    [
        (Account, "cash"),
        (Account, "reserved"),
        (Position, "cost"),
        (Position, "realised"),
        (PositionShare, "fees"),
        (PositionShare, "quantity"),
        (Order, "reserved_cash"),
    ],
)
def test_a_number_that_was_changed_behind_the_journal_s_back_is_found(model, column):
    desk = make_desk()
    filled(desk, desk.buy(10))
    approved(desk, desk.buy(5, key="waits"))

    model.objects.update(**{column: Decimal("123.45678901")})

    assert any("123.45678901" in found for found in replay_differences(account_id=desk.account.id))
    assert not is_replayed()


@pytest.mark.django_db
def test_a_balance_that_nobody_told_of_is_found():
    desk = make_desk()
    Balance.objects.create(account=desk.account, currency="BNB", quantity=1)

    assert replay_differences(account_id=desk.account.id) == (
        "balance in BNB is 1, but 0 by the journal",
    )
