"""Who may send for an account: one owner at a time, by a lease and a fencing token.

A sender lives as long as its lease is renewed. The accounts of a sender whose lease has run out
are taken over by another one: the account's fencing token grows, and whoever still holds an older
one may neither claim nor store anything more. Leases run on the database's clock alone.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection

from trading.models import Account, SenderLease
from trading.selectors.turns import await_turn
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import transaction

LEASE = timedelta(seconds=6)
"""After a crash another sender takes over within this time."""
RENEW_EVERY = timedelta(seconds=2)

RENEW = """
INSERT INTO trading_senderlease (name, until)
VALUES (%s, clock_timestamp() + %s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET until = excluded.until
"""
FREE = """
SELECT a.id FROM trading_account a LEFT JOIN trading_senderlease l ON l.name = a.owned_by
WHERE (l.until IS NULL OR l.until < clock_timestamp())
  AND (%(exchange)s::varchar IS NULL OR a.exchange = %(exchange)s)
ORDER BY a.id
"""
# Under the account's lock, so that whoever stores an outcome does it before or not at all.
TAKE = """
UPDATE trading_account a SET owned_by = %(name)s, fencing_token = a.fencing_token + 1,
  is_ready = false
WHERE a.id = %(account)s AND NOT EXISTS (
  SELECT 1 FROM trading_senderlease l WHERE l.name = a.owned_by AND l.until >= clock_timestamp())
RETURNING a.fencing_token
"""


@dataclass(frozen=True)
class Ownership:
    """The right to send for one account, for as long as nobody has a newer token."""

    account_id: UUID
    token: int


class OwnershipLost(FarmError):
    """Another sender owns the account by now; nothing was stored."""

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"Another sender owns account {account_id} now.", permanent=True)


def renew_lease(*, name: str) -> None:
    """Say that the sender called `name` is alive for another LEASE. One small statement."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, [name, LEASE.total_seconds()])


def end_lease(*, name: str) -> None:
    """Free all accounts of a sender that stops in good order."""
    SenderLease.objects.filter(name=name).delete()


def free_accounts(*, exchange: str | None = None) -> list[UUID]:
    """Accounts without a living owner, of one exchange or of all."""
    with connection.cursor() as cursor:
        cursor.execute(FREE, {"exchange": exchange})
        return [row[0] for row in cursor.fetchall()]


def take_over(*, account_id: UUID, name: str) -> Ownership | None:
    """Become the account's owner if it has none that lives; None when somebody was faster.

    The account is not ready until it has been reconciled under the new token.
    """
    with transaction():
        await_turn(account_id=account_id)
        with connection.cursor() as cursor:
            cursor.execute(TAKE, {"account": account_id, "name": name})
            row = cursor.fetchone()
    return None if row is None else Ownership(account_id, row[0])


def owned_accounts(*, name: str) -> dict[UUID, Ownership]:
    """What the sender called `name` owns at this moment."""
    rows = Account.objects.filter(owned_by=name).values_list("id", "fencing_token")
    return {account_id: Ownership(account_id, token) for account_id, token in rows}
