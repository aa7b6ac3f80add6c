"""The judge of repetitions finds each kind of breach in made-up answers."""

from decimal import Decimal

import pytest

from tests.campaigns.idempotency import judged
from tests.campaigns.idempotency_scenes import DELIVERIES, EFFECTS, KEYS, Scene, scenes
from tests.campaigns.rows import Tables

SCENE = Scene("wish", 1, DELIVERIES)
COUNTS = dict(EFFECTS["wish"].counts)
TOLD = {
    "answers": {"one": DELIVERIES},
    "errors": {},
    "counts": COUNTS,
    "denials": [],
}
NOTHING = Tables(account="x", cash=Decimal(0))


def found(scene=SCENE, **changes):
    return {breach.kind for breach in judged(scene, TOLD | changes, NOTHING)}


def test_one_effect_and_one_answer_are_no_breach():
    assert found() == set()


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"answers": {"one": DELIVERIES - 1}}, {"unanswered"}),
        ({"answers": {"one": 1, "another": DELIVERIES - 1}}, {"contradicted"}),
        ({"errors": {"23505": 1}}, {"constraint"}),
        ({"counts": COUNTS | {"executions": 2}}, {"repeated"}),
        ({"counts": COUNTS | {"executions": 0}}, {"repeated"}),
    ],
)
def test_what_happened_otherwise_is_found(changes, kinds):
    assert found(**changes) == kinds


def test_a_lock_that_was_not_had_in_time_is_none():
    assert found(errors={"55P03": 3}) == set()


def test_an_order_that_never_reached_the_exchange_is_found():
    told = {"counts": dict(EFFECTS["doorbell"].counts)}

    assert found(Scene("doorbell", 1, DELIVERIES), **told) == {"repeated"}


def test_a_breach_says_why_the_gate_refused():
    told = TOLD | {"counts": dict(EFFECTS["doorbell"].counts), "denials": ["NOT_READY"]}

    (breach,) = judged(Scene("doorbell", 1, DELIVERIES), told, NOTHING)

    assert breach.text.endswith("(denied: NOT_READY)")


def test_keys_come_a_thousand_times_and_messages_fifty():
    played = {scene.name: scene.times for scene in scenes(short=False, rounds=1)}

    assert played == dict.fromkeys(EFFECTS, DELIVERIES) | {"keys": KEYS, "form": KEYS}
