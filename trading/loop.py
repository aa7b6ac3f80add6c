"""The sending loop: claims and sends approved orders, ingests what came of them, and sweeps.

PostgreSQL wakes it (LISTEN), a sweep each second finds whatever a lost wake-up or a crash left. It
needs neither Redis nor Celery. Several senders may run: a claim is won by one.
"""

import logging
import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import OperationalError, connection
from django.db.models import Exists, OuterRef, Q

from market.selectors.clocks import is_owned, market_time
from market.selectors.quotes import quotes
from trading.domain.exchange import Exchange
from trading.domain.states import AT_WORK, OrderState
from trading.exchanges.paper import match
from trading.models import Account, Order, PaperOrder, StopRun
from trading.services.emergency import advance_stop
from trading.services.recovery import expire_stale, follow_up
from trading.services.sending import claim, send, settle
from trading.worlds import exchange_for
from tradingfarm.kernel import heartbeats
from tradingfarm.kernel.clock import Clock
from tradingfarm.kernel.errors import FarmError

logger = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=1)
HEARTBEAT_EVERY = timedelta(seconds=3)
RETRY_SECONDS = 1.0


class SendingLoop:
    """One sender. `stopping` is asked between orders; a claimed order is always finished first."""

    def __init__(self, *, clock: Clock, stopping: Callable[[], bool]) -> None:
        self._clock = clock
        self._stopping = stopping
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._beat_at: datetime | None = None

    def run(self) -> None:
        """Work until told to stop. A lost database connection is retried, nothing is forgotten."""
        while not self._stopping():
            try:
                self._listen()
                while not self._stopping():
                    self.work()
                    self._wait()
            except OperationalError as error:
                logger.warning("The database does not answer (%s); trying again.", error)
                connection.close()
                self._clock.sleep(RETRY_SECONDS)

    def work(self) -> None:
        """One pass over every account that has something to do."""
        self._heartbeat()
        for account in _busy_accounts():
            try:
                self._work_on(account, exchange_for(account))
            except FarmError as error:
                # One account that cannot be worked on must not keep the sender from the others.
                logger.warning("%s: %s", account.name, error)

    def _work_on(self, account: Account, exchange: Exchange) -> None:
        expire_stale(account=account, at=self._clock.now())
        send_approved(
            account=account,
            exchange=exchange,
            clock=self._clock,
            sender=self._name,
            stopping=self._stopping,
        )
        match_unowned(account=account, at=self._clock.now())
        follow_up(account=account, exchange=exchange, at=self._clock.now())
        self._advance_stop(account, exchange)

    def _advance_stop(self, account: Account, exchange: Exchange) -> None:
        run = account.stops.exclude(step=StopRun.Step.DONE).first()
        if run is not None:
            at = self._clock.now()
            now = market_time(feed_name=account.feed_id, at=at)
            advance_stop(run_id=run.id, exchange=exchange, now=now, at=at)

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

    def _heartbeat(self) -> None:
        now = self._clock.now()
        if self._beat_at is None or now - self._beat_at > HEARTBEAT_EVERY:
            heartbeats.beat(process="sender", now=now)
            self._beat_at = now


def _busy_accounts() -> list[Account]:
    at_work = Order.objects.filter(account=OuterRef("pk"), state__in=sorted(AT_WORK))
    stops = StopRun.objects.filter(account=OuterRef("pk")).exclude(step=StopRun.Step.DONE)
    return list(Account.objects.filter(Q(Exists(at_work)) | Q(Exists(stops))).order_by("id"))


def send_approved(
    *,
    account: Account,
    exchange: Exchange,
    clock: Clock,
    sender: str,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Claim and send what is approved, oldest first; what another sender claimed is left to it."""
    orders = account.orders.filter(state=OrderState.APPROVED).order_by("approved_at", "id")
    for order_id in orders.values_list("id", flat=True):
        if stopping():
            return
        claimed = claim(order_id=order_id, account_id=account.id, sender=sender, exchange=exchange)
        if claimed is not None:
            outcome = send(claimed=claimed, exchange=exchange, at=clock.now())
            settle(order_id=claimed.order_id, outcome=outcome, at=clock.now())


def ingest_reports(*, clock: Clock) -> None:
    """Ask every exchange about the orders at work, once, and send nothing.

    For whoever counts after the senders have stopped: a trade of the last moment may not have been
    ingested yet. Raises ExchangeUnavailable.
    """
    for account in _busy_accounts():
        follow_up(account=account, exchange=exchange_for(account), at=clock.now())


def match_unowned(*, account: Account, at: datetime) -> None:
    """Fill paper orders at the last quotes when no engine owns the feed: a replay has ended."""
    waiting = PaperOrder.objects.filter(account_key=account.id, state=PaperOrder.State.OPEN)
    if not waiting.exists() or is_owned(feed_name=account.feed_id, at=at):
        return
    now = market_time(feed_name=account.feed_id, at=at)
    match(feed_name=account.feed_id, quotes=quotes(feed=account.feed_id), now=now, at=at)
