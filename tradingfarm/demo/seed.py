"""A farm to look at: a person, a paper account on replayed stocks, a team and what wakes it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from agents.domain.states import SessionState
from agents.models import Team, TradingSession
from agents.services.sessions import start_session, stop_session
from agents.services.teams import create_builtin_team
from market.models import Feed, Replay
from market.services.replays import start_replay
from market.services.samples import SAMPLE_FEED, SAMPLES, import_sample_candles
from trading.models import Account, Permission
from trading.services.accounts import open_paper_account
from tradingfarm.people.models import User
from triggers.models import Trigger
from triggers.services.triggers import create_trigger

NAMESPACE = uuid5(NAMESPACE_URL, "urn:tradingfarm:demo")
ACTOR = "demo"
USERNAME = "trader"
DEPOSIT = Decimal(100_000)
# All four stocks trade, and a year of candles before it feeds the slow indicators.
STARTS_ON, ENDS_ON = date(2005, 9, 1), date(2013, 3, 1)
STEPS_A_DAY = 4
SYMBOLS = tuple(stock.symbol for stock in SAMPLES)


@dataclass(frozen=True)
class Seeded:
    """What the terminal has to say. `password` is None when the person existed already."""

    username: str
    password: str | None
    account: Account
    replay: Replay
    is_new: bool


def seed(
    *, at: datetime, seed: int, speed: Decimal, new_replay: bool, say: Callable[[str], None]
) -> Seeded:
    """Make the demo on first start; afterwards what is missing of it, and a new replay if asked.

    `speed` is in trading days a second, `at` is wall time. Ids come from names, so that two farms
    with one seed tell the same story.
    """
    person, password = _person()
    if not Feed.objects.filter(name=SAMPLE_FEED).exists():  # the import is one transaction
        import_sample_candles(progress=say)
    number, is_new = _which(new_replay=new_replay)
    account, replay = _begin(person, number=number, seed=seed, speed=speed, at=at)
    return Seeded(person.username, password, account, replay, is_new)


def _person() -> tuple[User, str | None]:
    person = User.objects.filter(username=USERNAME).first()
    if person is not None:
        return person, None
    password = secrets.token_urlsafe(12)
    return User.objects.create_superuser(USERNAME, password=password), password


def _which(*, new_replay: bool) -> tuple[int, bool]:
    """The number of the replay to play, and whether it is a new one.

    A new one begins on first start, and on request once the last one has ended.
    """
    replays = Replay.objects.filter(feed__name__startswith="replay-")
    number = replays.count()
    running = replays.filter(state=Replay.State.RUNNING).exists()
    is_new = number == 0 or (new_replay and not running)
    return number + is_new, is_new


def _begin(
    person: User, *, number: int, seed: int, speed: Decimal, at: datetime
) -> tuple[Account, Replay]:
    """Make what is missing, one committed step after another, so that a killed start goes on."""
    replay = start_replay(
        replay_id=_id(f"replay:{number}"),
        feed_name=f"replay-{number}",
        source=SAMPLE_FEED,
        starts_on=STARTS_ON,
        ends_on=ENDS_ON,
        speed=speed * STEPS_A_DAY,
        now=at,
    )
    Replay.objects.filter(id=replay.id).update(speed=speed * STEPS_A_DAY)
    account = _account(person, replay.feed, number=number, seed=seed, at=at)
    team = _team(person, account, at=at)
    _triggers(person, team, replay.feed, number=number, at=at)
    if not TradingSession.objects.filter(account=account).exists():
        start_session(team=team, account=account, accepted_by=ACTOR, at=at)
    return account, replay


def _account(person: User, feed: Feed, *, number: int, seed: int, at: datetime) -> Account:
    account_id = _id(f"account:{number}")
    return Account.objects.filter(id=account_id).first() or open_paper_account(
        account_id=account_id,
        owner=person,
        name="Demo" if number == 1 else f"Demo {number}",
        feed=feed,
        deposit=DEPOSIT,
        time_zone="America/New_York",
        seed=seed,
        actor=ACTOR,
        at=at,
    )


def _team(person: User, account: Account, *, at: datetime) -> Team:
    """The account's team of five. Sessions on earlier accounts, whose replays ended, close."""
    earlier = TradingSession.objects.filter(team__owner=person).exclude(account=account)
    for session in earlier.exclude(state=SessionState.STOPPED):
        stop_session(session=session, reason="Its replay has ended.", actor=ACTOR, at=at)
    permission = Permission.objects.filter(account=account).first()
    if permission is None:
        return create_builtin_team(owner=person, account=account, at=at)
    return Team.objects.get(members__agent_id=permission.agent_id, members__proposes=True)


def _triggers(person: User, team: Team, feed: Feed, *, number: int, at: datetime) -> None:
    suffix = "" if number == 1 else f" {number}"
    _trigger(
        person,
        team,
        name=f"Every trading day at 13:30{suffix}",
        type="time",
        feed=feed,
        cron="30 13 * * 1-5",
        time_zone="America/New_York",
        at=at,
    )
    for name, percent in ((f"Down 2 % today{suffix}", "-2"), (f"Up 2 % today{suffix}", "2")):
        _trigger(
            person,
            team,
            name=name,
            type="price",
            feed=feed,
            symbols=list(SYMBOLS),
            condition={"condition": "change_percent", "threshold": percent, "against": "open"},
            at=at,
        )


def _trigger(person: User, team: Team, *, name: str, **parts: Any) -> None:
    if not Trigger.objects.filter(owner=person, name=name).exists():
        create_trigger(owner=person, team=team, name=name, actor=ACTOR, **parts)


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE, name)
