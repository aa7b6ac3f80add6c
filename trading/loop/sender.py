"""The sending loop: owns accounts, sends what is approved, asks until it knows the outcome.

PostgreSQL wakes it (LISTEN), a sweep each second finds whatever a lost wake-up or a crash left. It
needs neither Redis nor Celery. Several senders may run: each account has one owner at a time, by a
lease and a fencing token, and nothing is decided for an account that its owner has not reconciled.
"""

import logging
import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from market.models import Feed
from market.selectors.clocks import market_time
from trading.domain.exchange import Exchange, ExchangeUnavailable
from trading.domain.states import AT_WORK, ParentState
from trading.loop.lease_keeper import LeaseKeeper
from trading.loop.steps import match_unowned, send_approved
from trading.models import Account, Order, ParentOrder, Position, Reconciliation, StopRun
from trading.services.amending import replace_canceled
from trading.services.breakers import check_breakers
from trading.services.canceling import AT_REST, ask_cancels
from trading.services.confirmations import expire_confirmations
from trading.services.dead_man import keep_alive
from trading.services.emergency import advance_stop
from trading.services.leases import (
    RENEW_EVERY,
    Ownership,
    OwnershipLost,
    end_lease,
    free_accounts,
    owned_accounts,
    renew_lease,
    take_over,
)
from trading.services.reconciling import ON_ITS_WAY, reconcile
from trading.services.recovery import expire_stale, follow_up
from trading.services.resting_stops import rest_stops
from trading.services.slicing import advance_parents
from trading.services.splits import SplitOutcome, book_splits
from trading.services.unprotected import make_good, measure_unprotected
from trading.worlds import exchange_for
from tradingfarm.kernel import heartbeats
from tradingfarm.kernel.clock import Clock
from tradingfarm.kernel.database import SESSION_LOST
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.pace import Pace

logger = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=1)
HEARTBEAT_EVERY = timedelta(seconds=3)
RECONCILE_AGAIN = timedelta(seconds=1)
"""An account that could not be reconciled at the start is tried again after this, wall time."""
GUARD_EVERY = timedelta(seconds=5)
"""Losses are looked at this often (RTS 7, art. 20: within 5 s)."""
SPLITS_EVERY = timedelta(minutes=10)
RETRY_SECONDS = 1.0


class SendingLoop:
    """One sender. `stopping` is asked between orders; a claimed order is always finished first.

    `exchange` restricts it to the accounts of one venue, so that a slow one delays no other.
    """

    def __init__(
        self, *, clock: Clock, stopping: Callable[[], bool], exchange: str | None = None
    ) -> None:
        self._clock = clock
        self._stopping = stopping
        self._exchange = exchange
        self.name = f"{socket.gethostname()}:{os.getpid()}"[:60]
        self._pace = Pace()
        self._exchanges: dict[UUID, tuple[int, Exchange]] = {}
        self._dividing: set[UUID] = set()

    def run(self) -> None:
        """Work until told to stop. A lost database connection is retried, nothing is forgotten."""
        keeper = LeaseKeeper(name=self.name)
        keeper.start()
        try:
            while not self._stopping():
                try:
                    self._listen()
                    while not self._stopping():
                        self.work()
                        self._wait()
                except SESSION_LOST as error:
                    logger.warning("The database does not answer (%s); trying again.", error)
                    connection.close()
                    self._clock.sleep(RETRY_SECONDS)
        finally:
            keeper.stop()
            end_lease(name=self.name)

    def work(self) -> None:
        """One pass over every account that has something to do."""
        now = self._clock.now()
        if self._pace.is_due("heartbeat", every=HEARTBEAT_EVERY, now=now):
            heartbeats.beat(process="sender", now=now)
        if self._pace.is_due("lease", every=RENEW_EVERY, now=now):
            renew_lease(name=self.name)
        self._look_after(at=now)
        self._take_over_free()
        owned = owned_accounts(name=self.name)
        for account in self._to_work_on(owned, at=now):
            try:
                self._work_on(account, owned[account.id])
            except OwnershipLost as lost:
                logger.warning("%s", lost)
            except FarmError as error:
                # One account that cannot be worked on must not keep the sender from the others.
                logger.warning("%s: %s", account.name, error)

    def _look_after(self, *, at: datetime) -> None:
        """What is due for all accounts together, whoever owns them; each is safe to repeat."""
        if self._pace.is_due("measure", every=SWEEP_EVERY, now=at):
            measure_unprotected(at=at)
            make_good(at=at)
        if self._pace.is_due("confirmations", every=GUARD_EVERY, now=at):
            expire_confirmations(at=at)

    def _take_over_free(self) -> None:
        for account_id in free_accounts(exchange=self._exchange):
            ownership = take_over(account_id=account_id, name=self.name)
            if ownership is not None:
                logger.info("Account %s is ours, token %d.", account_id, ownership.token)

    def _to_work_on(self, owned: dict[UUID, Ownership], *, at: datetime) -> list[Account]:
        """Accounts of ours in which something goes on, and those that are due to be compared."""
        mine = Account.objects.filter(id__in=list(owned)).select_related("feed")
        busy = list(mine.filter(_is_busy()).order_by("id"))
        quiet = owned.keys() - {account.id for account in busy}
        due = [key for key in quiet if self._is_due_to_reconcile(key, at=at)]
        return busy + (list(mine.filter(id__in=due).order_by("id")) if due else [])

    def _is_due_to_reconcile(self, account_id: UUID, *, at: datetime) -> bool:
        found = self._exchanges.get(account_id)
        return found is None or self._pace.would_be_due(
            f"reconcile {account_id}", every=found[1].delays.reconcile_every, now=at
        )

    def _exchange_of(self, account: Account, ownership: Ownership) -> Exchange:
        """The account's exchange; a new owner begins with a new one."""
        found = self._exchanges.get(account.id)
        if found is None or found[0] != ownership.token:
            found = (ownership.token, exchange_for(account, clock=self._clock))
            self._exchanges[account.id] = found
        return found[1]

    def _work_on(self, account: Account, ownership: Ownership) -> None:
        exchange = self._exchange_of(account, ownership)
        expire_stale(account=account, at=self._clock.now())
        if not account.is_ready:
            self._begin(account, exchange, ownership)
        self._protect(account, exchange)
        send_approved(
            account=account,
            ownership=ownership,
            exchange=exchange,
            clock=self._clock,
            sender=self.name,
            stopping=self._stopping,
        )
        match_unowned(account=account, at=self._clock.now())
        ask_cancels(account=account, exchange=exchange, ownership=ownership, at=self._clock.now())
        self._ask(account, exchange, ownership)
        self._go_on(account, exchange)
        if account.is_ready:
            self._compare(account, exchange, ownership)

    def _protect(self, account: Account, exchange: Exchange) -> None:
        """Stops at the exchange, its dead-man timer, and the breakers of what runs on wall time.

        The breakers of a replay's accounts are the engine's, at each step: so that they trip at
        the same moment of market time in every run.
        """
        at = self._clock.now()
        now = market_time(feed_name=account.feed_id, at=at)
        try:
            keep_alive(account=account, exchange=exchange, pace=self._pace, at=at)
            rest_stops(account=account, exchange=exchange, at=at, now=now)
        except ExchangeUnavailable as error:
            logger.warning("%s: %s", account.name, error)
        if account.feed.kind == Feed.Kind.REPLAY:
            return
        if self._pace.is_due(f"breakers {account.id}", every=GUARD_EVERY, now=at):
            check_breakers(account_id=account.id, now=now, at=at)
        self._book_splits(account, now=now, at=at)

    def _book_splits(self, account: Account, *, now: datetime, at: datetime) -> None:
        """Now and then; at each pass while orders are being canceled for one."""
        every = timedelta(0) if account.id in self._dividing else SPLITS_EVERY
        if not self._pace.is_due(f"splits {account.id}", every=every, now=at):
            return
        self._dividing.discard(account.id)
        answers = book_splits(account_id=account.id, on=now.date(), now=now, at=at)
        if any(answer.outcome is SplitOutcome.ORDERS_AT_WORK for answer in answers):
            self._dividing.add(account.id)

    def _begin(self, account: Account, exchange: Exchange, ownership: Ownership) -> None:
        """Reconcile at the start. An exchange that does not answer leaves it not ready."""
        at = self._clock.now()
        if not self._pace.is_due(f"begin {ownership}", every=RECONCILE_AGAIN, now=at):
            return
        try:
            self._reconcile(account, exchange, ownership, Reconciliation.Kind.START)
        except ExchangeUnavailable as error:
            logger.warning("%s is not ready: %s", account.name, error)

    def _compare(self, account: Account, exchange: Exchange, ownership: Ownership) -> None:
        at = self._clock.now()
        every = exchange.delays.reconcile_every
        if self._pace.is_due(f"reconcile {account.id}", every=every, now=at):
            self._reconcile(account, exchange, ownership, Reconciliation.Kind.PERIODIC)

    def _reconcile(
        self,
        account: Account,
        exchange: Exchange,
        ownership: Ownership,
        kind: Reconciliation.Kind,
    ) -> None:
        at = self._clock.now()
        now = market_time(feed_name=account.feed_id, at=at)
        reconcile(
            account=account, exchange=exchange, ownership=ownership, kind=kind, now=now, at=at
        )

    def _ask(self, account: Account, exchange: Exchange, ownership: Ownership) -> None:
        """Ask about what is in flight and what rests, each as often as the exchange is asked."""
        at, delays = self._clock.now(), exchange.delays
        for states, every in (
            (ON_ITS_WAY, delays.ask_in_flight_every),
            (AT_REST, delays.ask_resting_every),
        ):
            if self._pace.is_due(f"ask {states[0]} {account.id}", every=every, now=at):
                follow_up(
                    account=account,
                    exchange=exchange,
                    at=self._clock.now(),
                    token=ownership.token,
                    states=states,
                )

    def _go_on(self, account: Account, exchange: Exchange) -> None:
        """What takes several passes: amended orders, large orders in slices, an emergency stop."""
        at = self._clock.now()
        now = market_time(feed_name=account.feed_id, at=at)
        replace_canceled(account=account, now=now, at=at)
        advance_parents(account=account, now=now, at=at)
        run = account.stops.exclude(step=StopRun.Step.DONE).first()
        if run is not None:
            advance_stop(run_id=run.id, exchange=exchange, now=now, at=self._clock.now())

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("LISTEN farm_orders")

    def _wait(self) -> None:
        """Until PostgreSQL says that an order was approved or traded, or the sweep is due."""
        listening = connection.connection.notifies(
            timeout=SWEEP_EVERY.total_seconds(), stop_after=1
        )
        for _ in listening:
            return


def _is_busy() -> Q:
    at_work = Order.objects.filter(account=OuterRef("pk"), state__in=sorted(AT_WORK))
    amended = Order.objects.filter(account=OuterRef("pk"), amendment__isnull=False)
    parents = ParentOrder.objects.filter(account=OuterRef("pk"), state=ParentState.WORKING)
    stops = StopRun.objects.filter(account=OuterRef("pk")).exclude(step=StopRun.Step.DONE)
    held = Position.objects.filter(account=OuterRef("pk"), quantity__gt=0)
    on_wall_time = Exists(held) & ~Q(feed__kind=Feed.Kind.REPLAY)
    waits = Exists(at_work) | Exists(amended) | Exists(parents) | Exists(stops)
    return Q(is_ready=False) | waits | on_wall_time
