"""What the terminal tells: each event once, in order, and only what a newcomer wants to see."""

import re
from decimal import Decimal

import pytest

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import decided, make_holder
from tradingfarm.demo.narrator import Narrator
from tradingfarm.kernel.journal import account_stream, record, transaction

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    return []


@pytest.fixture
def narrator(told):
    return Narrator(lambda line: told.append(re.sub(r"\x1b\[[0-9;]*m", "", line)))


def test_an_order_and_its_fill_are_told_with_symbol_and_price(narrator, told):
    make_holder()

    narrator.catch_up()

    order, fill = told
    assert order.endswith("ORDER     buy 10 AAPL, at worst 102.00")
    assert "FILL      buy 10 AAPL at 100.0" in fill
    assert order.startswith("2001-03-07 15:30")


def test_a_denial_is_told_with_its_codes(narrator, told):
    desk = make_desk(limits={"max_order_value": Decimal(10)})
    decided(desk, desk.buy(10))

    narrator.catch_up()

    assert told == ["2001-03-07 15:30 Gate         DENIED    buy 10 AAPL: ORDER_SIZE"]


def test_nothing_is_told_twice_and_what_was_there_before_is_not_told(told):
    desk = make_desk()
    decided(desk, desk.buy(10**9))
    narrator = Narrator(told.append)

    narrator.catch_up()
    decided(desk, desk.buy(10**9, key="later"))
    narrator.catch_up()
    narrator.catch_up()

    assert len(told) == 1


def test_a_message_is_told_on_one_line_whatever_is_in_it(narrator, told):
    desk = make_desk()
    with transaction():
        record(
            stream=account_stream(desk.account.id),
            kind="agent.message",
            actor="agent:Technical",
            payload={"type": "ALERT", "sender": "Technical", "content": "one\ntwo\n" + "x" * 500},
            at=wall(),
            as_of=NOW,
        )

    narrator.catch_up()

    assert "Technical    ALERT     one two xxx" in told[0]
    assert "\n" not in told[0]
    assert told[0].endswith("x…")
    assert len(told[0]) < 220
