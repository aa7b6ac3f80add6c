"""What a campaign of stops holds against the farm, by made-up rounds."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.campaigns.halting import Halt, Round
from tests.campaigns.rows import ZERO, Tables
from tests.campaigns.stop import _figures, _late

NOW = datetime(2010, 1, 4, 15, 0, tzinfo=UTC)


def a_round(*, seconds=0.02, confirmations=2):
    return Round(
        halt=Halt(NOW, 1, seconds),
        tables=Tables(account="Crowd", cash=ZERO),
        seconds=20.0,
        open_before=500,
        killed_in="CANCELING",
        sender_killed=False,
        confirmations=confirmations,
        asked_at=NOW,
        tally={"approved": 3},
    )


def test_a_halting_commit_that_took_too_long_is_a_breach():
    quick = [a_round() for _ in range(19)]

    assert _late([*quick, a_round(seconds=0.25)]) == []
    assert [breach.kind for breach in _late([*quick, a_round(seconds=0.251)])] == ["late"]


def test_only_rounds_that_were_found_flat_twice_count():
    once = replace(a_round(), confirmations=1)

    assert _figures([a_round(), once])["flat_twice"] == 1
