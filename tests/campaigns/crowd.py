"""64 busy senders on one account: a program that is told when to press and when to rest.

Each client asks the gate for an entry, claims what was approved, sends it and stores the outcome,
as a sender does, without end. Some are agents with permissions and stops, the others persons.
`prepare` writes what they need, `press ROUND` lets them begin, `rest` ends them and answers with
what they did, one JSON line for each. It ends with its input.
"""

import json
import multiprocessing
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from signal import SIG_IGN, SIGINT, SIGKILL, signal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connections

from market.domain.instruments import instrument_id
from market.domain.ticks import Tick
from market.models import Feed, Instrument, Quote
from market.services.quotes import store_quotes
from tests.campaigns.rounds import WIDE
from trading.domain.requests import OrderRequest
from trading.domain.states import OrderState, Side, Source
from trading.models import Account, Order
from trading.selectors.books import know_calendars
from trading.services.accounts import grant_permission, open_paper_account
from trading.services.decisions import Verdict, decide
from trading.services.leases import Ownership
from trading.services.sending import claim, send, settle
from trading.worlds import exchange_for
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.randomness import stream
from tradingfarm.people.models import User
from tradingfarm.processes.spawning import dies_with_us

FEED, ACCOUNT = "crowd", UUID("00000000-0000-4000-8000-0000000c0a0d")
CLIENTS, TO_A_PROCESS, AGENTS, INSTRUMENTS, QUIET = 64, 8, 16, 8, 2
PAUSE_SECONDS, SETTLE_SECONDS = 0.005, 1.0
FORKING = multiprocessing.get_context("fork")
CLOCK = SystemClock()


def symbol(number: int) -> str:
    return f"CROWD{number}"


def instrument(number: int) -> UUID:
    """The id of one of the crowd's own instruments."""
    return instrument_id(venue="CROWD", symbol=symbol(number))


def prepare() -> dict[str, str]:
    """Instruments, an account with agents, and the session of its signed-in owner."""
    know_calendars()
    feed = Feed.objects.create(name=FEED, kind=Feed.Kind.SYNTHETIC)
    numbers = range(INSTRUMENTS + QUIET)
    Instrument.objects.bulk_create(map(_instrument, numbers))
    quote(*numbers)
    owner = User.objects.create_user("crowd", password="correct horse 42")
    account = open_paper_account(
        account_id=ACCOUNT,
        owner=owner,
        name="Crowd",
        feed=feed,
        deposit=Decimal(10**9),
        time_zone="UTC",
        seed=1,
        actor="campaign",
        at=CLOCK.now(),
    )
    Account.objects.update(max_price_age_seconds=86_400)
    for number in range(AGENTS):
        _permit(account, number)
    return {
        "account": str(account.id),
        "cookie": settings.SESSION_COOKIE_NAME,
        "key": _sign_in(owner),
    }


def _permit(account: Account, number: int) -> None:
    grant_permission(
        account=account,
        agent_id=UUID(int=number),
        agent_name=f"Agent {number}",
        limits=WIDE,
        actor="campaign",
        at=CLOCK.now(),
    )


def _instrument(number: int) -> Instrument:
    return Instrument(
        id=instrument(number),
        symbol=symbol(number),
        name=symbol(number),
        asset_class="crypto",
        venue="CROWD",
        tick_size=Decimal("0.01"),
        lot_size=1,
        minimum_notional=1,
        calendar="24/7",
        currency="USD",
    )


def quote(*numbers: int) -> None:
    """A price of 100 for each of these instruments, now."""
    at = CLOCK.now()
    ticks = [
        Tick(
            instrument_id=instrument(number),
            symbol=symbol(number),
            at=at,
            bid=Decimal("99.99"),
            ask=Decimal("100.01"),
            last=Decimal(100),
            volume=Decimal(10**9),
        )
        for number in numbers
    ]
    store_quotes(feed=FEED, ticks=ticks, now=at)


def _sign_in(owner: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(owner.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = owner.get_session_auth_hash()
    session.create()
    return str(session.session_key)


class Client:
    """One busy sender with a connection of its own."""

    def __init__(self, *, number: int, name: str, account: Account) -> None:
        self._number = number
        self._name = name
        self._account = account
        self._permissions = sorted(account.permissions.values_list("id", flat=True))
        self._chance = stream(0, name)
        self.tally: Counter[str] = Counter()

    def press(self, done: Any) -> None:
        """Buy one after the other until told to stop."""
        for attempt in range(sys.maxsize):
            if done.is_set():
                break
            try:
                self._buy(attempt)
            except OperationalError:
                self.tally["lock not had"] += 1
            time.sleep(PAUSE_SECONDS)
        connections.close_all()

    def _buy(self, attempt: int) -> None:
        at = CLOCK.now()
        is_agent = self._number < AGENTS
        which = instrument((self._number + attempt) % INSTRUMENTS)
        verdict = bought(
            key=f"{self._name}:{attempt}",
            which=which,
            quantity=self._chance.randint(1, 40),
            permission=self._permissions[self._number] if is_agent else None,
        )
        self.tally.update(verdict.denials or ["approved"])
        if verdict.order_id is not None:
            self.tally["sent"] += sent(self._account, verdict.order_id, self._name)
        self.tally["milliseconds"] += int((CLOCK.now() - at) / timedelta(milliseconds=1))


def bought(*, key: str, which: UUID, quantity: int, permission: UUID | None) -> Verdict:
    """The gate's answer to one entry with a stop."""
    at = CLOCK.now()
    request = OrderRequest(
        intent_key=f"crowd:{key}",
        source=Source.AGENT if permission else Source.PERSON,
        instrument_id=which,
        side=Side.BUY,
        quantity=Decimal(quantity),
        permission_id=permission,
        stop_loss=Decimal(50),
    )
    return decide(account_id=ACCOUNT, request=request, actor="crowd", now=at, at=at)


def sent(account: Account, order_id: UUID, sender: str) -> bool:
    """Claim, send and settle one order; whether the claim was won."""
    exchange = exchange_for(account, clock=CLOCK)
    token = Account.objects.values_list("fencing_token", flat=True).get(id=account.id)
    ownership = Ownership(account.id, token)
    won = claim(order_id=order_id, ownership=ownership, sender=sender, exchange=exchange)
    if won is not None:
        settle(
            order_id=order_id,
            token=token,
            outcome=send(claimed=won, exchange=exchange, at=CLOCK.now()),
            at=CLOCK.now(),
        )
    return won is not None


def rest_orders(name: str) -> list[str]:
    """Ids of orders that stay open at the exchange: their instruments have no price any more.

    One that the real sender was quick enough to send and fill before is not among them.
    """
    account, orders = Account.objects.get(id=ACCOUNT), []
    for number in range(INSTRUMENTS, INSTRUMENTS + QUIET):
        quote(number)
        verdict = bought(
            key=f"{name}:rests:{number}", which=instrument(number), quantity=3, permission=None
        )
        Quote.objects.filter(instrument=instrument(number)).delete()
        if verdict.order_id is not None:
            sent(account, verdict.order_id, name)
            orders.append(verdict.order_id)
    time.sleep(SETTLE_SECONDS)
    resting = Order.objects.filter(id__in=orders, state=OrderState.OPEN)
    return [str(order_id) for order_id in resting.values_list("id", flat=True)]


class Crowd:
    """All clients of a round, some threads to a process."""

    def __init__(self, *, name: str) -> None:
        connections.close_all()
        self._done = FORKING.Event()
        self._pipes = []
        self._processes = []
        obey = dies_with_us(SIGKILL)
        for first in range(0, CLIENTS, TO_A_PROCESS):
            ours, theirs = FORKING.Pipe(duplex=False)
            numbers = range(first, first + TO_A_PROCESS)
            process = FORKING.Process(target=_work, args=(name, numbers, self._done, theirs, obey))
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def rest(self) -> dict[str, int]:
        """End all clients; what they did together."""
        self._done.set()
        total = sum((pipe.recv() for pipe in self._pipes), Counter[str]())
        for process in self._processes:
            process.join()
        return dict(total)


def _work(name: str, numbers: Sequence[int], done: Any, pipe: Any, obey: Any) -> None:
    """One process of clients; it ignores Ctrl-C and dies with its parent."""
    obey()
    signal(SIGINT, SIG_IGN)
    account = Account.objects.get(id=ACCOUNT)
    clients = [Client(number=n, name=f"{name}:{n}", account=account) for n in numbers]
    threads = [threading.Thread(target=client.press, args=(done,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(sum((client.tally for client in clients), Counter[str]()))


def main() -> None:
    """Obey stdin until it ends."""
    crowd: Crowd | None = None
    for line in sys.stdin:
        match line.split():
            case ["prepare"]:
                answer: object = prepare()
            case ["press", name]:
                answer = {"resting": rest_orders(name)}
                crowd = Crowd(name=name)
            case ["rest"] if crowd:
                answer, crowd = crowd.rest(), None
            case _:
                answer = {"problem": f"unknown: {line}"}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
