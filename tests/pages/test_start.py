"""The first run: one form makes an account, a team, limits, triggers and a session."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agents.models import Agent, Team, TradingSession
from market.models import Feed
from tests.pages import farms
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from trading.models import Account, Permission
from tradingfarm.pages.start import composing
from tradingfarm.people.models import User
from triggers.models import Trigger

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def newcomer(farm: Farm, client: Client) -> Client:
    """A person without an account, on a farm where a replay runs."""
    client.force_login(farms.make_user("newcomer"))
    return client


def feed_name() -> str:
    return Feed.objects.get(kind="REPLAY").name


def filled(**changes: object) -> dict[str, Any]:
    return {
        "request": "abcdefgh1234",
        "name": "Mine",
        "deposit": "50000",
        "time_zone": "America/New_York",
        "feed": feed_name(),
        "template": "house",
        "position_pct": "20",
        "daily_loss_pct": "4",
        "max_daily_entries": "6",
        "hours_start": "09:30",
        "hours_end": "16:00",
        "hours_zone": "America/New_York",
        "accepts": "on",
    } | changes


def begin(client: Client, **changes: object) -> Any:
    return client.post(reverse("start"), filled(**changes))


def mine() -> Account:
    return Account.objects.get(owner__username="newcomer")


def test_a_person_without_an_account_is_led_to_the_start(newcomer: Client) -> None:
    page = newcomer.get("/").content.decode()

    assert f'href="{reverse("start")}"' in page


def test_the_form_comes_filled_in_with_plain_words(newcomer: Client) -> None:
    page = text_of(newcomer.get(reverse("start")))

    assert "Start a farm of your own" in page
    assert "Replay of daily-candles now at 14 Mar 2005, 16:00" in page
    assert "Three approvals carry, and Risk may veto." in page
    assert "no key, no cost" in page


def test_one_form_makes_everything_and_leads_to_the_dashboard(newcomer: Client) -> None:
    answer = begin(newcomer)

    account, permission = mine(), Permission.objects.get(account__name="Mine")
    session = TradingSession.objects.get(account=account)
    assert answer["Location"] == reverse("account", args=[account.id])
    assert (account.cash, account.feed_id) == (50_000, feed_name())
    assert (permission.max_position_value, permission.max_allocation_pct) == (10_000, 20)
    assert (permission.max_daily_loss, permission.max_daily_entries) == (2_000, 6)
    assert permission.stop_required
    assert (session.state, session.accepted_by) == ("AUTO_TRADING", "person:newcomer")
    assert Agent.objects.filter(owner__username="newcomer").count() == 5
    triggers = Trigger.objects.filter(owner__username="newcomer").order_by("name")
    assert [trigger.name for trigger in triggers] == [
        "Down 2 % today (Mine)",
        "Every trading day at 13:30 (Mine)",
        "Up 2 % today (Mine)",
    ]
    assert triggers[0].symbols == ["AAPL", "GOOG", "IBM", "MSFT"]


def test_the_dashboard_says_what_comes(newcomer: Client) -> None:
    page = text_of(newcomer.post(reverse("start"), filled(), follow=True))

    assert "Mine is open and its team trades it." in page


def test_a_form_that_is_sent_twice_makes_one_farm(newcomer: Client) -> None:
    first, second = begin(newcomer), begin(newcomer)

    assert first["Location"] == second["Location"]
    assert Account.objects.filter(owner__username="newcomer").count() == 1
    assert Team.objects.filter(owner__username="newcomer").count() == 1
    assert Trigger.objects.filter(owner__username="newcomer").count() == 3
    assert TradingSession.objects.filter(account=mine()).count() == 1


@pytest.mark.parametrize("step", ["create_builtin_team", "add_triggers", "start_session"])
def test_a_start_that_was_cut_short_is_completed_by_sending_it_again(
    newcomer: Client, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(composing, step, killed)
        with pytest.raises(KeyboardInterrupt):
            begin(newcomer)

    begin(newcomer)

    assert TradingSession.objects.get(account=mine()).state == "AUTO_TRADING"
    assert Trigger.objects.filter(owner__username="newcomer").count() == 3


def test_two_forms_at_once_lead_to_the_same_account(
    newcomer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(newcomer)

    def taken(*_: object, **__: object) -> None:
        raise IntegrityError("the other one was quicker")

    monkeypatch.setattr(composing, "create_builtin_team", taken)
    answer = begin(newcomer)

    assert answer["Location"] == reverse("account", args=[mine().id])


def test_with_a_key_the_team_asks_claude_and_the_page_says_what_that_costs(
    newcomer: Client, settings: Settings
) -> None:
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_MODEL = "a key", "a-model"

    page = text_of(newcomer.get(reverse("start")))
    begin(newcomer)

    assert "They ask a-model, which costs money" in page
    minds = Agent.objects.filter(owner__username="newcomer").values_list("provider", "model")
    assert set(minds) == {("anthropic", "a-model")}


def test_the_pair_is_a_smaller_team(newcomer: Client) -> None:
    begin(newcomer, template="pair")

    team = Team.objects.get(owner__username="newcomer")
    assert (team.name, team.quorum) == ("Pair", 1)
    seats = team.members.order_by("seat").values_list("agent__name", "proposes", "vetoes")
    assert list(seats) == [("Technical", True, False), ("Risk", False, True)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accepts": ""}, "Read the disclosure and accept it, or do not start."),
        ({"deposit": "12"}, "Begin with 1,000 or more, so that orders have a size."),
        ({"deposit": "much"}, "Enter a number."),
        ({"feed": "nowhere"}, "Those prices have ended meanwhile; choose others."),
        ({"name": ""}, "Give the account a name."),
        ({"template": "army"}, "Select a valid choice."),
        ({"position_pct": "101"}, "less than or equal to 100"),
        ({"position_pct": "26"}, "More than this takes a second factor."),
        ({"hours_end": ""}, "Give both times, or neither for no limit."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    newcomer: Client, changes: dict[str, object], words: str
) -> None:
    answer = begin(newcomer, **changes)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Account.objects.filter(owner__username="newcomer").exists()


def test_a_name_that_is_taken_is_refused(newcomer: Client) -> None:
    begin(newcomer)

    answer = begin(newcomer, request="another-wish-1")

    assert "You have an account of that name; choose another." in text_of(answer)


def test_limits_stay_below_the_ceilings(newcomer: Client, settings: Settings) -> None:
    settings.MAX_POSITION_VALUE_CEILING = Decimal(5_000)

    answer = begin(newcomer)

    assert "The farm's ceiling is 5,000; choose that or less." in text_of(answer)
    assert not Account.objects.filter(owner__username="newcomer").exists()


def test_without_prices_the_page_says_what_to_do(newcomer: Client, farm: Farm) -> None:
    farms.end_replay(farm)

    page = text_of(newcomer.get(reverse("start")))

    assert "No prices are running." in page
    assert "starts the next one with make run" in page


def test_two_accounts_of_one_person_have_teams_of_their_own(newcomer: Client) -> None:
    begin(newcomer)
    begin(newcomer, request="another-wish-1", name="Second")

    names = Team.objects.filter(owner__username="newcomer").order_by("created_at")
    assert list(names.values_list("name", flat=True)) == ["House team", "House team (Second)"]
    assert Permission.objects.filter(account__owner__username="newcomer").count() == 2


def test_a_viewer_cannot_start(client: Client, farm: Farm) -> None:
    viewer = farms.make_user("viewer")
    User.objects.filter(id=viewer.pk).update(role="viewer")
    client.force_login(viewer)

    assert client.get(reverse("start")).status_code == 403
