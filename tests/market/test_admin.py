from datetime import date
from decimal import Decimal
from unittest.mock import Mock

import pytest
from django.db import DatabaseError
from django.urls import reverse

from market.domain.instruments import instrument_id
from market.models import Instrument
from market.services.quotes import store_quotes
from tests.market.builders import tick
from tests.market.stored import WALL, begin_replay, make_instrument, store_days
from tradingfarm.kernel import journal
from tradingfarm.kernel.models import JournalEvent

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


FORM = {
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


def test_a_new_instrument_gets_the_id_of_its_venue_and_symbol(admin_client):
    admin_client.post(reverse("admin:market_instrument_add"), FORM)

    assert Instrument.objects.get().id == instrument_id(venue="NYSE", symbol="SPY")


def test_a_new_instrument_is_journaled_with_all_its_steps(admin_client):
    admin_client.post(reverse("admin:market_instrument_add"), FORM)

    event = JournalEvent.objects.get(kind="instrument.created")
    assert (event.stream, event.actor) == ("farm", "person:admin")
    assert event.subject == f"instrument:{Instrument.objects.get().pk}"
    assert event.payload["before"] == {}
    after = {name: text for name, text in FORM.items() if not name.startswith("splits")}
    assert event.payload["after"] == after | {"sector": ""}


def test_an_instrument_that_exists_is_not_overwritten_by_a_new_one(admin_client):
    admin_client.post(reverse("admin:market_instrument_add"), FORM)

    answer = admin_client.post(reverse("admin:market_instrument_add"), FORM | {"currency": "EUR"})

    assert answer.status_code == 200
    assert Instrument.objects.get().currency == "USD"
    assert JournalEvent.objects.filter(kind__startswith="instrument.").count() == 1


def test_venue_and_symbol_of_an_instrument_stay(admin_client):
    apple = make_instrument()
    form = FORM | {"symbol": "PEAR", "name": "Apple Inc.", "tick_size": "0.05"}

    admin_client.post(reverse("admin:market_instrument_change", args=[apple.pk]), form)

    apple.refresh_from_db()
    assert (apple.symbol, apple.tick_size) == ("AAPL", Decimal("0.05"))


def test_a_step_that_is_changed_is_journaled_with_what_it_was(admin_client):
    apple = make_instrument()
    address = reverse("admin:market_instrument_change", args=[apple.pk])
    form = FORM | {"name": apple.name, "minimum_notional": apple.minimum_notional}
    same = form | {name: getattr(apple, name) for name in ("lot_size", "sector", "currency")}

    admin_client.post(address, same | {"tick_size": "0.05", "currency": "EUR"})

    event = JournalEvent.objects.get(kind="instrument.changed")
    assert (event.stream, event.actor) == ("farm", "person:admin")
    assert event.payload == {
        "name": "AAPL",
        "before": {"currency": "USD", "tick_size": "0.01"},
        "after": {"currency": "EUR", "tick_size": "0.05"},
    }
    events = f"{reverse('admin:kernel_journalevent_changelist')}?subject__exact=instrument%3A"
    assert f'href="{events}{apple.pk}"' in admin_client.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_step_is_not_changed_when_the_journal_cannot_be_written(admin_client, monkeypatch):
    apple = make_instrument()
    address = reverse("admin:market_instrument_change", args=[apple.pk])
    monkeypatch.setattr(journal, "_append", Mock(side_effect=DatabaseError("no journal")))

    with pytest.raises(DatabaseError):
        admin_client.post(address, FORM | {"tick_size": "0.05"})

    apple.refresh_from_db()
    assert apple.tick_size == Decimal("0.01")


def test_feeds_are_journaled_when_they_are_added_and_when_they_are_described(admin_client):
    form = {"name": "rain", "kind": "SYNTHETIC", "source": "", "description": "wet"}

    admin_client.post(reverse("admin:market_feed_add"), form)
    address = reverse("admin:market_feed_change", args=["rain"])
    admin_client.post(address, {"description": "wetter"})
    admin_client.post(address, {"description": "wetter"})

    added, described = JournalEvent.objects.filter(subject="feed:rain").order_by("seq")
    assert (added.kind, described.kind) == ("feed.created", "feed.changed")
    assert added.payload["after"] == form | {"source": None}
    assert described.payload == {
        "name": "rain",
        "before": {"description": "wet"},
        "after": {"description": "wetter"},
    }


def test_a_feed_that_exists_keeps_its_name_and_kind(admin_client):
    store_days(make_instrument())

    page = admin_client.get(reverse("admin:market_feed_change", args=["stored"]))

    shown = set(page.context["adminform"].readonly_fields)
    assert shown == {"name", "kind", "source", "leads_to"}


@pytest.mark.parametrize("model", ["feed", "instrument"])
def test_what_everything_points_to_is_never_deleted(admin_client, model):
    apple = make_instrument()
    store_days(apple)
    key = apple.pk if model == "instrument" else "stored"

    answer = admin_client.post(
        reverse(f"admin:market_{model}_delete", args=[key]), {"post": "yes"}
    )

    assert answer.status_code == 403
