"""A farm to look at: a person, a paper account on replayed stocks, a team and what wakes it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from agents.domain.states import SessionState
from agents.models import TradingSession
from agents.services.sessions import stop_session
from agents.worlds import default_mind
from market.models import Feed, Replay
from market.services.replays import start_replay
from market.services.samples import SAMPLE_FEED, SAMPLES, import_sample_candles
from trading.models import Account
from tradingfarm.demo.minds import minds_of
from tradingfarm.pages.start.composing import Beginning, begin
from tradingfarm.people.models import Role, User

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
    """What the terminal has to say. `password` is None when the person existed already.

    `minds` says what answers for the agents, what that may cost, and how to change it.
    """

    username: str
    password: str | None
    account: Account
    replay: Replay
    is_new: bool
    minds: str


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
    return Seeded(person.username, password, account, replay, is_new, minds_of(account))


def _person() -> tuple[User, str | None]:
    person = User.objects.filter(username=USERNAME).first()
    if person is not None:
        return person, None
    password = secrets.token_urlsafe(12)
    return User.objects.create_superuser(USERNAME, password=password, role=Role.OPERATOR), password


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
    provider, model = default_mind()
    beginning = Beginning(
        account_id=_id(f"account:{number}"),
        owner=person,
        name="Demo" if number == 1 else f"Demo {number}",
        feed=replay.feed,
        deposit=DEPOSIT,
        time_zone="America/New_York",
        seed=seed,
        actor=ACTOR,
        symbols=SYMBOLS,
        suffix="" if number == 1 else f" {number}",
        provider=provider,
        model=model,
    )
    _close_earlier(person, account_id=beginning.account_id, at=at)
    return begin(beginning=beginning, at=at), replay


def _close_earlier(person: User, *, account_id: UUID, at: datetime) -> None:
    """Stop the demo's sessions on earlier accounts, whose replays have ended. Others go on."""
    earlier = TradingSession.objects.filter(team__owner=person, accepted_by=ACTOR)
    for session in earlier.exclude(account=account_id).exclude(state=SessionState.STOPPED):
        stop_session(session=session, reason="Its replay has ended.", actor=ACTOR, at=at)


def _id(name: str) -> UUID:
    return uuid5(NAMESPACE, name)
