"""A position closed by a person: market sells of its shares through the same gate as any order.

They reduce only, so they leave a reducing and a halted account too: the person chose them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.requests import OrderRequest
from trading.domain.states import ExitReason, Side, Source
from trading.models import Assessment, PositionShare
from trading.selectors.books import know_calendars, lock_account
from trading.services.decisions import Verdict, decide_locked
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class ShareClosing:
    """The gate's answer for one share; `agent_name` is empty for a person's own."""

    agent_name: str
    verdict: Verdict


@dataclass(frozen=True)
class Closing:
    """What came of it. `grown_to` is the quantity now, when that is more than was confirmed;
    nothing was asked of the gate then. Without shares nothing is held."""

    shares: tuple[ShareClosing, ...] = ()
    grown_to: Decimal | None = None

    @property
    def approved(self) -> tuple[ShareClosing, ...]:
        return tuple(share for share in self.shares if share.verdict.approved)

    @property
    def denied(self) -> tuple[ShareClosing, ...]:
        return tuple(share for share in self.shares if not share.verdict.approved)


def close_position(  # noqa: PLR0913 - what a person confirms has these parts
    *,
    account_id: UUID,
    instrument_id: UUID,
    share_ids: Collection[int] | None = None,
    at_most: Decimal,
    request_key: str,
    requested_by: str,
    now: datetime,
    at: datetime,
) -> Closing:
    """Sell the position at market, or those of its shares that are named; one order for each.

    `request_key` names the confirmation: however often it arrives, each share is sold once, and
    the first answers are given again. `at_most` is the quantity that the person saw; a position
    that has grown since is left as it is. `now` is market time, `at` wall time. Raises
    NoSuchAccount, and django.db.OperationalError when the account's lock is not had in time.
    """
    know_calendars()
    prefix = f"close:{instrument_id}:{request_key}:"
    with transaction():
        account = lock_account(account_id=account_id, now=now)
        answered = _answered(account_id, prefix)
        shares = _shares(account_id, instrument_id, share_ids, prefix, answered)
        held = sum((share.quantity for share in shares), ZERO)
        if held > at_most and not answered:
            return Closing(grown_to=held)
        verdicts = [
            decide_locked(
                account=account,
                request=_exit(share, prefix, requested_by),
                actor=requested_by,
                now=now,
                at=at,
            )
            for share in shares
        ]
    return Closing(tuple(map(ShareClosing, map(_owner, shares), verdicts)))


def _answered(account_id: UUID, prefix: str) -> set[str]:
    """Intent keys of this confirmation that the gate has answered already."""
    asked = Assessment.objects.filter(account_id=account_id, intent_key__startswith=prefix)
    return set(asked.values_list("intent_key", flat=True))


def _owner(share: PositionShare) -> str:
    return share.permission.agent_name if share.permission else ""


def _shares(
    account_id: UUID,
    instrument_id: UUID,
    share_ids: Collection[int] | None,
    prefix: str,
    answered: Collection[str],
) -> list[PositionShare]:
    """Shares with something to sell, and those that this confirmation has sold already."""
    shares = PositionShare.objects.filter(
        position__account_id=account_id, position__instrument_id=instrument_id
    )
    if share_ids is not None:
        shares = shares.filter(id__in=share_ids)
    return [
        share
        for share in shares.select_related("position", "permission").order_by("id")
        if share.quantity > 0 or f"{prefix}{share.id}" in answered
    ]


def _exit(share: PositionShare, prefix: str, requested_by: str) -> OrderRequest:
    return OrderRequest(
        intent_key=f"{prefix}{share.id}",
        source=Source.PERSON,
        instrument_id=share.position.instrument_id,
        side=Side.SELL,
        quantity=share.quantity,
        permission_id=share.permission_id,
        reason=ExitReason.FORCE_EXIT.value,
        reasoning=f"Closed by hand by {requested_by}.",
    )
