import os
import socket
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import timedelta
from getpass import getuser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from market.selectors.clocks import market_time
from trading.domain.exchange import ExchangeUnavailable
from trading.domain.states import StopMode
from trading.loop.steps import match_unowned, send_approved
from trading.models import Account, PositionShare, StopRun
from trading.services.emergency import advance_stop, stop_account
from trading.services.leases import (
    Ownership,
    end_lease,
    owned_accounts,
    renew_lease,
    take_over,
)
from trading.worlds import exchange_for
from tradingfarm.kernel.clock import SystemClock

PATIENCE = timedelta(seconds=120)
PAUSE_SECONDS = 0.1
NAME = f"emergency:{socket.gethostname()}:{os.getpid()}"[:60]


class Command(BaseCommand):
    help = (
        "Stop every account, or those named: nothing new is sent from then on. Needs PostgreSQL "
        "and the exchange only; Redis, Celery and the other processes may be down."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "accounts", nargs="*", help="Names or ids of accounts; none means all."
        )
        modes = parser.add_mutually_exclusive_group(required=True)
        modes.add_argument("--keep", action="store_true", help="Keep orders and positions.")
        modes.add_argument("--cancel", action="store_true", help="Cancel every open order.")
        modes.add_argument("--flatten", action="store_true", help="Cancel, then sell everything.")
        parser.add_argument("--reason", default="", help="Why, for the journal.")

    def handle(self, *args: Any, accounts: list[str], reason: str, **options: Any) -> None:
        clock = SystemClock()
        mode = next(mode for mode in StopMode if options[mode.value])
        runs = [
            stop_account(
                account_id=account.id,
                mode=mode,
                requested_by=f"shell:{getuser()}",
                reason=reason,
                at=clock.now(),
            )
            for account in _accounts(accounts)
        ]
        for run in runs:
            self.stdout.write(
                f"{run.account.name}: halted, epoch {run.epoch}. Nothing new is sent."
            )
        try:
            for run in runs:
                self._carry_out(run, clock)
        finally:
            end_lease(name=NAME)

    def _carry_out(self, run: StopRun, clock: SystemClock) -> None:
        """Advance the run, sending its liquidation ourselves, until it is done."""
        account = run.account
        give_up_at, step = clock.now() + PATIENCE, None
        while run.step != StopRun.Step.DONE:
            if clock.now() > give_up_at:
                raise CommandError(
                    f"{account.name} is halted, but {run.get_step_display().lower()} takes longer "
                    "than two minutes; the sender goes on with it. See the account's journal."
                )
            try:
                run = self._advance(run, clock)
            except ExchangeUnavailable as error:
                self.stderr.write(f"{account.name}: {error} Trying again.")
            except OperationalError as error:
                # A lock not had in time, a lost connection: every step can be repeated.
                self.stderr.write(f"{account.name}: the database said {error} Trying again.")
                connection.close()
            if run.step != step:
                step = run.step
                self.stdout.write(f"{account.name}: {run.get_step_display()}.")
            clock.sleep(PAUSE_SECONDS)
        self._report(run)

    def _advance(self, run: StopRun, clock: SystemClock) -> StopRun:
        account, at = run.account, clock.now()
        exchange = exchange_for(account, clock=clock)
        now = market_time(feed_name=account.feed_id, at=at)
        run = advance_stop(run_id=run.id, exchange=exchange, now=now, at=at)
        ownership = self._own(account.id)
        if ownership is not None:
            send_approved(
                account=account,
                ownership=ownership,
                exchange=exchange,
                clock=clock,
                sender=NAME,
            )
        match_unowned(account=account, at=clock.now())
        return run

    def _own(self, account_id: UUID) -> Ownership | None:
        """The right to send for the account, unless a sender that lives has it and does so."""
        renew_lease(name=NAME)
        take_over(account_id=account_id, name=NAME)
        return owned_accounts(name=NAME).get(account_id)

    def _report(self, run: StopRun) -> None:
        run.refresh_from_db()
        held = PositionShare.objects.filter(position__account=run.account, quantity__gt=0).count()
        flat = f"Flat, found twice. {run.rounds} rounds." if run.mode == StopMode.FLATTEN else ""
        self.stdout.write(f"{run.account.name}: {held} positions held. {flat}".strip())


def _accounts(names: Iterable[str]) -> list[Account]:
    accounts = list(Account.objects.order_by("id"))
    if not names:
        return accounts
    known = {account.name: account for account in accounts}
    known |= {str(account.id): account for account in accounts}
    if missing := [name for name in names if name not in known]:
        raise CommandError(
            f"No account is called {', '.join(missing)}. There are: "
            f"{', '.join(account.name for account in accounts) or 'none'}."
        )
    return [known[name] for name in names]
