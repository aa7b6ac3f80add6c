"""Which shares have no working stop at this moment, and for how long they had none."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from trading.models import PositionShare
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class Unprotected:
    """A share without a working stop since a moment of wall time.

    `earlier_seconds` are of the spans before this one; `alarm_at` says when people were told.
    """

    share_id: int
    instrument_id: UUID
    symbol: str
    agent_name: str
    quantity: Decimal
    since: datetime
    alarm_at: datetime | None
    earlier_seconds: Decimal

    def seconds(self, *, at: datetime) -> float:
        """How long this span has lasted at wall time `at`."""
        return max((at - self.since).total_seconds(), 0.0)


def unprotected(*, account_id: UUID) -> tuple[Unprotected, ...]:
    """The account's shares that no working stop covers, longest first: one query."""
    shares = PositionShare.objects.filter(
        position__account=account_id, unprotected_since__isnull=False, quantity__gt=0
    ).select_related("position__instrument", "permission")
    return tuple(
        _unprotected(share, share.unprotected_since)
        for share in shares.order_by("unprotected_since", "id")
        if share.unprotected_since is not None
    )


def _unprotected(share: PositionShare, since: datetime) -> Unprotected:
    return Unprotected(
        share_id=share.id,
        instrument_id=share.position.instrument_id,
        symbol=share.position.instrument.symbol,
        agent_name=share.permission.agent_name if share.permission else "By hand",
        quantity=share.quantity,
        since=since,
        alarm_at=share.unprotected_alarm_at,
        earlier_seconds=share.unprotected_seconds,
    )


def unprotected_seconds(*, account_id: UUID) -> Decimal:
    """The seconds of all ended spans of the account's shares together."""
    shares = PositionShare.objects.filter(position__account=account_id)
    total: Decimal | None = shares.aggregate(total=Sum("unprotected_seconds"))["total"]
    return total or ZERO
