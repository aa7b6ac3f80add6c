"""A farm of one's own in one go: an account, a team with its limits, triggers, and a session.

Each step is a service with a transaction of its own, and each looks first for what it would make,
so that a start which was cut short, or sent twice, is completed and never doubled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from agents.domain.templates import HOUSE, TeamTemplate
from agents.models import Team, TradingSession
from agents.services.founding import create_builtin_team
from agents.services.sessions import start_session
from market.models import Feed
from trading.models import Account
from trading.services.accounts import open_paper_account
from tradingfarm.people.models import User
from triggers.models import Trigger
from triggers.selectors.instruments import symbols_on
from triggers.services.triggers import create_trigger

EVERY_DAY = "30 13 * * 1-5"
MOVES = (("Down 2 % today", "-2"), ("Up 2 % today", "2"))
MOST_SYMBOLS = 20


@dataclass(frozen=True)
class Beginning:
    """What a farm of one's own begins with. `suffix` tells its triggers from earlier ones.

    `limits` None are the standard ones; `symbols` empty are all that the feed has, twenty at most.
    """

    account_id: UUID
    owner: User
    name: str
    feed: Feed
    deposit: Decimal
    time_zone: str
    seed: int
    actor: str
    template: TeamTemplate = HOUSE
    limits: Mapping[str, object] | None = None
    symbols: Sequence[str] = ()
    suffix: str = ""
    provider: str = "rules"
    model: str = ""


def begin(*, beginning: Beginning, at: datetime) -> Account:
    """Make what is missing of it; `at` is wall time.

    The session starts accepted by `actor`, unless the account has had one. Raises what the
    services raise: BadDeposit, ValidationError, InvalidTrigger.
    """
    account = open_account(beginning, at=at)
    team = create_builtin_team(
        owner=beginning.owner,
        account=account,
        at=at,
        template=beginning.template,
        limits=beginning.limits,
        provider=beginning.provider,
        model=beginning.model,
    )
    add_triggers(beginning, team, at=at)
    if not TradingSession.objects.filter(account=account).exists():
        start_session(team=team, account=account, accepted_by=beginning.actor, at=at)
    return account


def open_account(beginning: Beginning, *, at: datetime) -> Account:
    """The account, opened unless it is there."""
    found = Account.objects.filter(id=beginning.account_id).first()
    return found or open_paper_account(
        account_id=beginning.account_id,
        owner=beginning.owner,
        name=beginning.name,
        feed=beginning.feed,
        deposit=beginning.deposit,
        time_zone=beginning.time_zone,
        seed=beginning.seed,
        actor=beginning.actor,
        at=at,
    )


def add_triggers(beginning: Beginning, team: Team, *, at: datetime) -> None:
    """Once a day at half past one in New York, and whenever a price moves by two percent."""
    _add(
        beginning,
        team,
        name=f"Every trading day at 13:30{beginning.suffix}",
        type="time",
        cron=EVERY_DAY,
        time_zone="America/New_York",
        at=at,
    )
    symbols = list(beginning.symbols) or symbols_on(feed=beginning.feed)[:MOST_SYMBOLS]
    if not symbols:
        return
    for name, percent in MOVES:
        _add(
            beginning,
            team,
            name=f"{name}{beginning.suffix}",
            type="price",
            symbols=symbols,
            condition={"condition": "change_percent", "threshold": percent, "against": "open"},
            at=at,
        )


def _add(beginning: Beginning, team: Team, *, name: str, **parts: Any) -> None:
    if not Trigger.objects.filter(owner=beginning.owner, name=name).exists():
        create_trigger(
            owner=beginning.owner,
            team=team,
            feed=beginning.feed,
            name=name,
            actor=beginning.actor,
            **parts,
        )
