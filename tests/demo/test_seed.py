"""The demo farm: made once, completed after a killed start, and begun anew when asked."""

from decimal import Decimal

import pytest

from agents.models import Agent, Member, TradingSession
from market.models import Replay
from tests.factories import wall
from trading.models import Account, Permission
from tradingfarm.demo import seed as seeding
from tradingfarm.demo.seed import seed
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


@pytest.mark.parametrize("step", ["_account", "_team", "_triggers", "start_session"])
def test_a_start_that_was_killed_half_way_is_completed_by_the_next(step, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(seeding, step, killed)
        with pytest.raises(KeyboardInterrupt):
            seeded()

    seeded()

    assert TradingSession.objects.get().state == "AUTO_TRADING"
    assert (Account.objects.count(), Trigger.objects.count()) == (1, 3)
    assert (Agent.objects.count(), Permission.objects.count()) == (5, 1)


def killed(*_, **__):
    raise KeyboardInterrupt


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
