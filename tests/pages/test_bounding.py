"""The limits of a whole account, changed on its page."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.test_permissions import prove
from trading.models import Account
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.permissions.raising import NEEDS_OPERATOR
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)
AS_THEY_ARE = {
    "max_daily_loss_pct": "5",
    "reduce_drawdown_pct": "10",
    "halt_drawdown_pct": "15",
    "max_sector_pct": "40",
    "max_orders_per_minute": "60",
    "slice_above": "",
}


def address(farm: Farm) -> str:
    return reverse("account-limits", args=[farm.account.id])


def save(client: Client, farm: Farm, **changes: Any) -> Any:
    return client.post(address(farm), AS_THEY_ARE | changes, follow=True)


def account_of(farm: Farm) -> Account:
    return Account.objects.get(id=farm.account.id)


def test_a_stricter_limit_is_stored_and_journaled(trader: Client, farm: Farm) -> None:
    answer = save(trader, farm, max_sector_pct="25", slice_above="8000")

    assert "they count from the next order on" in text_of(answer)
    assert account_of(farm).max_sector_pct == 25
    assert account_of(farm).slice_above == 8_000
    event = JournalEvent.objects.get(kind="account.limits_changed")
    assert event.actor == "person:trader"
    assert sorted(event.payload) == ["max_sector_pct", "slice_above"]
    assert Decimal(event.payload["max_sector_pct"]["from"]) == 40


def test_nothing_changed_says_so_and_is_not_journaled(trader: Client, farm: Farm) -> None:
    answer = save(trader, farm)

    assert "are as they were" in text_of(answer)
    assert not JournalEvent.objects.filter(kind="account.limits_changed").exists()


@pytest.mark.parametrize(
    "change",
    [{"max_daily_loss_pct": "6"}, {"max_orders_per_minute": "61"}, {"halt_drawdown_pct": "16"}],
)
def test_a_looser_one_takes_a_second_factor(
    trader: Client, farm: Farm, change: dict[str, str]
) -> None:
    save(trader, farm, **change)
    assert account_of(farm).max_daily_loss_pct == 5
    kept = trader.get(address(farm)).content.decode()
    prove(trader, farm.owner)

    answer = save(trader, farm, **change)

    [(name, value)] = change.items()
    assert f'value="{value}"' in kept
    assert "they count from the next order on" in text_of(answer)
    assert getattr(account_of(farm), name) == int(value)


def test_no_longer_sending_in_slices_is_looser(trader: Client, farm: Farm) -> None:
    Account.objects.update(slice_above=8_000)

    save(trader, farm)

    assert account_of(farm).slice_above == 8_000


def test_on_a_live_account_it_takes_an_operator(trader: Client, farm: Farm) -> None:
    Account.objects.filter(id=farm.account.id).update(kind="live", exchange="kraken")
    prove(trader, farm.owner)

    answer = save(trader, farm, max_sector_pct="41")

    assert NEEDS_OPERATOR in text_of(answer)
    assert account_of(farm).max_sector_pct == 40


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"max_sector_pct": "0"}, "More than 0 and at most 100 percent."),
        ({"halt_drawdown_pct": "9"}, "not below the fall that reduces"),
        ({"max_orders_per_minute": "0"}, "greater than or equal to 1"),
        ({"slice_above": "-1"}, "More than 0, or empty for never."),
    ],
)
def test_what_is_no_limit_is_said_beside_it(
    trader: Client, farm: Farm, changes: dict[str, str], words: str
) -> None:
    assert words in text_of(save(trader, farm, **changes))


def test_a_viewer_is_not_led_there(client: Client, farm: Farm) -> None:
    settings = reverse("account-settings", args=[farm.account.id])
    client.force_login(farm.owner)
    offered = client.get(settings).content.decode()
    type(farm.owner).objects.filter(pk=farm.owner.pk).update(role=Role.VIEWER)

    assert address(farm) in offered
    assert address(farm) not in client.get(settings).content.decode()
