"""The stop barrier: an advisory lock per account that claims share and an emergency stop owns.

Not a row lock: new sharers of a row starve the stop (measured: seconds to never, against
milliseconds), while advisory locks queue fairly.
"""

from uuid import UUID

from django.db import connection

from trading.domain.states import HaltState
from trading.models import Account

STOP = 1_937_010_544
"""The first key of every barrier, 'stop' in ASCII."""


def share_barrier(*, account_id: UUID) -> None:
    """Hold off a stop of this account until the open transaction ends, milliseconds."""
    _lock("pg_advisory_xact_lock_shared", account_id)


def close_barrier(*, account_id: UUID) -> None:
    """Own the barrier alone, for who takes the account's turn and row after it."""
    _lock("pg_advisory_xact_lock", account_id)


def own_barrier(*, account_id: UUID) -> Account:
    """The account's locked row, after the claims inside their transactions.

    No further claim gets in until the open transaction ends.
    """
    close_barrier(account_id=account_id)
    return Account.objects.select_for_update(no_key=True).get(id=account_id)


def halt(account: Account, *, reason: str) -> None:
    """Let nothing leave that was approved so far. For an account whose barrier is owned."""
    account.epoch += 1
    account.halt_state, account.halt_reason = HaltState.HALTED, reason[:200]
    account.save(update_fields=["epoch", "halt_state", "halt_reason"])


def _lock(function: str, account_id: UUID) -> None:
    # The second key has 32 bits: accounts that collide share a barrier, which costs a short wait.
    key = account_id.int & 0x7FFF_FFFF
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [STOP, key])
