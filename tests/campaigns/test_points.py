"""Named places: struck at the chosen call, by the named caller, on the right side of a commit."""

import sys
from contextlib import contextmanager

import pytest

from tests.campaigns.freeze import Frozen
from tests.campaigns.places import FARM, LANES
from tests.campaigns.points import Moment, Needs, Point, install
from tests.campaigns.striking import Struck

HERE = __name__
happened = []


def work():
    happened.append("work")
    return "done"


@contextmanager
def transaction():
    happened.append("begin")
    yield
    happened.append("commit")


def first():
    with transaction():
        work()


def second():
    with transaction():
        work()


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    happened.clear()
    for name in ("work", "transaction"):
        monkeypatch.setattr(sys.modules[HERE], name, globals()[name])


def struck(moment, *, where, within=""):
    point = Point("a place", Needs.ORDERS, f"{HERE}:{where}", moment, within)
    install(point, lambda: happened.append("strike"))


def test_a_function_is_struck_before_it_works():
    struck(Moment.ENTERED, where="work")

    assert work() == "done"
    assert happened == ["strike", "work"]


def test_a_function_is_struck_after_it_has_worked():
    struck(Moment.LEFT, where="work")

    assert work() == "done"
    assert happened == ["work", "strike"]


def test_a_transaction_is_struck_before_its_commit():
    struck(Moment.BEFORE_COMMIT, where="transaction")

    first()

    assert happened == ["begin", "work", "strike", "commit"]


def test_a_transaction_is_struck_after_its_commit():
    struck(Moment.AFTER_COMMIT, where="transaction")

    first()

    assert happened == ["begin", "work", "commit", "strike"]


def test_only_the_named_caller_is_struck_also_when_two_places_share_a_function():
    struck(Moment.BEFORE_COMMIT, where="transaction", within="second")
    struck(Moment.AFTER_COMMIT, where="transaction", within="nobody")

    first()
    assert "strike" not in happened

    second()
    assert happened.count("strike") == 1


@pytest.mark.parametrize("point", [*LANES, *FARM], ids=lambda point: point.name)
def test_every_place_is_there(point, monkeypatch):
    module, _, path = point.where.partition(":")
    __import__(module)
    owner = sys.modules[module]
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)

    assert callable(getattr(owner, name))


def test_names_of_places_are_unique():
    names = [point.name for point in (*LANES, *FARM)]

    assert len(names) == len(set(names))


def told(**changes):
    answer = {"place": "unknown", "turn": 0, "struck": True, "states": [], "breaches": []}
    return answer | {"ready": 6.0, "sending": 7.0} | changes


def test_a_place_at_which_nobody_died_is_a_breach():
    seen = Struck()
    seen.take(told(struck=False))

    assert [breach.kind for breach in seen.breaches] == ["missed"]


def test_a_restart_that_took_too_long_is_a_breach():
    seen = Struck()
    seen.take(told(ready=15.1))
    seen.take(told(ready=15.0))

    assert [breach.kind for breach in seen.breaches] == ["late"]


def test_what_a_lane_has_found_is_kept():
    seen = Struck()
    seen.take(told(breaches=[["leaked", "some cash"]]))

    assert [(breach.kind, breach.text) for breach in seen.breaches] == [("leaked", "some cash")]


def test_a_frozen_sender_whose_account_is_not_taken_over_in_time_is_a_breach():
    seen = Frozen()
    answer = {"place": "claimed", "struck": True, "breaches": [], "posts_after_waking": 0}
    seen.take(answer | {"became": "NOT_PLACED", "taken_over": 26.0, "frozen": 30.0})

    assert [breach.kind for breach in seen.breaches] == ["late_owner"]
