"""A farm with as much of everything as is asked for: what pages are measured and counted on.

`grow` adds to a farm of `tests/pages/farms.py`. Rows are stored by COPY, in the shape in which the
services would leave them; the journal's chains hold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.transaction import atomic
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from agents.domain.states import Role, SessionState
from agents.models import (
    Agent,
    AgentVersion,
    Execution,
    Member,
    Spending,
    Team,
    TradingSession,
)
from market.domain.instruments import instrument_id
from market.models import Candle, Feed, Instrument, Quote, Split
from market.services.partitions import make_candle_partitions
from tests.pages.big_journal import Chapter, write_chapter
from tests.pages.big_stories import Seats, Stage, tell
from tests.pages.copying import Row, copy_rows
from tests.pages.farms import CHARACTERS, MARKET_NOW, Farm, key
from trading.domain.states import ProtectionKind, ProtectionState, StopMode
from trading.models import (
    Assessment,
    CashMovement,
    EquitySnapshot,
    Order,
    Permission,
    Position,
    PositionShare,
    Protection,
    StopRun,
)
from tradingfarm.kernel.journal import FARM, account_stream, owner_stream
from tradingfarm.kernel.models import Heartbeat
from triggers.models import LastSighting, Trigger

PRICE = Decimal("39.90")
DIP = {"condition": "change_percent", "threshold": "-3", "against": "open"}
LIMITS = {"max_position_value": Decimal(25_000), "max_daily_loss": Decimal(5_000)}


@dataclass(frozen=True)
class Size:
    """How many of each thing a farm gets on top of what it has."""

    teams: int
    orders: int
    events: int
    instruments: int
    triggers: int
    days: int
    stops: int

    @classmethod
    def of(cls, number: int) -> "Size":
        """As many of everything; five agents sit in each team, a story has messages and votes."""
        return cls(number, number, number, number, number, number, number)

    def part(self, share: float) -> "Size":
        """The share of an account that has only a part of a farm's records."""
        return Size(
            teams=max(1, round(self.teams * share)),
            orders=round(self.orders * share),
            events=round(self.events * share),
            instruments=self.instruments,
            triggers=max(1, round(self.triggers * share)),
            days=self.days,
            stops=self.stops,
        )


BIG = Size(
    teams=10,
    orders=10_000,
    events=1_000_000,
    instruments=36,
    triggers=60,
    days=1_500,
    stops=12,
)
"""50 agents, 10,000 orders, a million events."""


def grow(farm: Farm, size: Size, *, first: int = 0) -> None:
    """Add this much to the farm's account. Who adds again counts on from a `first` beyond that."""
    with atomic():
        instruments = _instruments(farm, first, size.instruments)
        _candles(farm, instruments, size.days)
        teams = [_team(farm, number) for number in range(first, first + size.teams - 1)]
        seats = [_house_team(farm), *teams]
        triggers = [_trigger(farm, number) for number in range(first, first + size.triggers)]
        _money(farm, first, size)
        tell(Stage(farm, seats, instruments, triggers), orders=size.orders, first=first * 10)
        _positions(farm, instruments, seats)
    _journal(farm, size.events)


def _instruments(farm: Farm, first: int, number: int) -> list[UUID]:
    """The farm's own instruments and further ones, all with a quote on its feed."""
    known = [instrument.id for instrument in farm.instruments.values()]
    made = [_instrument(f"BIG{each}") for each in range(first, first + number)]
    unseen = made if first else known + made
    now = {"as_of": MARKET_NOW}
    prices = {"bid": Decimal("39.89"), "ask": Decimal("39.91"), "volume": Decimal(10_000)}
    feed = {"feed_id": farm.account.feed_id, "last": PRICE}
    copy_rows(
        Quote,
        [feed | prices | now | {"instrument_id": each, "at": farm.wall} for each in made],
    )
    copy_rows(LastSighting, [feed | now | {"instrument_id": each} for each in unseen])
    return known + made


def _instrument(symbol: str) -> UUID:
    instrument, is_new = Instrument.objects.get_or_create(
        id=instrument_id(venue="XNAS", symbol=symbol),
        defaults={
            "symbol": symbol,
            "name": f"{symbol} Incorporated",
            "asset_class": "equity",
            "venue": "XNAS",
            "tick_size": Decimal("0.01"),
            "lot_size": Decimal(1),
            "minimum_notional": Decimal(1),
            "sector": "Technology",
            "calendar": "XNYS",
            "currency": "USD",
        },
    )
    if is_new:
        Split.objects.create(
            instrument=instrument,
            effective_on=datetime(2005, 2, 28, tzinfo=UTC).date(),
            numerator=2,
            denominator=1,
        )
    return instrument.id


def _candles(farm: Farm, instruments: Sequence[UUID], days: int) -> None:
    """Daily candles until the farm's market time, once for all farms of a stored feed."""
    source = Feed.objects.get(name=farm.account.feed_id).source_id
    if Candle.objects.filter(feed_id=source).exists():
        return
    last = datetime.combine(MARKET_NOW.date(), time.min, tzinfo=UTC)
    first = last - timedelta(days=days)
    make_candle_partitions(first_year=first.year, last_year=last.year)
    copy_rows(
        Candle,
        (
            _candle(str(source), instrument, first + timedelta(days=day))
            for instrument in instruments
            for day in range(days)
        ),
    )


def _candle(feed: str, instrument: UUID, start: datetime) -> Row:
    # A price that wanders up and down without chance.
    level = Decimal(30 + (start.toordinal() * 7919) % 1301 / 100).quantize(Decimal("0.01"))
    return {
        "feed_id": feed,
        "instrument_id": instrument,
        "timeframe": "1d",
        "start": start,
        "closes_at": start + timedelta(hours=21),
        "open": level,
        "high": level + 1,
        "low": level - 1,
        "close": level,
        "volume": Decimal(1_000_000),
    }


def _house_team(farm: Farm) -> Seats:
    session = TradingSession.objects.filter(team=farm.team, account=farm.account).first()
    proposer = farm.agents["Technical"]
    voters = [agent for agent in farm.agents.values() if agent != proposer]
    session_id = session.id if session else None
    return Seats(farm.team.id, session_id, farm.permission.id, proposer, voters)


def _team(farm: Farm, number: int) -> Seats:
    """Five more agents as one more team, its session stopped, its proposer with a permission."""
    owner, account = farm.owner, farm.account
    team = Team.objects.create(
        id=key(account.id, "team", number),
        owner=owner,
        name=f"Team {number} of {account.name}",
        created_at=farm.wall,
    )
    agents = [_agent(farm, number, *character) for character in CHARACTERS]
    Member.objects.bulk_create(
        Member(team=team, agent=agent, seat=seat, proposes=seat == 0, vetoes=seat == 3)
        for seat, agent in enumerate(agents)
    )
    session = TradingSession.objects.create(
        id=key(team.id, "session"),
        team=team,
        account=account,
        state=SessionState.STOPPED,
        accepted_by="demo",
        started_at=farm.wall - timedelta(hours=number + 1),
        stopped_at=farm.wall,
    )
    permission = Permission.objects.create(
        id=key(team.id, "permission"),
        account=account,
        agent_id=agents[0].id,
        agent_name=agents[0].name,
        max_allocation_pct=Decimal(25),
        **LIMITS,
    )
    return Seats(team.id, session.id, permission.id, agents[0], agents[1:])


def _agent(farm: Farm, number: int, role: Role, title: str, colour: str, icon: str) -> Agent:
    agent = Agent.objects.create(
        id=key(farm.account.id, "agent", number, title),
        owner=farm.owner,
        name=f"{title} {number} of {farm.account.name}",
        role=role,
        colour=colour,
        icon=icon,
        created_at=farm.wall,
    )
    AgentVersion.objects.create(
        agent=agent,
        version=1,
        configuration={"name": agent.name},
        changed_by="person:trader",
        at=farm.wall,
    )
    copy_rows(Spending, [_spent(agent, farm.wall, days) for days in range(30)])
    return agent


def _spent(agent: Agent, wall: datetime, days: int) -> Row:
    day = wall.date() - timedelta(days=days)
    return {"agent_id": agent.id, "day": day, "spent": Decimal("0.40")}


def _trigger(farm: Farm, number: int) -> UUID:
    """Price triggers and, every third, a time trigger; all disabled but the first few."""
    kinds: dict[str, object] = {"type": "price", "symbols": ["AAPL"], "condition": DIP}
    if number % 3 == 2:
        kinds = {"type": "time", "cron": "30 13 * * 1-5", "next_due_at": farm.wall}
    return Trigger.objects.create(
        id=key(farm.account.id, "trigger", number),
        owner=farm.owner,
        name=f"Trigger {number} of {farm.account.name}",
        enabled=number < 5,
        team=farm.team,
        feed_id=farm.account.feed_id,
        last_triggered_at=farm.wall,
        created_at=farm.wall,
        changed_at=farm.wall,
        **kinds,
    ).id


def _money(farm: Farm, first: int, size: Size) -> None:
    """The equity curve, deposits, and emergency stops of old."""
    account = {"account_id": farm.account.id}
    copy_rows(
        EquitySnapshot,
        [
            account
            | {
                "as_of": MARKET_NOW - timedelta(days=size.days - day, hours=1, seconds=first),
                "cash": Decimal(50_000),
                "equity": Decimal(100_000 + day % 700),
            }
            for day in range(size.days)
        ],
    )
    for number in range(first, first + size.stops):
        at = farm.wall - timedelta(days=number + 1)
        CashMovement.objects.create(**account, amount=Decimal(100), reason="Deposit", at=at)
        StopRun.objects.create(
            **account,
            id=key(farm.account.id, "stop", number),
            mode=StopMode.KEEP,
            step=StopRun.Step.DONE,
            epoch=number,
            requested_by="person:trader",
            at=at,
            ended_at=at,
        )


def _positions(farm: Farm, instruments: Sequence[UUID], seats: Sequence[Seats]) -> None:
    """A position in each instrument that the account does not hold yet, and what guards it."""
    taken = set(Position.objects.filter(account=farm.account).values_list("instrument", flat=True))
    entry = Order.objects.filter(account=farm.account).latest("approved_at")
    for number, instrument in enumerate(each for each in instruments if each not in taken):
        amounts = {"quantity": Decimal(200), "cost": 200 * PRICE}
        position = Position.objects.create(
            account=farm.account, instrument_id=instrument, **amounts
        )
        share = PositionShare.objects.create(
            position=position,
            permission_id=seats[number % len(seats)].permission_id,
            **amounts,
        )
        copy_rows(Protection, _protections(farm, share, instrument, entry))


def _protections(
    farm: Farm, share: PositionShare, instrument: UUID, entry: Order
) -> Iterator[Row]:
    for kind, price in ((ProtectionKind.STOP_LOSS, "37"), (ProtectionKind.TAKE_PROFIT, "44")):
        for state in (ProtectionState.ARMED, ProtectionState.DONE, ProtectionState.CANCELED):
            yield {
                "id": key(farm.account.id, "protection", share.pk, kind, state),
                "account_id": farm.account.id,
                "share_id": share.pk,
                "instrument_id": instrument,
                "entry_id": entry.id,
                "kind": kind,
                "price": Decimal(price),
                "state": state,
                "armed_at": farm.wall - timedelta(seconds=share.pk % 100),
            }


def _journal(farm: Farm, events: int) -> None:
    """Nine in ten events are the account's, the rest its owner's and the farm's own."""
    subjects: dict[str, Sequence[object]] = {
        "account": [farm.account.id],
        "permission": [farm.permission.id],
        **_subjects(farm),
    }
    rest = events // 20
    chapters = (
        Chapter(account_stream(farm.account.id), events - 2 * rest, subjects),
        Chapter(owner_stream(farm.owner.pk), rest, subjects),
        Chapter(FARM, rest, subjects),
    )
    with atomic():
        for chapter in chapters:
            write_chapter(chapter, until=farm.wall)
        for process in ("worker", "beat", "engine", "sender"):
            Heartbeat.objects.update_or_create(
                process=process, defaults={"pid": 1, "at": farm.wall}
            )
        _beat()


def _beat() -> None:
    """What beat stores of its schedule when it starts."""
    often, _ = IntervalSchedule.objects.get_or_create(every=5, period=IntervalSchedule.SECONDS)
    CrontabSchedule.objects.get_or_create(minute="0", hour="4")
    PeriodicTask.objects.get_or_create(
        name="heartbeat", defaults={"interval": often, "task": "tradingfarm.heartbeat"}
    )


def _subjects(farm: Farm) -> dict[str, Sequence[object]]:
    """What the account's events are about, oldest first, by kind."""
    orders = Order.objects.filter(account=farm.account).order_by("approved_at")
    found = Assessment.objects.filter(account=farm.account).order_by("at")
    executions = Execution.objects.filter(account=farm.account).order_by("queued_at")
    return {
        "order": list(orders.values_list("id", flat=True)),
        "assessment": list(found.values_list("id", flat=True)),
        "execution": list(executions.values_list("id", flat=True)),
        "trigger": list(Trigger.objects.filter(owner=farm.owner).values_list("id", flat=True)),
    }
