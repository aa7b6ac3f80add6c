"""No amount of the ledger ever passes through a float, however large it is."""

from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from trading.domain.ledger import PRECISION, TradeReport, rounded
from trading.domain.states import Side

COIN = UUID(int=1)
AMOUNTS = st.decimals(min_value="0.00000001", max_value="99999999", places=8)


def made(price, quantity):
    return TradeReport(COIN, Side.BUY, Decimal(quantity), Decimal(price), Decimal(0))


def test_a_large_value_is_exact_to_its_last_place():
    assert made("98765432.10987654", "12345.6789").value == Decimal("1219326311248.28528148")


@given(AMOUNTS, AMOUNTS)
def test_a_value_is_the_exact_product_rounded_once(price, quantity):
    value = made(price, quantity).value

    assert value == rounded(Fraction(price) * Fraction(quantity))
    assert value % PRECISION == 0
