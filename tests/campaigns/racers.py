"""The race's clients: a program that is told rounds, one JSON line each, and answers with tallies.

Clients are threads of several processes, each with a connection of its own, that ask the gate as
any service would. `--planted no-lock` lets them read the account without its lock, which is how
the race is shown to find what it looks for.
"""

import argparse
import json
import multiprocessing
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from random import Random
from signal import SIG_IGN, SIGINT, SIGKILL, signal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, connections

from tests.campaigns.paddock import LOT, NOW, open_round, prepare
from tests.campaigns.rounds import ALONE, CENT, STYLES, Round, instrument, last_price
from trading.domain.checks import Code
from trading.domain.requests import OrderRequest
from trading.domain.states import AT_WORK, OrderType, Side, Source, TimeInForce
from trading.models import Order
from trading.selectors import books, turns
from trading.services.decisions import Verdict, decide
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.money import floor_to_step
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.spawning import dies_with_us
from tradingfarm.processes.waiting import wait_until

THREADS = 4
PAUSE_SECONDS = 0.2
"""At most, after a denial that ends as soon as the sender has filled what is at work."""
BELOW = Decimal("0.985")
"""Of the price: near enough for the collar, too far to be filled while prices stand still."""
SECONDS = 45.0
FORKING = multiprocessing.get_context("fork")
STYLES_BY_NAME = {style.name: style for style in (*STYLES, ALONE)}


@dataclass
class Tally:
    """What one client saw."""

    milliseconds: list[float] = field(default_factory=list)
    approved: int = 0
    denials: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Client:
    """One attacker of a round."""

    round: Round
    number: int
    seed: int

    def attack(self) -> Tally:
        """Propose until the limit has denied enough, or enough was tried."""
        tally, denied, end_at = Tally(), Counter[UUID](), time.monotonic() + SECONDS
        chance = stream(self.seed, "race", self.round.number, self.number)
        for attempt in range(self.round.tries):
            request = self._request(attempt, chance)
            verdict = self._decide(request, tally)
            if verdict is not None:
                tally.approved += verdict.approved
                tally.denials.update(verdict.denials)
                denied[request.instrument_id] += self.round.style.denial in verdict.denials
                if Code.DUPLICATE in verdict.denials or Code.DAILY_LOSS in verdict.denials:
                    time.sleep(chance.uniform(0, PAUSE_SECONDS))
            is_done = attempt + 1 >= self.round.least and self._has_enough(denied)
            if is_done or time.monotonic() > end_at:
                break
        return tally

    def attack_alone(self) -> Tally:
        """Propose one after the other, nothing at work meanwhile, until the limit denies it.

        An entry at work counts with what it may lose, a filled one with what it has cost: the
        crowd is denied early, and leaves room that only this shows to be there.
        """
        tally, chance = Tally(), stream(self.seed, "race", self.round.number, self.number)
        at_work = Order.objects.filter(account_id=self.round.account_id, state__in=AT_WORK)
        for attempt in range(self.round.tries):
            if not wait_until(lambda: not at_work.exists(), seconds=SECONDS, pause=0.02):
                raise TimeoutError(f"{at_work.count()} orders are still at work.")
            verdict = self._decide(self._request(attempt, chance), tally)
            if verdict is not None:
                tally.approved += verdict.approved
                tally.denials.update(verdict.denials)
                if self.round.style.denial in verdict.denials:
                    break
        return tally

    def _has_enough(self, denied: Counter[UUID]) -> bool:
        """Whether the limit denied this client often; one of instruments, in each of them."""
        style = self.round.style
        if style.is_per_instrument:
            return len(denied) == style.instruments and min(denied.values()) >= style.patience
        return denied.total() >= style.patience

    def _request(self, attempt: int, chance: Random) -> OrderRequest:
        style = self.round.style
        which = chance.randrange(style.instruments)
        last = last_price(self.seed, which)
        value = chance.randint(style.smallest * 100, style.largest * 100)
        sells = chance.random() < style.exits
        resting: dict[str, Any] = (
            {}
            if not style.rests
            else {
                "order_type": OrderType.LIMIT,
                "limit_price": floor_to_step(last * BELOW, CENT),
                "time_in_force": TimeInForce.GTC,
            }
        )
        return OrderRequest(
            intent_key=f"race:{self.round.number}:{self.number}:{attempt}",
            source=Source.AGENT,
            instrument_id=instrument(which),
            side=Side.SELL if sells else Side.BUY,
            quantity=floor_to_step(Decimal(value) / 100 / last, LOT),
            permission_id=self.round.permission(self.number % style.agents),
            stop_loss=None if sells else floor_to_step(last * style.stop, CENT),
            **resting,
        )

    def _decide(self, request: OrderRequest, tally: Tally) -> Verdict | None:
        began = time.perf_counter()
        try:
            return decide(
                account_id=self.round.account_id,
                request=request,
                actor=f"client:{self.number}",
                now=NOW,
                at=SystemClock().now(),
            )
        except (OperationalError, IntegrityError) as error:
            tally.errors[getattr(error.__cause__, "sqlstate", None) or "lost"] += 1
            return None
        finally:
            tally.milliseconds.append((time.perf_counter() - began) * 1000)


def attack(opened: Round) -> list[Tally]:
    """All at once: clients four to a process, each worker in one of its own; one comes last."""
    connections.close_all()
    groups = [
        *(
            range(first, min(first + THREADS, opened.clients))
            for first in range(0, opened.clients, THREADS)
        ),
        *(
            range(opened.clients + worker, opened.clients + worker + 1)
            for worker in range(opened.workers)
        ),
    ]
    everybody = opened.clients + opened.workers
    start = FORKING.Barrier(everybody)
    pipes = [FORKING.Pipe(duplex=False) for _ in groups]
    obey = dies_with_us(SIGKILL)
    processes = [
        FORKING.Process(target=_work, args=(opened, group, start, pipe[1], obey))
        for group, pipe in zip(groups, pipes, strict=True)
    ]
    for process in processes:
        process.start()
    for _, theirs in pipes:
        theirs.close()
    tallies = [tally for ours, _ in pipes for tally in ours.recv()]
    for process in processes:
        process.join()
    if len(tallies) < everybody:
        raise RuntimeError(f"{everybody - len(tallies)} clients failed; see above.")
    if opened.style.has_last_word:
        tallies.append(Client(opened, everybody, opened.seed).attack_alone())
    return tallies


def _work(
    opened: Round, group: Sequence[int], start: Barrier, pipe: Connection, obey: Callable[[], None]
) -> None:
    """One process of clients; it ignores Ctrl-C and dies with its parent."""
    obey()
    signal(SIGINT, SIG_IGN)
    tallies: list[Tally] = []

    def run(number: int) -> None:
        client = Client(opened, number, opened.seed)
        start.wait()
        tallies.append(client.attack())
        connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in group]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(tallies)


def summary(tallies: Sequence[Tally]) -> dict[str, object]:
    """The tallies of all clients as one, for the program that asked."""
    return {
        "milliseconds": [ms for tally in tallies for ms in tally.milliseconds],
        "approved": sum(tally.approved for tally in tallies),
        "denials": dict(sum((tally.denials for tally in tallies), Counter[str]())),
        "errors": dict(sum((tally.errors for tally in tallies), Counter[str]())),
    }


def plant(bug: str) -> None:
    """Break the gate on purpose, in this process and its children only."""
    if bug == "no-lock":
        locked, taken = "FOR NO KEY UPDATE OF a", "pg_advisory_xact_lock(%(turns)s::integer, "
        books.LOCK = books.LOCK.replace(locked, "").replace(taken, "(%(turns)s::integer, ")
        turns.TAKE = turns.TAKE.replace(taken, "(%(turns)s::integer, ")


def main() -> None:
    """Read rounds from stdin until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--planted", default="")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    owner = prepare(options.seed)
    plant(options.planted)
    for line in sys.stdin:
        told = json.loads(line)
        told["style"] = STYLES_BY_NAME[told["style"]]
        opened = Round(**told)
        open_round(opened, owner, tight=options.planted == "tight")
        sys.stdout.write(f"{json.dumps(summary(attack(opened)))}\n")
        sys.stdout.flush()
