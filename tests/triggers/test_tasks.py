import os
import signal

import pytest
from django.core.management import call_command

from tests.triggers.rows import HIGH, price_trigger, quote, time_trigger
from tradingfarm.celery import app
from tradingfarm.kernel.clock import SystemClock
from triggers.loop.engine import Engine
from triggers.models import Firing
from triggers.tasks import fire_due, fire_unheld

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.triggers.fixtures",)


def test_beat_fires_what_is_due_on_wall_time(owner, team, account):
    time_trigger(owner, team, cron="* * * * *", missed="once")

    fire_due()

    assert Firing.objects.count() == 1


def test_beat_fires_the_price_triggers_of_feeds_without_an_engine(
    owner, team, feed, account, apple
):
    price_trigger(owner, team, feed, condition=HIGH)
    quote(feed, apple, "111", as_of=SystemClock().now())

    fire_unheld()

    assert Firing.objects.count() == 1


def test_both_are_known_under_the_names_that_beat_calls():
    assert {"triggers.fire_due", "triggers.fire_unheld"} <= set(app.tasks)


@pytest.fixture
def _handlers_restored():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers_restored")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_engine_command_works_until_a_signal_and_ends_cleanly(monkeypatch, number):
    worked = []

    def work(engine):
        worked.append(engine)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(Engine, "work", work)

    call_command("engine", feed="replayed")

    assert len(worked) == 1
