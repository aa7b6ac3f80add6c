"""A person who buys without end: a program that keeps an account's senders busy.

It asks the gate for small buys from several threads until its input ends, and then says in one
JSON line how many were approved and why others were not.
"""

import json
import sys
import threading
from collections import Counter
from decimal import Decimal
from uuid import UUID

from django.db import OperationalError, connections

from market.selectors.clocks import market_time
from market.selectors.quotes import quotes
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, Source
from trading.models import Account
from trading.services.decisions import decide
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.randomness import stream

THREADS = 6
PAUSE_SECONDS = 0.02


class Buyer:
    """One thread's purchases on one account."""

    def __init__(self, *, account: Account, name: str, done: threading.Event) -> None:
        self._account = account
        self._name = name
        self._done = done
        self._chance = stream(0, name)
        self._instruments = sorted(quotes(feed=account.feed_id))
        self.tally: Counter[str] = Counter()

    def run(self) -> None:
        """Buy one share after the other until told to stop."""
        for number in range(sys.maxsize):
            if self._done.wait(PAUSE_SECONDS):
                break
            self._buy(number)
        connections.close_all()

    def _buy(self, number: int) -> None:
        at = SystemClock().now()
        request = OrderRequest(
            intent_key=f"pressure:{self._name}:{number}",
            source=Source.PERSON,
            instrument_id=self._chance.choice(self._instruments),
            side=Side.BUY,
            quantity=Decimal(1),
        )
        try:
            now = market_time(feed_name=self._account.feed_id, at=at)
            verdict = decide(
                account_id=self._account.id, request=request, actor="pressure", now=now, at=at
            )
        except OperationalError:
            self.tally["lock not had"] += 1
        else:
            self.tally.update(verdict.denials or ["approved"])


def main() -> None:
    """`ACCOUNT ROUND`: press until stdin ends."""
    account = Account.objects.get(id=UUID(sys.argv[1]))
    done = threading.Event()
    buyers = [
        Buyer(account=account, name=f"{sys.argv[2]}:{number}", done=done)
        for number in range(THREADS)
    ]
    threads = [threading.Thread(target=buyer.run) for buyer in buyers]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    done.set()
    for thread in threads:
        thread.join()
    total = sum((buyer.tally for buyer in buyers), Counter[str]())
    sys.stdout.write(f"{json.dumps(total)}\n")
