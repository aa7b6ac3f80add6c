from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from market.domain.instruments import instrument_id
from market.models import Instrument
from market.services.quotes import store_quotes
from tests.market.builders import tick
from tests.market.stored import WALL, begin_replay, make_instrument, store_days

pytestmark = pytest.mark.django_db
SEARCHES = [
    ("feed", "stor"),
    ("instrument", "aap"),
    ("split", "aapl"),
    ("quote", "AAPL"),
    ("replay", "replayed"),
]


@pytest.mark.parametrize(("model", "words"), SEARCHES)
def test_every_list_opens_and_can_be_searched(admin_client, model, words):
    apple = make_instrument()
    store_days(apple, days=1)
    apple.splits.create(effective_on=date(2000, 6, 21), numerator=2, denominator=1)
    begin_replay()
    store_quotes(feed="replayed", ticks=[tick(instrument=apple.id)], now=WALL)

    response = admin_client.get(reverse(f"admin:market_{model}_changelist"), {"q": words})

    assert response.status_code == 200
    assert response.context["cl"].result_count > 0


@pytest.mark.parametrize("model", ["split", "quote", "replay"])
def test_records_cannot_be_added(admin_client, model):
    assert admin_client.get(reverse(f"admin:market_{model}_add")).status_code == 403


def test_a_replay_can_be_read_and_not_changed(admin_client):
    store_days(make_instrument())
    replay = begin_replay()
    address = reverse("admin:market_replay_change", args=[replay.pk])

    assert admin_client.get(address).status_code == 200
    assert admin_client.post(address, {"state": "ENDED"}).status_code == 403


def test_a_new_instrument_gets_the_id_of_its_venue_and_symbol(admin_client):
    form = {
        "symbol": "SPY",
        "name": "S&P 500",
        "asset_class": "equity",
        "venue": "NYSE",
        "tick_size": "0.01",
        "lot_size": "1",
        "minimum_notional": "1",
        "calendar": "XNYS",
        "currency": "USD",
        "splits-TOTAL_FORMS": "0",
        "splits-INITIAL_FORMS": "0",
    }

    admin_client.post(reverse("admin:market_instrument_add"), form)

    assert Instrument.objects.get().id == instrument_id(venue="NYSE", symbol="SPY")


def test_venue_and_symbol_of_an_instrument_stay(admin_client):
    apple = make_instrument()
    form = {
        "symbol": "PEAR",
        "name": "Apple Inc.",
        "asset_class": "equity",
        "tick_size": "0.05",
        "lot_size": "1",
        "minimum_notional": "1",
        "calendar": "XNYS",
        "currency": "USD",
        "splits-TOTAL_FORMS": "0",
        "splits-INITIAL_FORMS": "0",
    }

    admin_client.post(reverse("admin:market_instrument_change", args=[apple.pk]), form)

    apple.refresh_from_db()
    assert (apple.symbol, apple.tick_size) == ("AAPL", Decimal("0.05"))


def test_a_feed_that_exists_keeps_its_name_and_kind(admin_client):
    store_days(make_instrument())

    page = admin_client.get(reverse("admin:market_feed_change", args=["stored"]))

    assert set(page.context["adminform"].readonly_fields) == {"name", "kind", "source"}


@pytest.mark.parametrize("model", ["feed", "instrument"])
def test_what_everything_points_to_is_never_deleted(admin_client, model):
    apple = make_instrument()
    store_days(apple)
    key = apple.pk if model == "instrument" else "stored"

    answer = admin_client.post(
        reverse(f"admin:market_{model}_delete", args=[key]), {"post": "yes"}
    )

    assert answer.status_code == 403
