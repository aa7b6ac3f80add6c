"""The demo farm: made once, completed after a killed start, and begun anew when asked."""

from decimal import Decimal

import pytest

from agents.models import Agent, Member, TradingSession
from market.models import Replay
from tests.factories import wall
from trading.models import Account, Permission
from tradingfarm.demo.seed import seed
from tradingfarm.pages.start import composing
from tradingfarm.people.models import User
from triggers.models import Trigger

pytestmark = pytest.mark.django_db


def seeded(*, new_replay=False, speed="1"):
    return seed(
        at=wall(), seed=7, speed=Decimal(speed), new_replay=new_replay, say=lambda line: None
    )


def test_the_first_start_makes_a_person_an_account_a_team_triggers_and_a_session():
    made = seeded()

    assert made.is_new
    assert User.objects.get().check_password(made.password)
    assert Account.objects.get().cash == 100_000
    assert Agent.objects.filter(provider="rules").count() == Member.objects.count() == 5
    assert Trigger.objects.filter(enabled=True).count() == 3
    session = TradingSession.objects.get()
    assert (session.state, session.accepted_by) == ("AUTO_TRADING", "demo")


def test_a_second_start_changes_nothing_but_the_speed_and_tells_no_password():
    seeded()

    again = seeded(speed="10")

    assert (again.is_new, again.password) == (False, None)
    assert Replay.objects.get().speed == 40
    assert (Account.objects.count(), Trigger.objects.count()) == (1, 3)


@pytest.mark.parametrize(
    "step", ["open_account", "create_builtin_team", "add_triggers", "start_session"]
)
def test_a_start_that_was_killed_half_way_is_completed_by_the_next(step, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(composing, step, killed)
        with pytest.raises(KeyboardInterrupt):
            seeded()

    seeded()

    assert TradingSession.objects.get().state == "AUTO_TRADING"
    assert (Account.objects.count(), Trigger.objects.count()) == (1, 3)
    assert (Agent.objects.count(), Permission.objects.count()) == (5, 1)


def killed(*_, **__):
    raise KeyboardInterrupt


def test_without_a_key_its_agents_run_on_rules_and_that_is_said():
    made = seeded()

    assert made.minds == "its agents run on built-in rules: no model is asked, nothing is spent"


def test_with_a_key_its_agents_are_claude_and_what_they_may_spend_is_said(settings):
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_MODEL = "sk-ant-x", "claude-sonnet-5-5"

    made = seeded()

    assert set(Agent.objects.values_list("provider", "model", "max_tokens")) == {
        ("anthropic", "claude-sonnet-5-5", 8_000)
    }
    assert made.minds.startswith(
        "5 of its agents are Claude (claude-sonnet-5-5) and may spend 25 dollars a day together"
    )


def test_a_demo_on_rules_stays_so_and_says_how_to_make_its_agents_claude(settings):
    seeded()
    settings.ANTHROPIC_API_KEY = "sk-ant-x"

    again = seeded()

    assert Agent.objects.filter(provider="rules").count() == 5
    assert "`.venv/bin/python manage.py use_provider anthropic` makes them Claude" in again.minds


def test_claude_without_its_key_is_said(settings):
    settings.ANTHROPIC_API_KEY = "sk-ant-x"
    seeded()
    settings.ANTHROPIC_API_KEY = ""

    again = seeded()

    assert again.minds.startswith("5 of its agents are Claude and cannot answer without ANTHROPIC")


def test_a_new_replay_begins_only_when_the_last_one_has_ended():
    seeded()

    again = seeded(new_replay=True)

    assert not again.is_new
    assert Replay.objects.count() == 1


def test_a_new_replay_has_an_account_and_a_session_of_its_own():
    first = seeded()
    Replay.objects.update(state=Replay.State.ENDED, ended_at=wall())

    second = seeded(new_replay=True)

    assert second.is_new
    assert second.account.id != first.account.id
    assert second.account.feed_id == "replay-2"
    states = dict(TradingSession.objects.values_list("account__name", "state"))
    assert states == {"Demo": "STOPPED", "Demo 2": "AUTO_TRADING"}
