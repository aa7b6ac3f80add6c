"""Engines on connections of their own, at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from market.domain.replaying import ReplayStep
from market.models import Replay
from market.services.replays import ReplayLost, advance_replay, claim_replay
from tests.market.builders import MONDAY
from tests.market.stored import REPLAY_ID, WALL, begin_replay, claim_for_a_day, make_feed

pytestmark = pytest.mark.django_db(transaction=True)
ENGINES = 6
LEASE = timedelta(seconds=10)


def all_at_once(act):
    """What `act(number)` returns for each engine, all of them let go at one moment."""
    barrier = Barrier(ENGINES)

    def engine(number):
        with closing(connection):
            connection.ensure_connection()
            barrier.wait()
            return act(number)

    with ThreadPoolExecutor(ENGINES) as pool:
        return list(pool.map(engine, range(ENGINES)))


def test_of_engines_that_claim_at_once_exactly_one_gets_the_replay():
    make_feed()
    begin_replay()

    tokens = all_at_once(
        lambda number: claim_replay(
            replay_id=REPLAY_ID, owner=f"engine-{number}", now=WALL, lease=LEASE
        )
    )

    assert sorted(tokens, key=str) == [1] + [None] * (ENGINES - 1)


def test_a_step_is_played_once_also_by_processes_that_share_a_name_and_a_token():
    make_feed()
    begin_replay()
    token = claim_for_a_day()

    def advance(_):
        try:
            advance_replay(replay_id=REPLAY_ID, token=token, step=ReplayStep(0, MONDAY, ()))
        except ReplayLost:
            return "lost"
        return "played"

    assert sorted(all_at_once(advance)) == ["lost"] * (ENGINES - 1) + ["played"]
    assert Replay.objects.get().position == 1
