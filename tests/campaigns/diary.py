"""Forty real accounts, looked at again and again while their clocks and zones are played with."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid5

from django.db import connection

from market.models import Feed
from tests.campaigns.arena import say
from tests.campaigns.calendars import (
    ZONES,
    Expected,
    Found,
    Table,
    compare,
    first_day,
)
from tests.campaigns.judge import Breach
from trading.models import Account, Permission
from trading.selectors.books import lock_account
from trading.services.accounts import grant_permission, open_paper_account
from trading.services.days import change_time_zone, roll_account, roll_days
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import transaction
from tradingfarm.people.models import User

FEED = "days"
NAMESPACE = UUID("1c5a4a5e-8b0f-5d0a-9b5e-6a1d2f3c4b5a")
USED = 7
"""What the counter of a day that goes on stands at."""
TELL_EVERY = timedelta(days=100)
ENOUGH = 50
"""Breaches after which a run is over."""
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)

READ = """
SELECT a.id, a.day, a.day_began_at, a.time_zone, a.pending_time_zone, m.entries_today
FROM trading_account a JOIN trading_permission m ON m.account_id = a.id WHERE a.feed_id = %s
"""


@dataclass
class Figures:
    """What was done, and what the days were like."""

    looks: int = 0
    resets: int = 0
    edits: int = 0
    edits_taken_back: int = 0
    steps_back: int = 0
    steps_ahead: int = 0
    shortest: timedelta = timedelta.max
    longest: timedelta = timedelta(0)
    lengths: Counter[str] = field(default_factory=Counter)

    def count_day(self, length: timedelta) -> None:
        self.resets += 1
        self.shortest, self.longest = min(self.shortest, length), max(self.longest, length)
        self.lengths[f"{length / HOUR:g}"] += 1


class Diary:
    """Accounts on one feed, each with what its day must be."""

    def __init__(self, *, chance: Random, table: Table, eager: bool) -> None:
        self.figures = Figures()
        self.breaches: list[Breach] = []
        self._chance = chance
        self._table = table
        self._eager = eager
        self._expected: dict[UUID, Expected] = {}
        self._found: dict[UUID, Found] = {}

    def open(self, *, now: datetime) -> None:
        """An account with an agent for each zone, on its first day."""
        with connection.cursor() as cursor:
            # Nobody pulls the plug here, and waiting for the disk is most of a roll's time.
            cursor.execute("SET synchronous_commit = off")
        owner = User.objects.create_user("days")
        feed = Feed.objects.create(name=FEED, kind=Feed.Kind.SYNTHETIC)
        for zone in ZONES:
            account_id = uuid5(NAMESPACE, zone)
            self._open(account_id, owner, feed, zone)
            self._expected[account_id] = first_day(now, zone, self._table)
        with transaction():
            roll_days(feed_name=FEED, now=now)
        Permission.objects.update(entries_today=USED)
        self._found = _read()

    def _open(self, account_id: UUID, owner: User, feed: Feed, zone: str) -> None:
        at = SystemClock().now()
        account = open_paper_account(
            account_id=account_id,
            owner=owner,
            name=zone,
            feed=feed,
            deposit=Decimal(1_000),
            time_zone=zone,
            seed=1,
            actor="campaign",
            at=at,
        )
        grant_permission(
            account=account,
            agent_id=account_id,
            agent_name=zone,
            limits={},
            actor="campaign",
            at=at,
        )

    def live(self, *, first: datetime, last: datetime) -> None:
        """From reset to reset: a second before each, at it, and whatever the clock does then."""
        now = told = first
        while now < last and len(self.breaches) < ENOUGH:
            now = max(self._next_reset(), now)
            if now - told >= TELL_EVERY:
                told = now
                say(f"{now:%Y-%m-%d}: {self.figures.looks} looks, {self.figures.resets} resets")
            for moment in self._moments(now):
                self._edit_some(moment)
                self._look(moment)

    def _next_reset(self) -> datetime:
        return min(each.next_begin(self._table).at for each in self._expected.values())

    def _moments(self, reset: datetime) -> Iterable[datetime]:
        chance, figures = self._chance, self.figures
        if chance.random() < 0.5:
            yield reset - SECOND
        if chance.random() < 0.03:
            figures.steps_ahead += 1
            yield reset + chance.uniform(0, 2) * HOUR
            yield reset - SECOND
        yield reset
        if chance.random() < 0.15:
            figures.steps_back += 1
            yield reset - chance.uniform(0, 3) * HOUR
        elif chance.random() < 0.02:
            figures.steps_back += 1
            yield reset - chance.uniform(0, 40) * DAY

    def _look(self, now: datetime) -> None:
        """As the engine does for the whole feed, or as a decision does for one account."""
        if self._chance.random() < 0.1:
            account_id = self._chance.choice(list(self._expected))
            with transaction():
                roll_account(account=lock_account(account_id=account_id, now=now), now=now)
            self._compare([account_id], now)
            return
        with transaction():
            rolled = roll_days(feed_name=FEED, now=now)
        due = self._compare(list(self._expected), now)
        if rolled != due:
            self.breaches.append(Breach("count", f"{rolled} rolled at {now}, not {due}"))

    def _edit_some(self, now: datetime) -> None:
        chance = self._chance
        if chance.random() > 0.04:
            return
        account_id = chance.choice(list(self._expected))
        before = self._expected[account_id].zone
        zones = [chance.choice(ZONES)]
        if chance.random() < 0.25:
            self.figures.edits_taken_back += 1
            zones.append(before)
        for zone in zones:
            self.figures.edits += 1
            self._edit(account_id, zone, now)
        self._compare([account_id], now)

    def _edit(self, account_id: UUID, zone: str, now: datetime) -> None:
        # An edit looks at the account first, and then only says what is to come.
        expected = self._expected[account_id].at(now, self._table)
        self._expected[account_id] = expected.moved_to(zone)
        at = SystemClock().now()
        if self._eager:
            Account.objects.filter(id=account_id).update(time_zone=zone)
            return
        counts_from = change_time_zone(
            account_id=account_id, time_zone=zone, actor="campaign", now=now, at=at
        )
        if counts_from != expected.next_begin(self._table).at:
            self.breaches.append(Breach("said", f"{zone} counts from {counts_from}"))

    def _compare(self, looked_at: list[UUID], now: datetime) -> int:
        """Judge what is stored after a look at these accounts; how many had to begin a day."""
        self.figures.looks += 1
        before, found, due = self._found, _read(), 0
        for account_id in looked_at:
            expected = self._expected[account_id].at(now, self._table)
            due += expected.began != self._expected[account_id].began
            self._expected[account_id] = expected
        for account_id, after in found.items():
            self._judge(account_id, before[account_id], after, now)
        rolled = [key for key, after in found.items() if after.began_at != before[key].began_at]
        if rolled:
            Permission.objects.filter(account__in=rolled).update(entries_today=USED)
        self._found = {key: replace(row, entries=USED) for key, row in found.items()}
        return due

    def _judge(self, account_id: UUID, before: Found, after: Found, now: datetime) -> None:
        expected = self._expected[account_id]
        self.breaches += compare(
            name=expected.zone,
            now=now,
            before=before,
            after=after,
            expected=expected,
            table=self._table,
            used=USED,
        )
        if after.began_at != before.began_at:
            self.figures.count_day(after.began_at - before.began_at)


def _read() -> dict[UUID, Found]:
    with connection.cursor() as cursor:
        cursor.execute(READ, [FEED])
        return {row[0]: Found(*row[1:]) for row in cursor.fetchall()}
