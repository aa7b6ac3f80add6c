"""Farms to look at: rows of every kind that pages show, as the services would leave them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid5

from agents.domain.states import Role, SessionState
from agents.models import Agent, Member, Team, TradingSession
from market.domain.instruments import instrument_id
from market.models import Feed, Instrument, Quote, Replay
from trading.domain.states import HaltState, StopMode
from trading.models import Account, EquitySnapshot, Permission, StopRun
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import User

PASSWORD = "correct horse 42"
OPENED = datetime(2004, 1, 5, 21, 0, tzinfo=UTC)
MARKET_NOW = datetime(2005, 3, 14, 21, 0, tzinfo=UTC)
PRICES = {"AAPL": "40.32", "GOOG": "175.50", "IBM": "92.14", "MSFT": "25.11"}
CHARACTERS = (
    (Role.TECHNICAL, "Technical", "azure", "chart-line"),
    (Role.FUNDAMENTAL, "Fundamental", "indigo", "building-bank"),
    (Role.SENTIMENT, "Sentiment", "purple", "mood-smile"),
    (Role.RISK, "Risk", "orange", "shield"),
    (Role.EXECUTION, "Execution", "teal", "arrows-exchange"),
)


def key(*parts: object) -> UUID:
    """An id that a test can name again."""
    return uuid5(NAMESPACE_DNS, ":".join(str(part) for part in parts))


@dataclass
class Farm:
    """One person's account with what is around it; counters make what is added later unique."""

    owner: User
    account: Account
    permission: Permission
    team: Team
    agents: dict[str, Agent]
    wall: datetime
    number: int = 0
    instruments: dict[str, Instrument] = field(default_factory=dict)


def make_user(name: str = "trader", *, staff: bool = False) -> User:
    return User.objects.create_user(
        username=name, password=PASSWORD, is_staff=staff, is_superuser=staff
    )


def make_farm(*, owner: User, wall: datetime, name: str = "Demo", provider: str = "rules") -> Farm:
    """An account that has just been opened on a replay, with its team in AUTO_TRADING."""
    instruments, feed = _market(f"replay-{owner.pk}-{name.lower()}", wall)
    account = Account.objects.create(
        id=key(owner.username, name),
        owner=owner,
        name=name,
        kind=Account.Kind.PAPER,
        feed=feed,
        time_zone="America/New_York",
        cash=Decimal(100_000),
        day=date(2005, 3, 14),
        day_start_equity=Decimal(100_000),
        is_ready=True,
        reconciled_at=wall,
        created_at=wall,
    )
    agents = _agents(owner, name, provider, wall)
    team = _team(owner, name, agents, wall)
    TradingSession.objects.create(
        id=key(account.id, "session"),
        team=team,
        account=account,
        state=SessionState.AUTO_TRADING,
        accepted_by="demo",
        started_at=wall,
    )
    permission = Permission.objects.create(
        id=uuid5(account.id, str(agents["Technical"].id)),
        account=account,
        agent_id=agents["Technical"].id,
        agent_name="Technical",
        max_position_value=Decimal(25_000),
        max_allocation_pct=Decimal(25),
        max_daily_loss=Decimal(5_000),
        max_open_positions=3,
    )
    return Farm(owner, account, permission, team, agents, wall, instruments=instruments)


def _market(name: str, wall: datetime) -> tuple[dict[str, Instrument], Feed]:
    stored, _ = Feed.objects.get_or_create(name="daily-candles", kind=Feed.Kind.STORED)
    feed = Feed.objects.create(name=name, kind=Feed.Kind.REPLAY, source=stored)
    Replay.objects.create(
        id=key(name, "replay"),
        feed=feed,
        starts_on=date(2004, 1, 5),
        ends_on=date(2013, 3, 1),
        timeframe="1d",
        speed=Decimal(4),
        position=1200,
        as_of=MARKET_NOW,
        started_at=wall,
    )
    instruments = {symbol: _quoted(symbol, feed, wall) for symbol in PRICES}
    return instruments, feed


def _quoted(symbol: str, feed: Feed, wall: datetime) -> Instrument:
    instrument, _ = Instrument.objects.get_or_create(
        id=instrument_id(venue="XNAS", symbol=symbol),
        symbol=symbol,
        name=symbol,
        asset_class="equity",
        venue="XNAS",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        minimum_notional=Decimal(1),
        calendar="XNYS",
        currency="USD",
    )
    last = Decimal(PRICES[symbol])
    Quote.objects.create(
        feed=feed,
        instrument=instrument,
        bid=last - Decimal("0.01"),
        ask=last + Decimal("0.01"),
        last=last,
        volume=Decimal(1_000_000),
        at=wall,
        as_of=MARKET_NOW,
    )
    return instrument


def _agents(owner: User, name: str, provider: str, wall: datetime) -> dict[str, Agent]:
    return {
        title: Agent.objects.create(
            id=key(owner.username, name, title),
            owner=owner,
            name=title if name == "Demo" else f"{title} of {name}",
            role=role,
            provider=provider,
            colour=colour,
            icon=icon,
            created_at=wall,
        )
        for role, title, colour, icon in CHARACTERS
    }


def _team(owner: User, name: str, agents: dict[str, Agent], wall: datetime) -> Team:
    team = Team.objects.create(
        id=key(owner.username, name, "team"), owner=owner, name=f"{name} team", created_at=wall
    )
    for seat, (title, agent) in enumerate(agents.items()):
        Member.objects.create(
            team=team,
            agent=agent,
            seat=seat,
            proposes=title == "Technical",
            vetoes=title == "Risk",
        )
    return team


def add_equity(farm: Farm, *, days: int = 300) -> None:
    """A curve that climbs with setbacks, one moment for each day."""
    level, snapshots = Decimal(100_000), []
    for number in range(days):
        level += Decimal((number * number * 7919) % 1301 - 646)
        moment = MARKET_NOW - timedelta(days=days - number)
        snapshots.append(
            EquitySnapshot(account=farm.account, as_of=moment, cash=level / 2, equity=level)
        )
    EquitySnapshot.objects.bulk_create(snapshots)


def halt(farm: Farm, *, reason: str = "Emergency stop: keep positions") -> None:
    """The account as an emergency stop leaves it."""
    farm.account.halt_state = HaltState.HALTED
    farm.account.halt_reason = reason
    farm.account.save()
    StopRun.objects.create(
        id=key(farm.account.id, "stop"),
        account=farm.account,
        mode=StopMode.KEEP,
        step=StopRun.Step.DONE,
        epoch=1,
        requested_by="operator",
        reason=reason,
        at=farm.wall,
        ended_at=farm.wall,
    )


def end_replay(farm: Farm) -> None:
    """The replay with all of its candles played."""
    Replay.objects.filter(feed=farm.account.feed).update(
        state=Replay.State.ENDED,
        ended_at=farm.wall,
        as_of=datetime(2013, 3, 1, 21, 0, tzinfo=UTC),
    )


def set_price(farm: Farm, symbol: str, last: str) -> None:
    """A newer price; pages that hear no doorbell see by its time that it is new."""
    Quote.objects.filter(feed=farm.account.feed, instrument=farm.instruments[symbol]).update(
        last=Decimal(last), at=SystemClock().now()
    )
