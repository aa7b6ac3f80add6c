"""64 busy senders on one account: a program that is told when to press and when to rest.

Each client asks the gate for an entry, claims what was approved, sends it and stores the outcome,
as a sender does, without end. They share the token of the sender that owns the account: one owner
with 64 hands. Some are agents with permissions, the others persons; every entry has a stop.
`prepare` writes what they need, `press ROUND RESTING` lets them place so many orders that rest and
begin, `rest` ends them and answers with what they did, `resume` lets the account trade again; one
JSON line for each. It ends with its input.
"""

import json
import multiprocessing
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from signal import SIG_IGN, SIGINT, SIGKILL, signal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connections

from tests.campaigns.rounds import WIDE
from tests.campaigns.stalls import PRICE, Stall
from trading.models import Account
from trading.selectors.books import know_calendars
from trading.services.accounts import grant_permission
from trading.services.leases import Ownership, OwnershipLost
from trading.services.resuming import resume_account
from trading.services.sending import claim, send, settle
from trading.worlds import exchange_for
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.randomness import stream
from tradingfarm.people.models import User
from tradingfarm.processes.spawning import dies_with_us

ACCOUNT = UUID("00000000-0000-4000-8000-0000000c0a0d")
CLIENTS, TO_A_PROCESS, AGENTS, HANDS_OF_AGENTS, INSTRUMENTS = 64, 8, 5, 16, 8
PAUSE_SECONDS = 0.005
BELOW = PRICE - 2
"""A limit that is not reached: an order with it rests at the exchange."""
FORKING = multiprocessing.get_context("fork")
CLOCK = SystemClock()
STALL = Stall(name="crowd", account_id=ACCOUNT)


def prepare() -> dict[str, str]:
    """Instruments, an account with agents, and the session of its signed-in owner."""
    know_calendars()
    owner = User.objects.create_user("crowd", password="correct horse 42")
    account = STALL.open(instruments=INSTRUMENTS, owner=owner)
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
        self._rested = 0
        self.tally: Counter[str] = Counter()

    def press(self, done: Any, resting: int) -> None:
        """Place so many orders that rest; then buy one after the other until told to stop."""
        for attempt in range(sys.maxsize):
            if done.is_set():
                break
            try:
                self._order(attempt, rests=self._rested < resting)
            except (OperationalError, OwnershipLost) as error:
                self.tally[type(error).__name__] += 1
            time.sleep(PAUSE_SECONDS)
        connections.close_all()

    def _order(self, attempt: int, *, rests: bool) -> None:
        at = CLOCK.now()
        verdict = STALL.order(
            key=f"{self._name}:{attempt}",
            number=(self._number + attempt) % INSTRUMENTS,
            quantity=self._chance.randint(1, 40),
            limit=BELOW if rests else None,
            permission=None if rests else self._permission,
        )
        self.tally.update(verdict.denials or ["approved"])
        if verdict.order_id is not None:
            self._rested += rests
            self.tally["sent"] += sent(self._account, verdict.order_id, self._name)
        self.tally["milliseconds"] += int((CLOCK.now() - at) / timedelta(milliseconds=1))

    @property
    def _permission(self) -> UUID | None:
        """Several clients are hands of one agent."""
        if self._number >= HANDS_OF_AGENTS:
            return None
        return self._permissions[self._number % AGENTS]


def sent(account: Account, order_id: UUID, sender: str) -> bool:
    """Claim, send and settle one order; whether the claim was won. Raises OwnershipLost."""
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


def resume() -> str:
    """What came of the wish to let the account trade again."""
    return resume_account(
        account_id=ACCOUNT, actor="campaign", reason="Next round", at=CLOCK.now()
    ).value


class Crowd:
    """All clients of a round, some threads to a process."""

    def __init__(self, *, name: str, resting: int) -> None:
        connections.close_all()
        self._done = FORKING.Event()
        self._pipes = []
        self._processes = []
        obey = dies_with_us(SIGKILL)
        for first in range(0, CLIENTS, TO_A_PROCESS):
            ours, theirs = FORKING.Pipe(duplex=False)
            numbers = range(first, first + TO_A_PROCESS)
            work = (name, numbers, resting, self._done, theirs, obey)
            process = FORKING.Process(target=_work, args=work)
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


def _work(
    name: str, numbers: Sequence[int], resting: int, done: Any, pipe: Any, obey: Any
) -> None:
    """One process of clients; it ignores Ctrl-C and dies with its parent."""
    obey()
    signal(SIGINT, SIG_IGN)
    account = Account.objects.get(id=ACCOUNT)
    clients = [Client(number=n, name=f"{name}:{n}", account=account) for n in numbers]
    shares = [len(range(client_number, resting, CLIENTS)) for client_number in numbers]
    threads = [
        threading.Thread(target=client.press, args=(done, share))
        for client, share in zip(clients, shares, strict=True)
    ]
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
            case ["press", name, resting]:
                crowd = Crowd(name=name, resting=int(resting))
                answer = {"clients": CLIENTS}
            case ["resume"]:
                answer = {"resumed": resume()}
            case ["rest"] if crowd:
                answer, crowd = crowd.rest(), None
            case _:
                answer = {"problem": f"unknown: {line}"}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
