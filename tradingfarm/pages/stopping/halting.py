"""The halt itself, in the request of the person who asks for it.

It needs PostgreSQL alone, and no account has to wait for another to be halted: each is one short
transaction of its own. (One transaction over all of them would let an account that waits for its
lock keep the others trading, and undo their halt when it does not get it.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from trading.domain.states import StopMode
from trading.services.emergency import stop_account
from tradingfarm.kernel.clock import Clock

TRIES = 2
"""Two lock timeouts of three seconds end before the browser gives up waiting, after eight."""


@dataclass(frozen=True)
class Target:
    """An account that is to be stopped."""

    account_id: UUID
    name: str


def halt_accounts(
    *, targets: Sequence[Target], mode: StopMode, requested_by: str, reason: str, clock: Clock
) -> tuple[Target, ...]:
    """Stop each account; returns those that could not be halted, empty when all are."""
    return tuple(
        target
        for target in targets
        if not _halt(target.account_id, mode, requested_by, reason, clock)
    )


def _halt(account_id: UUID, mode: StopMode, requested_by: str, reason: str, clock: Clock) -> bool:
    for _ in range(TRIES):
        try:
            stop_account(
                account_id=account_id,
                mode=mode,
                requested_by=requested_by,
                reason=reason,
                at=clock.now(),
            )
        except (OperationalError, InterfaceError):
            # A lock not had in time, a lost connection: nothing was stored, asking again is safe.
            connection.close()
        else:
            return True
    return False
