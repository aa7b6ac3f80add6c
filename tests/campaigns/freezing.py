"""A program that freezes a sender in the midst of sending, and looks at what it does afterwards.

It has a database and an exchange of its own, and is told rounds, one JSON line each. The first
sender stops by SIGSTOP at its place; the second takes the account over. Before the first one wakes
the second is stopped as well, so that whatever happens then is the first one's doing.
"""

import json
import os
import signal
import sys
import time
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg
from django.db import OperationalError

from tests.campaigns.dealing import end_at_sigterm
from tests.campaigns.frozen_places import PLACES, SIGNED
from tests.campaigns.judge import AT_EXCHANGE, Breach
from tests.campaigns.live_stall import ASSETS, CURRENCY, MAIN, buy, open_stall
from tests.campaigns.planting import plant
from tests.campaigns.points import Point, Strike, install
from tests.campaigns.tables import connect, count, one
from tests.campaigns.victims import Victim, run_sender
from tests.exchanges.serving import ServedExchange, serve
from trading.domain.exchange import asset_of
from trading.models import Account, Balance, Order, Position
from trading.selectors.books import know_calendars
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.waiting import wait_until

ACCOUNT = UUID("00000000-0000-4000-8000-000000f4ee2e")
FREEZE_SECONDS, READY_SECONDS, REST_SECONDS = 30.0, 60.0, 60.0
TRIES, WATCH_SECONDS = 5, 3.0
"""After the waking; shorter than a lease, so that the second sender stays the owner meanwhile."""
OWNED = "SELECT fencing_token, owned_by FROM trading_account WHERE id = %s"
TAKEN = "SELECT count(*) FROM trading_account WHERE id = %s AND fencing_token > %s"
STATE = "SELECT state FROM trading_order WHERE client_order_id = %s"
READY = "SELECT count(*) FROM trading_account WHERE id = %s AND is_ready"
FROZEN = "SELECT client_order_id, deadline FROM trading_order WHERE state = 'SUBMITTING'"
UNCLAIMED = "SELECT count(*) FROM trading_order WHERE intent_key = %s AND state = 'APPROVED'"
AT_WORK = """
SELECT count(*) FROM trading_order
WHERE state IN ('APPROVED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""
WRITTEN = """
SELECT (SELECT string_agg(o::text, ' ' ORDER BY o.id) FROM trading_order o),
  (SELECT string_agg(concat_ws(' ', a.cash, a.reserved, a.epoch, a.is_ready), ' ')
   FROM trading_account a), (SELECT count(*) FROM trading_fill),
  (SELECT count(*) FROM journal_event WHERE stream = %s)
"""
"""What only the account's owner may change."""


class Freezer:
    """One account through all rounds of this program."""

    def __init__(self, *, venue: ServedExchange, planted: str, seconds: float) -> None:
        self._venue = venue
        self._planted = planted
        self._seconds = seconds
        self._posts_after = 0
        know_calendars()
        open_stall(account_id=ACCOUNT, venue=venue)

    def round(self, point: Point, *, seed: int, turn: int) -> dict[str, object]:
        """One freeze and what came of it."""
        chance = stream(seed, "freeze", point.name, turn)
        name = f"{seed}:{turn}:{point.name}"
        self._approve(name, lots=[chance.randint(1, 50) for _ in ASSETS[:3]])
        call = chance.randint(1, point.most)
        first = Victim(lambda: self._freezing(point, call))
        found: dict[str, object] = {"place": point.name, "turn": turn, "call": call}
        if not first.freezes(seconds=FREEZE_SECONDS):
            first.stop()
            return found | {"struck": False, "breaches": []}
        began, second = time.monotonic(), Victim(run_sender)
        try:
            return found | {"struck": True} | self._wake(point, name, first, second, began)
        finally:
            first.stop()
            second.stop()

    def _approve(self, name: str, *, lots: list[int]) -> None:
        """Orders that wait, while nobody sends; whoever owned the account has let it go ready."""
        if not Account.objects.get(id=ACCOUNT).is_ready:
            sender = Victim(run_sender)
            self._until(READY, ACCOUNT, equals=1, what="a first reconciliation")
            sender.stop()
        for asset, number in zip(ASSETS, lots, strict=False):
            verdict = buy(account_id=ACCOUNT, key=f"{name}:{asset}", asset=asset, lots=number)
            if not verdict.approved:
                raise LookupError(f"{name}, {asset} was denied: {', '.join(verdict.denials)}.")

    def _until(self, query: str, *values: object, equals: int, what: str) -> float:
        """Seconds until the query counts so many. Raises TimeoutError."""
        began = time.monotonic()
        with connect(os.environ["DATABASE_URL"]) as database:
            if not wait_until(
                lambda: count(database, query, *values) == equals,
                seconds=READY_SECONDS,
                pause=0.05,
            ):
                raise TimeoutError(f"After {READY_SECONDS:g} s still waiting for {what}.")
        return time.monotonic() - began

    def _freezing(self, point: Point, call: int) -> None:
        plant(self._planted)
        install(point, Strike(at_call=call, signal=signal.SIGSTOP))
        run_sender()

    def _wake(
        self, point: Point, name: str, first: Victim, second: Victim, began: float
    ) -> dict[str, object]:
        with connect(os.environ["DATABASE_URL"]) as database:
            frozen, deadline = one(database, FROZEN)
            token = one(database, OWNED, ACCOUNT)[0]
            taken = self._until(TAKEN, ACCOUNT, token, equals=1, what="the second owner")
            time.sleep(max(began + self._seconds - time.monotonic(), 0.0))
            breaches = self._watch(database, point, name, first, second)
            froze = time.monotonic() - began
            breaches += self._late(point, str(frozen), deadline)
            second.signal(signal.SIGCONT)
            left = wait_until(
                lambda: count(database, AT_WORK) == 0, seconds=REST_SECONDS, pause=0.1
            )
            state = one(database, STATE, frozen)[0]
            if not left:
                breaches.append(Breach("stuck", f"{count(database, AT_WORK)} orders at work"))
        breaches += self._judged()
        return {
            "taken_over": round(taken, 1),
            "frozen": round(froze, 1),
            "became": state,
            "posts_after_waking": self._posts_after,
            "breaches": [[each.kind, f"{name}: {each.text}"] for each in breaches],
        }

    def _watch(
        self,
        database: psycopg.Connection,
        point: Point,
        name: str,
        first: Victim,
        second: Victim,
    ) -> list[Breach]:
        """Let the first one wake while the second stands still; what it did that it must not."""
        key = f"{name}:after"
        was_ready = self._approve_unseen(second, key)
        posts = len(self._venue.log.posts())
        before = one(database, WRITTEN, account_stream(ACCOUNT))
        first.signal(signal.SIGCONT)
        time.sleep(WATCH_SECONDS)
        after = one(database, WRITTEN, account_stream(ACCOUNT))
        self._posts_after = len(self._venue.log.posts()) - posts
        breaches = []
        if after != before:
            breaches.append(Breach("stale", "The woken sender wrote into the account."))
        if was_ready and not count(database, UNCLAIMED, key):
            breaches.append(Breach("stale", "The woken sender claimed an order."))
        if self._posts_after and point.name != SIGNED:
            breaches.append(Breach("late", f"{self._posts_after} posts after the waking."))
        if first.status not in (None, 0):
            breaches.append(Breach("crashed", f"The woken sender ended with {first.status}."))
        return breaches

    def _approve_unseen(self, second: Victim, key: str) -> bool:
        """One more order that nobody may claim but the second sender, which stands still."""
        for _ in range(TRIES):
            second.signal(signal.SIGSTOP)
            try:
                return buy(account_id=ACCOUNT, key=key, asset=ASSETS[3], lots=7).approved
            except OperationalError:  # it was stopped with the account's lock in its hand
                second.signal(signal.SIGCONT)
                time.sleep(WATCH_SECONDS / TRIES)
        second.signal(signal.SIGSTOP)
        return False

    def _late(self, point: Point, frozen: str, deadline: datetime) -> list[Breach]:
        """Posts of the frozen order that the exchange took after its deadline, or took twice."""
        posts = self._venue.log.posts(frozen)
        breaches = [
            Breach(
                "late", f"{point.name}: taken {(post.wall - deadline).total_seconds():.1f} s late"
            )
            for post in posts
            if post.fate == "taken" and post.wall > deadline
        ]
        if len(posts) > 1:
            breaches.append(Breach("doubled", f"{frozen} was posted {len(posts)} times"))
        return breaches

    def _judged(self) -> list[Breach]:
        """The exchange's log against the account, to the last decimal."""
        log = self._venue.log
        breaches = [
            Breach("doubled", f"{name} was posted {times} times")
            for name, times in log.post_counts().items()
            if times > 1
        ]
        traded = {order.client_order_id: order.filled for order in log.orders()}
        for order in Order.objects.filter(account=ACCOUNT).order_by("approved_at", "id"):
            there = order.client_order_id in traded
            if there != (order.state in AT_EXCHANGE):
                words = "is" if there else "is not"
                text = f"{order.client_order_id} is {order.state}, and {words} at the exchange"
                breaches.append(Breach("lost", text))
            elif there and traded[order.client_order_id] != order.filled_quantity:
                breaches.append(
                    Breach("misbooked", f"{order.client_order_id} is filled otherwise")
                )
        return breaches + self._balances(log.balances(MAIN))

    def _balances(self, theirs: dict[str, Decimal]) -> list[Breach]:
        account, ours = Account.objects.get(id=ACCOUNT), defaultdict[str, Decimal](Decimal)
        ours[CURRENCY] = account.cash
        for position in Position.objects.filter(account=account).select_related("instrument"):
            ours[asset_of(position.instrument.symbol)] += position.quantity
        for balance in Balance.objects.filter(account=account):
            ours[balance.currency] += balance.quantity
        breaches = [
            Breach("not_rebuilt", f"{theirs.get(asset)} {asset} there, {ours[asset]} here")
            for asset in sorted({*theirs, *ours})
            if ours[asset] != theirs.get(asset, 0)
        ]
        if account.reserved:
            breaches.append(Breach("leaked", f"{account.reserved} is reserved"))
        return breaches


def main() -> None:
    """`SECONDS PLANT`: obey stdin until it ends."""
    end_at_sigterm()
    seconds, _, planted = sys.argv[1].partition(" ")
    places = {point.name: point for point in PLACES}
    with serve(seed=1) as venue:
        freezer = Freezer(venue=venue, planted=planted, seconds=float(seconds))
        for line in sys.stdin:
            told = json.loads(line)
            point = places[told["place"]]
            try:
                answer = freezer.round(point, seed=told["seed"], turn=told["turn"])
            except (LookupError, TimeoutError, FarmError) as error:
                text = f"{point.name}, turn {told['turn']}: {type(error).__name__}: {error}"
                answer = {"place": point.name, "struck": False, "breaches": [["failed", text]]}
            sys.stdout.write(f"{json.dumps(answer)}\n")
            sys.stdout.flush()
