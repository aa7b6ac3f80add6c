"""Ids follow from causes, and an exchange can tell ours apart."""

import re
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import buy, sell
from trading.domain.requests import client_order_id, external_order_id, order_id

ACCOUNT = UUID(int=7)


def test_a_sell_reduces_and_a_buy_does_not():
    assert sell().reduces
    assert not buy().reduces


def test_the_same_cause_on_the_same_account_is_the_same_order():
    made = order_id(account_id=ACCOUNT, intent_key="because")

    assert made == uuid5(ACCOUNT, "because") == order_id(account_id=ACCOUNT, intent_key="because")
    assert made != order_id(account_id=UUID(int=8), intent_key="because")
    assert made != order_id(account_id=ACCOUNT, intent_key="otherwise")


def test_paper_and_live_ids_never_meet():
    order = UUID(int=2**128 - 1)

    assert client_order_id(order=order, live=False) == "tfp7zzzzzzzzzzzzzzzzzzzzzzzzz"
    assert client_order_id(order=order, live=True) == "tfl7zzzzzzzzzzzzzzzzzzzzzzzzz"
    assert client_order_id(order=UUID(int=0), live=False) == "tfp00000000000000000000000000"


def test_what_others_ordered_is_called_by_account_and_the_venues_name():
    name = external_order_id(ACCOUNT, "4711")

    assert re.fullmatch(r"tfx[0-9a-z]{26}", name)
    assert name == external_order_id(ACCOUNT, "4711")
    assert name not in (external_order_id(ACCOUNT, "4712"), external_order_id(UUID(int=8), "4711"))


@given(st.uuids(), st.booleans())
def test_a_client_order_id_has_29_characters_that_every_venue_takes(order, live):
    assert re.fullmatch(r"tf[pl][0-9a-z]{26}", client_order_id(order=order, live=live))


@given(st.uuids())
def test_a_client_order_id_can_be_read_back(order):
    text = client_order_id(order=order, live=False)

    number = 0
    for character in text[3:]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    assert UUID(int=number) == order
