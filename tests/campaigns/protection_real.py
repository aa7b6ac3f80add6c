"""Stories on real processes and real seconds: SIGKILL while the price falls through the stop.

`manage.py sender` speaks to the fault-injecting exchange over HTTP; a guard watches the quotes in
a process of its own. Both are killed by signal and started again after a while, as a supervisor
would. What happened is read from the exchange's own log.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from uuid import UUID

from market.domain.ticks import Tick
from market.services.quotes import store_quotes
from tests.campaigns.arena import CampaignFailed, Ground, say
from tests.campaigns.live_stall import (
    CLOCK,
    CURRENCY,
    FEED,
    MAIN,
    TERMS,
    instrument,
    open_stall,
    symbol,
)
from tests.campaigns.protection_judge import Seen, Told
from tests.exchanges.serving import ServedExchange
from tests.exchanges.terms import STOPS
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, Source
from trading.models import Account, Permission, PositionShare, Protection
from trading.services.accounts import grant_permission
from trading.services.arming import WORKING
from trading.services.decisions import decide
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.slots import Slot

ACCOUNT = UUID("3f1c7a58-7a35-5f0e-9a43-0d3c2b1a9f60")
ASSETS = ("BTC", "ETH", "SOL")
KILLS = (("sender",), ("guard",), ("sender", "guard"))
"""Who dies, story by story."""
STOP_PCT = Decimal(2)
VALUE, VALUE_STEP = Decimal(20_000), Decimal(1_000)
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 60.0
FALL = tuple(Decimal(part) for part in ("0.99", "0.983", "0.978", "0.97", "0.95", "0.9"))
FALL_SECONDS = 1.0
PROGRAMS = {
    "sender": ("manage.py", "sender", "--exchange", "binance"),
    "guard": ("-m", "tests.campaigns.protection_guard", FEED),
}
LIMITS = {
    "max_order_value": Decimal(100_000),
    "max_position_value": Decimal(100_000),
    "max_allocation_pct": Decimal(100),
    "max_daily_entries": 1_000,
    "max_daily_loss": Decimal(100_000),
    "max_open_positions": 100,
    "agent_allocation_pct": Decimal(100),
}


@dataclass
class Crew:
    """The processes of the farm that can be killed here."""

    ground: Ground
    stack: contextlib.ExitStack
    slots: dict[str, Slot] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)

    def start(self, name: str) -> None:
        process = self.ground.process(name, *PROGRAMS[name])
        self.slots[name] = self.stack.enter_context(process)
        self.due.pop(name, None)

    def kill(self, name: str, *, seconds: float) -> None:
        """SIGKILL; it is started again after so many seconds."""
        process = self.slots[name].process
        if process is not None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        self.due[name] = time.monotonic() + seconds

    def revive(self) -> None:
        for name in [name for name, due in self.due.items() if time.monotonic() >= due]:
            self.start(name)

    @property
    def is_whole(self) -> bool:
        return not self.due


def play_real(ground: Ground, venue: ServedExchange, *, seed: int, number: int) -> Iterator[Told]:
    """So many stories, one after the other, on one account."""
    account = open_stall(account_id=ACCOUNT, venue=venue)
    venue.account(MAIN, fee_in=CURRENCY)
    permission = grant_permission(
        account=account,
        agent_id=ACCOUNT,
        agent_name="Agent",
        limits=LIMITS,
        actor="campaign",
        at=CLOCK.now(),
    )
    with contextlib.ExitStack() as stack:
        crew = Crew(ground, stack)
        for name in PROGRAMS:
            crew.start(name)
        for place in range(number):
            chance = stream(seed, "protection", "real", place)
            playing = Real(crew, venue, account, permission, place, chance)
            told = playing.play()
            say(f"{told.name}: {', '.join(told.exits)}")
            yield told


@dataclass
class Real:
    """One story while it is played."""

    crew: Crew
    venue: ServedExchange
    account: Account
    permission: Permission
    place: int
    chance: Random
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asset = ASSETS[self.place % len(ASSETS)]
        self.tick, self.lot, _, self.price = TERMS[self.asset]
        self.pair = symbol(self.asset).replace("/", "")
        self.last = self.price
        self.begins = len(self.venue.log.events)
        self.recovers_until = 0.0

    def play(self) -> Told:
        victims = KILLS[self.place % len(KILLS)]
        self._tell_price()  # where an earlier story of the same asset has let it fall
        self._until(self._is_ready, "the account to be ready")
        self._enter()
        self._until(self._has_stop, "a stop at the exchange")
        began, struck = time.monotonic(), False
        for step, part in enumerate(FALL):
            if step == 1:
                for name in victims:
                    self.crew.kill(name, seconds=self.chance.uniform(1, 4))
                struck = True
            self.last = self.price * part // self.tick * self.tick
            self._look_for(FALL_SECONDS)
        self._until(lambda: struck and self._is_over(), "everything to be sold", fails=False)
        say(f"real {self.place}: {time.monotonic() - began:.1f} s from the first fall")
        return self._told(victims)

    def _until(self, condition: Callable[[], bool], what: str, *, fails: bool = True) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > give_up:
                if fails:
                    raise CampaignFailed(f"Still waiting for {what}.")
                return
            self._look_for(LOOK_SECONDS)

    def _look_for(self, seconds: float) -> None:
        """Prices, revivals and looks, for so long."""
        until = time.monotonic() + seconds
        while True:
            self._tell_price()
            self.crew.revive()
            self._see()
            if time.monotonic() >= until:
                return
            time.sleep(LOOK_SECONDS)

    def _is_ready(self) -> bool:
        return Account.objects.values_list("is_ready", flat=True).get(id=self.account.id)

    def _has_stop(self) -> bool:
        orders = self.venue.log.orders()
        return any(each.is_open and each.type in STOPS for each in orders)

    def _is_over(self) -> bool:
        share = self._share()
        flat = share is not None and share.quantity == 0 and share.unprotected_since is None
        return flat and self._held() == 0 and self.crew.is_whole

    def _enter(self) -> None:
        now = CLOCK.now()
        value = VALUE + VALUE_STEP * self.place  # the same size within a minute is a duplicate
        quantity = (value / self.price) // self.lot * self.lot
        request = OrderRequest(
            intent_key=f"entry {self.place}",
            source=Source.AGENT,
            instrument_id=instrument(self.asset),
            side=Side.BUY,
            quantity=quantity,
            permission_id=self.permission.id,
            stop_loss=self.price * (100 - STOP_PCT) / 100 // self.tick * self.tick,
        )
        verdict = decide(
            account_id=self.account.id, request=request, actor="agent", now=now, at=now
        )
        if not verdict.approved:
            raise CampaignFailed(f"The entry was denied: {verdict.denials}")

    def _tell_price(self) -> None:
        self.venue.price(self.pair, self.last)
        now = CLOCK.now()
        tick = Tick(
            instrument_id=instrument(self.asset),
            symbol=symbol(self.asset),
            at=now,
            bid=self.last - self.tick,
            ask=self.last + self.tick,
            last=self.last,
            volume=Decimal(10**9),
        )
        store_quotes(feed=FEED, ticks=[tick], now=now)

    def _see(self) -> None:
        share = self._share()
        working = Protection.objects.filter(account=self.account, state__in=WORKING).exists()
        if not (self.crew.is_whole and self._is_ready()):
            # A lease has to run out before another sender takes over.
            self.recovers_until = time.monotonic() + 10
        self.seen.append(
            Seen(
                at=time.monotonic(),
                held=self._held(),
                covered=self._covered(),
                price=self.last,
                level=self.price * (100 - STOP_PCT) / 100,
                guarded="guard" not in self.crew.due and working,
                recovers=time.monotonic() < self.recovers_until,
                gauge=share is not None and share.unprotected_since is not None,
            )
        )

    def _share(self) -> PositionShare | None:
        shares = PositionShare.objects.filter(position__account=self.account)
        return shares.filter(position__instrument=instrument(self.asset)).first()

    def _held(self) -> Decimal:
        held = self.venue.log.positions(MAIN)
        return held.get(self.pair, Decimal(0))

    def _covered(self) -> Decimal:
        bid = self.last - self.tick
        orders = [each for each in self.venue.log.orders() if each.is_open]
        return sum(
            (
                each.quantity - each.filled
                for each in orders
                if each.symbol == self.pair
                and each.side == "SELL"
                and ((each.stop_price or 0) < self.last or (each.price or bid) <= bid)
            ),
            Decimal(0),
        )

    def _told(self, victims: Sequence[str]) -> Told:
        events = self.venue.log.events[self.begins :]
        mine = [each for each in events if each.get("symbol", self.pair) == self.pair]
        quantity = {"BUY": Decimal(0), "SELL": Decimal(0)}
        for event in mine:
            if event["event"] == "trade":
                quantity[event["side"]] += Decimal(event["quantity"])
        share = self._share()
        sells = self.account.orders.filter(side=Side.SELL, filled_quantity__gt=0)
        exits = sells.filter(instrument=instrument(self.asset)).order_by("approved_at")
        return Told(
            name=f"real {self.place} ({' and '.join(victims)} killed)",
            events=mine,
            seen=self.seen,
            bought=quantity["BUY"],
            sold=quantity["SELL"],
            booked=share.quantity if share else Decimal(0),
            reserved=share.reserved_quantity if share else Decimal(0),
            exits=tuple(exits.values_list("reason", flat=True)),
        )
