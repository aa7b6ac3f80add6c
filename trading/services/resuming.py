"""Letting a halted or reducing account trade again: only by a person, never by itself."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trading.domain.states import HaltState
from trading.models import Account, StopRun
from trading.services.breakers import release_latches
from tradingfarm.kernel.journal import account_stream, record, transaction


class Resumed(StrEnum):
    """What came of the wish to resume. Only RESUMED has changed anything."""

    RESUMED = "RESUMED"
    ALREADY_ACTIVE = "ALREADY_ACTIVE"
    STOP_UNFINISHED = "STOP_UNFINISHED"
    STOPPED_AGAIN = "STOPPED_AGAIN"


def resume_account(
    *, account_id: UUID, actor: str, reason: str, at: datetime, epoch: int | None = None
) -> Resumed:
    """Let agents enter again, journaled with who and why.

    `epoch` is the one that the person saw: a stop since then is not undone unseen. Nothing that
    was approved before the stop comes back, and a trading session that was stopped stays so.

    The breakers that halted it are released in the same act: who resumes has seen the halt and its
    reason, and an account that trades while its breaker is still tripped would be halted again by
    the next check. Breakers that stop entries of an agent or an instrument alone stay.
    """
    with transaction():
        account = Account.objects.select_for_update(no_key=True).get(id=account_id)
        refusal = _refusal(account, epoch)
        if refusal is not None:
            return refusal
        before = account.halt_state
        release_latches(account=account, actor=actor, reason=reason, at=at)
        account.halt_state, account.halt_reason = HaltState.ACTIVE, ""
        account.save(update_fields=["halt_state", "halt_reason"])
        record(
            stream=account_stream(account.id),
            kind="account.released",
            actor=actor,
            subject=f"account:{account.id}",
            payload={"epoch": account.epoch, "was": before, "reason": reason},
            at=at,
        )
    return Resumed.RESUMED


def _refusal(account: Account, epoch: int | None) -> Resumed | None:
    if account.stops.exclude(step=StopRun.Step.DONE).exists():
        return Resumed.STOP_UNFINISHED
    if account.halt_state == HaltState.ACTIVE:
        return Resumed.ALREADY_ACTIVE
    if epoch is not None and epoch != account.epoch:
        return Resumed.STOPPED_AGAIN
    return None
