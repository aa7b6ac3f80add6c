from decimal import Decimal

import pytest

from trading.domain.fees import Currencies

CURRENCIES = Currencies(own=frozenset({"USDT"}), asset="BTC", rates={"BNB": Decimal(300)})


@pytest.mark.parametrize(
    ("name", "own", "third"),
    [("", True, False), ("USDT", True, False), ("BTC", False, False), ("BNB", False, True)],
)
def test_a_fee_is_in_the_accounts_money_in_what_is_traded_or_in_a_third(name, own, third):
    assert (CURRENCIES.is_own(name), CURRENCIES.is_third(name)) == (own, third)
