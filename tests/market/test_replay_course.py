from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from market.domain.replaying import ReplayStep
from market.models import Feed, Replay
from market.services.replays import (
    CannotReplay,
    ReplayLost,
    advance_replay,
    claim_replay,
    end_replay,
    release_replay,
    renew_replay,
)
from tests.market.builders import MONDAY as MIDNIGHT
from tests.market.stored import (
    FRIDAY,
    MONDAY,
    REPLAY_ID,
    REPLAYED,
    STORED,
    WALL,
    begin_replay,
    make_feed,
)

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def _stored_feed():
    make_feed()


def claim(owner="engine-1", *, now=WALL):
    return claim_replay(replay_id=REPLAY_ID, owner=owner, now=now, lease=LEASE)


def step(position=0):
    return ReplayStep(position, MIDNIGHT + timedelta(hours=position), ())


def advance(token, position=0):
    advance_replay(replay_id=REPLAY_ID, token=token, step=step(position))


def test_a_replay_begins_at_its_first_step_on_a_feed_of_its_own():
    replay = begin_replay(speed="2.5")

    assert (replay.position, replay.as_of, replay.state) == (0, None, "RUNNING")
    assert (replay.feed.kind, replay.feed.source_id) == ("REPLAY", STORED)
    assert Replay.objects.get().speed == Decimal("2.5")


def test_starting_the_same_replay_again_gives_the_one_that_exists():
    begin_replay()
    advance(claim())

    again = begin_replay()

    assert again.position == 1
    assert Replay.objects.count() == 1


def test_a_feed_has_one_replay_for_ever():
    begin_replay()

    with pytest.raises(CannotReplay, match="belongs to replay"):
        begin_replay(replay_id=UUID(int=7))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"source": "nothing"}, "import candles first"),
        ({"source": "replay-of-old"}, "no feed of stored candles"),
        ({"feed_name": STORED}, "is no replay"),
        ({"first": FRIDAY, "last": MONDAY}, "cannot start on 2001-03-09 and end on 2001-03-05"),
        ({"speed": "-1"}, "speed of -1 steps"),
    ],
)
def test_a_replay_that_cannot_be_is_refused_with_the_reason(change, complaint):
    Feed.objects.create(name="replay-of-old", kind="REPLAY", source_id=STORED)

    with pytest.raises(CannotReplay, match=complaint):
        begin_replay(**change)

    assert not Replay.objects.exists()


def test_one_engine_holds_a_replay_at_a_time():
    begin_replay()

    assert claim("engine-1") == 1
    assert claim("engine-2", now=WALL + LEASE - timedelta(seconds=1)) is None
    assert claim("engine-2", now=WALL + LEASE) == 2


def test_an_engine_that_starts_again_takes_its_own_replay_with_a_new_token():
    begin_replay()

    assert claim() == 1
    assert claim() == 2
    with pytest.raises(ReplayLost):
        advance(1)


def test_an_engine_that_was_overtaken_cannot_advance_renew_release_or_end():
    begin_replay()
    old = claim("engine-1")
    new = claim("engine-2", now=WALL + LEASE)

    with pytest.raises(ReplayLost) as lost:
        advance(old)
    with pytest.raises(ReplayLost):
        end_replay(replay_id=REPLAY_ID, token=old, now=WALL)
    assert not renew_replay(replay_id=REPLAY_ID, token=old, now=WALL, lease=LEASE)
    assert not release_replay(replay_id=REPLAY_ID, token=old)

    advance(new)
    assert lost.value.replay_id == REPLAY_ID
    assert Replay.objects.get().position == 1


def test_a_renewed_lease_keeps_others_away():
    begin_replay()
    token = claim("engine-1")

    later = WALL + timedelta(seconds=9)
    assert renew_replay(replay_id=REPLAY_ID, token=token, now=later, lease=LEASE)

    assert claim("engine-2", now=WALL + LEASE) is None


def test_a_released_replay_is_free_at_once_and_its_old_holder_has_lost_it():
    begin_replay()
    token = claim("engine-1")

    assert release_replay(replay_id=REPLAY_ID, token=token)

    with pytest.raises(ReplayLost):
        advance(token)
    assert claim("engine-2") == 2


def test_steps_are_stored_one_after_the_other_and_none_twice():
    begin_replay()
    token = claim()
    advance(token, 0)

    with pytest.raises(ReplayLost):
        advance(token, 0)
    with pytest.raises(ReplayLost):
        advance(token, 2)

    replay = Replay.objects.get()
    assert (replay.position, replay.as_of) == (1, step(0).at)


def test_a_replay_ends_and_says_so_and_is_never_taken_up_again():
    begin_replay()

    end_replay(replay_id=REPLAY_ID, token=claim(), now=WALL)

    replay = Replay.objects.get()
    assert (replay.state, replay.ended_at, replay.lease_owner) == ("ENDED", WALL, "")
    assert claim() is None


@pytest.mark.parametrize(
    "change",
    [
        {"ends_on": MONDAY - timedelta(days=1)},
        {"speed": -1},
        {"state": "ENDED"},
        {"ended_at": WALL},
        {"position": 1},
        {"lease_owner": "engine-1"},
        {"lease_until": WALL},
    ],
)
def test_the_database_refuses_a_replay_that_makes_no_sense(change):
    begin_replay()

    with pytest.raises(IntegrityError), atomic():
        Replay.objects.update(**change)


@pytest.mark.parametrize(
    "change",
    [{"source_id": None}, {"source_id": REPLAYED}, {"kind": "STORED"}, {"kind": "ELSE"}],
)
def test_the_database_refuses_a_feed_that_makes_no_sense(change):
    begin_replay()

    with pytest.raises(IntegrityError), atomic():
        Feed.objects.filter(name=REPLAYED).update(**change)
