"""Orders that wait for a person: confirmed, refused, or too late.

A confirmation binds the digest of the order and its worst price. Saying yes runs the whole
decision again, as of now: every other check still counts, and when the price has become worse the
gate asks anew. It happens under the account's lock, so a second click gets the first one's answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from trading.domain.requests import OrderRequest, request_from
from trading.domain.states import ConfirmationState
from trading.models import Assessment, Confirmation
from trading.selectors.books import LockedAccount, know_calendars, lock_account
from trading.services.decisions import decide_locked
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction

EXPIRE_TOGETHER = 100
FARM = "farm"
NOTHING: Mapping[str, object] = {}


class RequestChanged(FarmError):
    """What was stored is not the order that was decided: its digest is another."""

    def __init__(self, confirmation: Confirmation) -> None:
        super().__init__(
            f"The request of confirmation {confirmation.id} does not have its digest.",
            permanent=True,
        )


@dataclass(frozen=True)
class Confirmed:
    """What became of a confirmation.

    CONFIRMED has its order. REFUSED has the gate's denials, unless a person refused it. With
    `asked_again` the gate asks for the same order at the price of now: another confirmation.
    """

    state: ConfirmationState
    order_id: UUID | None = None
    denials: tuple[str, ...] = ()
    asked_again: UUID | None = None


def confirm(*, confirmation_id: UUID, actor: str, now: datetime, at: datetime) -> Confirmed:
    """A person says yes: the order is decided again, with every check, and made if it passes.

    A second click gets the same answer. `now` is market time, `at` wall time. Raises
    Confirmation.DoesNotExist, RequestChanged, and as `trading.services.decisions.decide`.
    """
    know_calendars()
    account_id = Confirmation.objects.values_list("account_id", flat=True).get(id=confirmation_id)
    with transaction():
        account = lock_account(account_id=account_id, now=now)
        confirmation = _locked(confirmation_id)
        if confirmation.state == ConfirmationState.WAITING:
            if confirmation.expires_at <= at:
                _end(confirmation, ConfirmationState.EXPIRED, actor=FARM, at=at)
            else:
                _decide_again(confirmation, account, actor=actor, now=now, at=at)
        return _answered(confirmation)


def refuse(*, confirmation_id: UUID, actor: str, reason: str, at: datetime) -> Confirmed:
    """A person says no. What was decided before stays so. Raises Confirmation.DoesNotExist."""
    with transaction():
        confirmation = _locked(confirmation_id)
        if confirmation.state == ConfirmationState.WAITING:
            said = {"reason": reason}
            _end(confirmation, ConfirmationState.REFUSED, actor=actor, at=at, said=said)
        return _answered(confirmation)


def expire_confirmations(*, at: datetime) -> int:
    """End what nobody has confirmed in time, at wall time `at`; returns how many it was."""
    waiting = Confirmation.objects.filter(state=ConfirmationState.WAITING, expires_at__lte=at)
    expired = 0
    while True:
        with transaction():
            late = waiting.select_for_update(no_key=True, skip_locked=True)
            found = list(late.order_by("account_id", "id")[:EXPIRE_TOGETHER])
            for confirmation in found:
                _end(confirmation, ConfirmationState.EXPIRED, actor=FARM, at=at)
        expired += len(found)
        if len(found) < EXPIRE_TOGETHER:
            return expired


def _locked(confirmation_id: UUID) -> Confirmation:
    return Confirmation.objects.select_for_update(no_key=True).get(id=confirmation_id)


def _decide_again(
    confirmation: Confirmation,
    account: LockedAccount,
    *,
    actor: str,
    now: datetime,
    at: datetime,
) -> None:
    """The whole gate, once: one that did not pass is answered, and can never be made by this."""
    request = _request(confirmation)
    confirmation.state = ConfirmationState.CONFIRMED
    confirmation.save(update_fields=["state"])  # the gate looks for it and writes the order to it
    verdict = decide_locked(account=account, request=request, actor=actor, now=now, at=at)
    confirmation.refresh_from_db(fields=["order"])
    state = ConfirmationState.CONFIRMED if verdict.approved else ConfirmationState.REFUSED
    said = {"order": verdict.order_id, "denials": verdict.denials}
    _end(confirmation, state, actor=actor, at=at, now=now, said=said)


def _request(confirmation: Confirmation) -> OrderRequest:
    request = replace(request_from(confirmation.request), intent_key=_intent(confirmation))
    if request.digest != confirmation.order_digest:
        raise RequestChanged(confirmation)
    return request


def _intent(confirmation: Confirmation) -> str:
    return f"confirm:{confirmation.id}"


def _end(
    confirmation: Confirmation,
    state: ConfirmationState,
    *,
    actor: str,
    at: datetime,
    now: datetime | None = None,
    said: Mapping[str, object] = NOTHING,
) -> None:
    confirmation.state, confirmation.decided_by = state, actor[:120]
    confirmation.decided_at = at
    confirmation.save(update_fields=["state", "decided_by", "decided_at"])
    record(
        stream=account_stream(confirmation.account_id),
        kind=f"risk.{state.value.lower()}",
        actor=actor,
        subject=f"confirmation:{confirmation.id}",
        payload={"order_digest": confirmation.order_digest, **said},
        at=at,
        as_of=now,
    )


def _answered(confirmation: Confirmation) -> Confirmed:
    """What is stored, so that whoever asks again is told the same."""
    decided = Assessment.objects.filter(
        account=confirmation.account_id, intent_key=_intent(confirmation)
    ).first()
    again = Confirmation.objects.filter(assessment=decided) if decided else None
    return Confirmed(
        state=ConfirmationState(confirmation.state),
        order_id=confirmation.order_id,
        denials=tuple(decided.denials) if decided else (),
        asked_again=again.values_list("id", flat=True).first() if again else None,
    )
