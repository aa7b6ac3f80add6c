"""The line of JSON at the end of a run, and when it calls a run sound."""

import json
from dataclasses import replace

import pytest

from tests.factories import make_desk
from tests.trading.steps import decided, make_holder
from trading.models import Account
from tradingfarm.demo.report import count

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return make_holder()


def test_a_run_is_counted_and_adds_up(desk):
    decided(desk, desk.buy(5_000, key="too much"))

    found = json.loads(count(ready_seconds=11.23, restarts=2).as_json())

    assert (found["ready_s"], found["restarts"]) == (11.2, 2)
    assert found["orders"] == {"FILLED": 1}
    assert found["fills"] == found["positions"] == 1
    assert found["denials"] == {
        "AGENT_ALLOCATION": 1,
        "ALLOCATION": 1,
        "BREAKERS": 1,
        "BUYING_POWER": 1,
    }
    assert found["rebuilt"] is True
    assert found["journal"]["verified"] is True
    assert float(found["equity"]) == pytest.approx(100_000, abs=5)


def test_a_run_without_a_fill_is_not_sound():
    make_desk()

    assert not count(ready_seconds=1.0, restarts=0).is_sound


def test_a_book_that_differs_from_the_exchange_by_the_last_decimal_is_not_sound(desk):
    assert count(ready_seconds=1.0, restarts=0).is_sound
    cash = Account.objects.get().cash

    Account.objects.update(cash=cash + type(cash)("0.00000001"))

    report = count(ready_seconds=1.0, restarts=0)
    assert (report.rebuilt, report.is_sound) == (False, False)


def test_a_broken_journal_is_not_sound(desk):
    report = count(ready_seconds=1.0, restarts=0)

    assert not replace(report, journal={"events": 3, "verified": False}).is_sound
