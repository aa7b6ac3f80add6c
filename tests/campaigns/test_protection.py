"""Each breach is found in made-up stories; a tiny run is clean, and planted bugs are found."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.campaigns.protection_judge import (
    Seen,
    Span,
    Told,
    gauged,
    judge,
    judge_together,
    seconds_to_flat,
    spans,
)
from tests.campaigns.protection_stories import GUARDS, THEMES, stories

TEN, ZERO = Decimal(10), Decimal(0)
SAFE = Seen(
    at=0,
    held=TEN,
    covered=ZERO,
    price=Decimal(100),
    level=Decimal(95),
    guarded=True,
    recovers=False,
    gauge=False,
)
BELOW = replace(SAFE, price=Decimal(95))


def order(number, side="SELL", quantity=10):
    return {"event": "accepted", "order_id": number, "side": side, "quantity": str(quantity)}


def trade(number, side="SELL", quantity=10):
    return {
        "event": "trade",
        "trade_id": number,
        "order_id": number,
        "side": side,
        "quantity": str(quantity),
    }


def ended(number):
    return {"event": "ended", "order_id": number}


BOUGHT = [order(1, "BUY"), trade(1, "BUY"), ended(1)]
STORY = Told(
    name="one",
    events=[*BOUGHT, order(2), trade(2, "SELL", 4), trade(2, "SELL", 6), ended(2)],
    seen=[SAFE],
    bought=TEN,
    sold=TEN,
    booked=ZERO,
)


def kinds(told):
    return sorted({breach.kind for breach in judge(told)})


def lasting(seen, seconds):
    """The same state at every second, and a safe one at the end."""
    return [*(replace(seen, at=float(at)) for at in range(seconds)), replace(SAFE, at=seconds)]


def test_a_position_that_is_sold_once_is_no_breach():
    assert kinds(STORY) == []


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (replace(STORY, events=[*STORY.events, trade(3)]), ["flip", "two_exits"]),
        (replace(STORY, events=[*BOUGHT, order(2), order(3, quantity=1)]), ["two_exits"]),
        (replace(STORY, sold=Decimal(9), booked=Decimal(1)), ["not_sold"]),
        (replace(STORY, booked=TEN), ["misbooked"]),
        (replace(STORY, working=1), ["left_over"]),
        (replace(STORY, reserved=TEN), ["left_over"]),
        (replace(STORY, bought=ZERO, sold=ZERO), ["empty"]),
        (replace(STORY, seen=lasting(replace(BELOW, recovers=True), 21)), ["unprotected"]),
        (
            replace(STORY, seen=lasting(replace(SAFE, gauge=True, recovers=True), 21)),
            ["unprotected"],
        ),
    ],
)
def test_each_breach_is_found(told, found):
    assert kinds(told) == found


def test_a_stop_that_is_replaced_after_its_cancel_is_one_exit():
    events = [*BOUGHT, order(2), ended(2), order(3), trade(3), ended(3)]

    assert kinds(replace(STORY, events=events)) == []


@pytest.mark.parametrize(
    ("seen", "is_bare"),
    [
        (SAFE, False),
        (BELOW, True),
        (replace(BELOW, covered=TEN), False),
        (replace(BELOW, covered=Decimal(9)), True),
        (replace(SAFE, guarded=False), True),
        (replace(SAFE, guarded=False, covered=TEN), False),
        (replace(BELOW, held=ZERO), False),
    ],
)
def test_what_is_held_is_covered_at_the_exchange_or_watched_above_its_stop(seen, is_bare):
    assert seen.is_bare is is_bare


def test_spans_are_measured_from_their_first_to_the_first_good_moment():
    seen = [*lasting(BELOW, 3), replace(BELOW, at=4.0, recovers=True), replace(SAFE, at=4.5)]

    assert spans(seen) == [Span(3, through_restart=False), Span(0.5, through_restart=True)]
    assert gauged(seen) == []
    assert spans([BELOW, replace(BELOW, at=7.0)]) == [Span(7, through_restart=False)]


def test_spans_without_a_restart_may_be_long_once_in_a_hundred_times():
    short, long = Span(1, through_restart=False), Span(9, through_restart=False)
    restart = Span(15, through_restart=True)

    assert list(judge_together([short] * 99 + [long, restart], by="log")) == []
    assert [each.kind for each in judge_together([short] * 98 + [long] * 2, by="log")] == [
        "unprotected"
    ]


def test_it_is_told_how_long_a_fall_lasts_until_all_is_sold():
    seen = [SAFE, replace(BELOW, at=2.0), replace(BELOW, at=5.0, held=ZERO)]

    assert seconds_to_flat(seen) == 3
    assert seconds_to_flat([SAFE]) == 0


def test_every_theme_is_told_with_every_guard_that_it_fits():
    told = list(stories(seed=1, number=120))

    assert {story.theme for story in told} == set(THEMES)
    assert {story.guard for story in told} == set(GUARDS)
    assert told == list(stories(seed=1, number=120))
    assert told != list(stories(seed=2, number=120))


def test_a_few_stories_end_well(campaign):
    status, line = campaign("protection", "--walks=50", "--stories=5", "--real=0")

    assert (status, line["breaches"], line["flips"]) == (0, 0, 0), line
    assert line["stories"] == 5


@pytest.mark.parametrize(
    ("planted", "theme", "kind"),
    [
        ("lie", "partial_entry", "two_exits"),
        ("never_back", "engine_dies", "unprotected"),
        ("no_rows", "gap", "unprotected"),
    ],
)
def test_a_planted_bug_is_found(campaign, planted, theme, kind):
    status, line = campaign(
        "protection",
        "--walks=50",
        "--stories=46",
        "--real=0",
        f"--only={theme}",
        f"--planted={planted}",
    )

    assert status == 1
    assert kind in line["breaches_by_kind"], line


def test_a_trailing_stop_that_follows_the_price_down_is_found(campaign):
    status, line = campaign(
        "protection", "--walks=50", "--stories=0", "--real=0", "--planted=loose"
    )

    assert (status, list(line["breaches_by_kind"])) == (1, ["loosened"])
