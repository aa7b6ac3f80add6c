"""A person lets one order pass one check: with a reason, journaled, for a quarter of an hour.

The override binds the digest of the order that was denied. The decision is then run again, as of
now, with every other check; the gate uses the override up when it lets the order out by it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from trading.domain.overrides import OVERRIDE_WITHIN, NotOverridden, refusal
from trading.domain.requests import request_from
from trading.models import Assessment, Override
from trading.selectors.books import know_calendars, lock_account
from trading.services.decisions import Verdict, decide_locked
from tradingfarm.kernel.journal import account_stream, record, transaction


@dataclass(frozen=True)
class Overriding:
    """The gate's verdict on the order with the override, or why there is none."""

    refusal: NotOverridden | None = None
    override_id: UUID | None = None
    verdict: Verdict | None = None


def override(
    *, assessment_id: UUID, code: str, reason: str, actor: str, now: datetime, at: datetime
) -> Overriding:
    """Let the denied order of an assessment pass the check `code`, and decide it again.

    A second click gets the first answer. Other checks still deny it; each takes an override of its
    own, and the last one's decision counts them all, within their time. `now` is market time, `at`
    wall time. Raises Assessment.DoesNotExist, and as `trading.services.decisions.decide`.
    """
    denied = Assessment.objects.get(id=assessment_id)
    refused = refusal(approved=denied.approved, denials=denied.denials, code=code, reason=reason)
    if refused is not None:
        return Overriding(refusal=refused)
    know_calendars()
    override_id = uuid5(denied.account_id, f"override:{denied.id}:{code}")
    request = replace(request_from(denied.request), intent_key=f"override:{override_id}")
    with transaction():
        account = lock_account(account_id=denied.account_id, now=now)
        granted, is_new = Override.objects.get_or_create(
            id=override_id,
            defaults={
                "account_id": denied.account_id,
                "assessment": denied,
                "order_digest": request.digest,
                "code": code,
                "reason": reason.strip()[:200],
                "granted_by": actor[:120],
                "at": at,
                "expires_at": at + OVERRIDE_WITHIN,
            },
        )
        if is_new:
            _journal(granted, now=now)
        verdict = decide_locked(account=account, request=request, actor=actor, now=now, at=at)
    return Overriding(override_id=override_id, verdict=verdict)


def _journal(granted: Override, *, now: datetime) -> None:
    """Who let what pass, why, and until when."""
    failed = [check for check in granted.assessment.checks if check["code"] == granted.code]
    record(
        stream=account_stream(granted.account_id),
        kind="risk.override",
        actor=granted.granted_by,
        subject=f"assessment:{granted.assessment_id}",
        payload={
            "override": granted.id,
            "code": granted.code,
            "checks": failed,
            "reason": granted.reason,
            "order_digest": granted.order_digest,
            "until": granted.expires_at,
        },
        at=granted.at,
        as_of=now,
    )
