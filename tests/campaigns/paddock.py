"""What the race is run on: instruments whose prices stand still, an account for each round."""

from decimal import Decimal

from market.domain.ticks import Tick
from market.models import Feed, Instrument
from market.services.quotes import store_quotes
from tests.campaigns.rounds import (
    INSTRUMENTS,
    OF_ACCOUNT,
    VENUE,
    WIDE,
    Round,
    instrument,
    last_price,
    sector,
    symbol,
)
from trading.models import Account
from trading.selectors.books import know_calendars
from trading.services.accounts import grant_permission, open_paper_account
from trading.services.days import roll_days
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import transaction
from tradingfarm.people.models import User
from tradingfarm.processes.waiting import wait_until

FEED = "race"
NOW = SystemClock().now()
"""Market time of every proposal and price: that of the clock, for the sender reads it too."""
ZONE = f"Etc/GMT{NOW.hour - 12:+d}" if NOW.hour != 12 else "UTC"
"""Where it is noon: no day of an account ends in the midst of a round."""
LOT = Decimal("0.001")
READY_SECONDS = 60.0


def prepare(seed: int) -> User:
    """Instruments with prices that stand still, and an owner.

    Calendars are read here, so that no client's first decision is measured with them.
    """
    know_calendars()
    Feed.objects.create(name=FEED, kind=Feed.Kind.SYNTHETIC)
    Instrument.objects.bulk_create(
        Instrument(
            id=instrument(number),
            symbol=symbol(number),
            name=symbol(number),
            asset_class="crypto",
            venue=VENUE,
            tick_size=Decimal("0.01"),
            lot_size=LOT,
            minimum_notional=1,
            calendar="24/7",
            currency="USD",
            sector=sector(number),
        )
        for number in range(INSTRUMENTS)
    )
    ticks = [_tick(seed, number) for number in range(INSTRUMENTS)]
    store_quotes(feed=FEED, ticks=ticks, now=SystemClock().now())
    return User.objects.create_user("race")


def _tick(seed: int, number: int) -> Tick:
    last = last_price(seed, number)
    return Tick(
        instrument_id=instrument(number),
        symbol=symbol(number),
        at=NOW,
        bid=last - Decimal("0.01"),
        ask=last + Decimal("0.01"),
        last=last,
        volume=Decimal(10**9),
    )


def open_round(opened: Round, owner: User, *, tight: bool) -> None:
    """The round's account with its agents' permissions; `tight` grants a tenth less."""
    at, style = SystemClock().now(), opened.style
    account = open_paper_account(
        account_id=opened.account_id,
        owner=owner,
        name=opened.name,
        feed=Feed.objects.get(name=FEED),
        deposit=Decimal(style.deposit),
        time_zone=ZONE,
        seed=opened.seed,
        actor="campaign",
        at=at,
    )
    limits = {name: Decimal(str(limit)) for name, limit in style.limits.items()}
    if tight:
        limits = {name: limit * 6 // 10 for name, limit in limits.items()}
    Account.objects.filter(id=account.id).update(**{**OF_ACCOUNT, **style.of_account})
    for number in range(style.agents):
        grant_permission(
            account=account,
            agent_id=opened.agent(number),
            agent_name=f"Agent {number}",
            limits=WIDE | limits,
            actor="campaign",
            at=at,
        )
    with transaction():
        roll_days(feed_name=FEED, now=NOW)
    owned = Account.objects.filter(id=account.id, fencing_token__gt=0, is_ready=True)
    if not wait_until(owned.exists, seconds=READY_SECONDS, pause=0.05):
        raise TimeoutError(f"{opened.name}: no sender has taken the account over.")
