"""Where stories are told: an exchange of our own, a hand-driven time, and an account for each."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import uuid5

import trading.loop.sender
from market.domain.instruments import instrument_id
from market.domain.ticks import Tick
from market.models import Feed, Instrument
from market.services.quotes import store_quotes
from tests.campaigns.faults_clock import HandClock, database_by_hand
from tests.campaigns.faults_plans import Plan
from tests.campaigns.rounds import NAMESPACE, WIDE
from tests.exchanges.log import ExchangeLog
from tests.exchanges.serving import ServedExchange, serve
from trading.domain.credentials import Credentials
from trading.exchanges.ccxt.exchange import CcxtExchange
from trading.loop.sender import SendingLoop
from trading.models import Account, Permission, SenderLease
from trading.services.accounts import grant_permission
from trading.services.leases import end_lease
from trading.services.live import Connection, confirm_live, open_live_account, phrase_for
from trading.worlds import exchange_for
from tradingfarm.kernel.clock import Clock
from tradingfarm.people.models import User

FEED, VENUE, CURRENCY, MAIN = "faults", "binance", "USDT", "main"
OPENING = {"USDT": Decimal("1000000.12345678"), "BNB": Decimal("50.5")}
TIMEOUT_MS = 300
STEPS = {
    "BTC": (Decimal("0.01"), Decimal("0.00001"), Decimal(10), Decimal(60_000)),
    "ETH": (Decimal("0.05"), Decimal("0.0001"), Decimal(5), Decimal(3_000)),
    "BNB": (Decimal("0.1"), Decimal("0.001"), Decimal(5), Decimal(600)),
}
"""Tick, lot, minimum notional and the price at first, as the exchange has them."""
RETIRED = "retired"


def adapter(account: Account, *, clock: Clock) -> CcxtExchange:
    """The account's real adapter, but impatient, and with the story's time on its requests."""
    exchange = exchange_for(account, clock=clock)
    assert isinstance(exchange, CcxtExchange)
    api = exchange._opened().api
    api.timeout, api.enableRateLimit = TIMEOUT_MS, False
    api.nonce = lambda: int(clock.now().timestamp() * 1000)
    return exchange


@dataclass
class Booth:
    """One process of stories."""

    venue: ServedExchange
    clock: HandClock
    owner: User

    def open(self, plan: Plan) -> tuple[Account, Permission]:
        """The exchange as at its start, and a new account there, confirmed for real money."""
        self.venue.reset(seed=plan.seed)
        self.clock.tell()
        self.venue.do("limits", weight=None, orders=None)
        self.venue.account(
            MAIN,
            balances={"BTC": "0", "ETH": "0", "SOL": "0", **OPENING},
            maker=plan.rate,
            taker=plan.rate,
            fee_in=plan.fee_in,
        )
        at = self.clock.now()
        account = open_live_account(
            account_id=uuid5(NAMESPACE, plan.name),
            owner=self.owner,
            name=plan.name[:60],
            feed=Feed.objects.get(name=FEED),
            base_currency=CURRENCY,
            time_zone="UTC",
            connection=Connection(
                exchange=VENUE,
                sandbox=False,
                base_url=self.venue.url,
                balances=OPENING,
                clock_offset=at - at,
                can_withdraw=False,
            ),
            credentials=Credentials(f"key-of-{MAIN}", f"secret-of-{MAIN}"),
            actor="campaign",
            at=at,
        )
        confirm_live(account_id=account.id, typed=phrase_for(account), actor="campaign", at=at)
        permission = grant_permission(
            account=account,
            agent_id=uuid5(account.id, "agent"),
            agent_name="Agent",
            limits=WIDE | {"stop_required": False, "agent_allocation_pct": 100},
            actor="campaign",
            at=at,
        )
        return account, permission

    def quote(self, base: str, *, bid: Decimal, ask: Decimal, last: Decimal) -> None:
        """The price of one instrument on our own feed, now."""
        at = self.clock.now()
        tick = Tick(
            instrument_id=instrument_id(venue=VENUE, symbol=f"{base}/{CURRENCY}"),
            symbol=f"{base}/{CURRENCY}",
            at=at,
            bid=bid,
            ask=ask,
            last=last,
            volume=Decimal(10**9),
        )
        store_quotes(feed=FEED, ticks=[tick], now=at)

    def sender(self, name: str) -> SendingLoop:
        """A sender that is called so, and has taken nothing over yet."""
        loop = SendingLoop(clock=self.clock, stopping=lambda: False, exchange=VENUE)
        loop.name = name[:60]
        return loop

    def dismiss(self, loop: SendingLoop) -> None:
        """It lets its accounts go, as one that has ended."""
        for _, exchange in loop._exchanges.values():
            exchange.close()  # type: ignore[attr-defined] # every one is a CcxtExchange
        end_lease(name=loop.name)

    def retire(self, account: Account) -> None:
        """Nobody looks after this account any more."""
        Account.objects.filter(id=account.id).update(owned_by=RETIRED)

    def log(self) -> ExchangeLog:
        """Everything since this story began."""
        return ExchangeLog(self.venue.do("log"))


@contextlib.contextmanager
def booth(*, seed: int, log: Path) -> Iterator[Booth]:
    """An exchange, the time and what every story needs in the database."""
    with serve(seed=seed, log=log) as venue:
        clock = HandClock(venue=venue)
        with database_by_hand(clock):
            owner = _prepare(clock)
            trading.loop.sender.exchange_for = adapter  # type: ignore[attr-defined] # what it asks
            yield Booth(venue, clock, owner)


def _prepare(clock: HandClock) -> User:
    Feed.objects.create(name=FEED, kind=Feed.Kind.SYNTHETIC)
    SenderLease.objects.create(name=RETIRED, until=clock.now().replace(year=9000))
    for base, (tick, lot, notional, _) in STEPS.items():
        symbol = f"{base}/{CURRENCY}"
        Instrument.objects.create(
            id=instrument_id(venue=VENUE, symbol=symbol),
            symbol=symbol,
            name=symbol,
            asset_class="crypto",
            venue=VENUE,
            tick_size=tick,
            lot_size=lot,
            minimum_notional=notional,
            calendar="24/7",
            currency=CURRENCY,
        )
    return User.objects.create_user("faults")
