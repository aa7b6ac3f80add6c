"""Switches of the paper exchange: it refuses every order, or it does not answer at all.

What people try out on paper before a real exchange does it to them: what is decided, retried and
reconciled meanwhile is the same code.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trading.models import Account
from trading.selectors.turns import await_turn
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction


class PaperSwitch(StrEnum):
    """The column that each switch is."""

    REJECTS = "rejects_orders"
    OUTAGE = "is_out"


class NotPaper(FarmError):
    """A real exchange has no switches."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"{account.name} trades at {account.exchange}, which has no switches.")


def switch_paper(
    *, account_id: UUID, switch: PaperSwitch, on: bool, actor: str, at: datetime
) -> bool:
    """Switch the account's paper exchange; False when it stood so already. Journaled.

    What rests at the exchange is matched all the same. `at` is wall time. Raises NotPaper and
    Account.DoesNotExist.
    """
    with transaction():
        await_turn(account_id=account_id)
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        if account.kind != Account.Kind.PAPER:
            raise NotPaper(account)
        if getattr(account, switch.value) is on:
            return False
        setattr(account, switch.value, on)
        account.save(update_fields=[switch.value])
        record(
            stream=account_stream(account.id),
            kind="account.paper_switched",
            actor=actor,
            subject=f"account:{account.id}",
            payload={"switch": switch.value, "on": on},
            at=at,
        )
    return True
