"""Orders that wait for a person, with why they wait and for how long they still do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from market.models import Instrument, Quote
from trading.domain.checks import Code
from trading.domain.requests import OrderRequest, request_from
from trading.domain.states import ConfirmationState
from trading.models import Assessment, Breaker, Confirmation
from tradingfarm.pages.orders.spans import span_words
from tradingfarm.pages.risk.breakers import Tripped, tripped_of

SHOWN = 50


@dataclass(frozen=True)
class Waiting:
    """One order before its confirmation. `last` is the price now, None where there is none.

    `value` is at its worst price, in the account's currency; `expires_at` is wall time.
    """

    id: UUID
    instrument: Instrument
    request: OrderRequest
    agent: str
    value: Decimal
    worst_price: Decimal
    last: Decimal | None
    why: str
    state: ConfirmationState
    at: datetime
    expires_at: datetime
    left: str

    @property
    def wanted(self) -> str:
        """Such as 'buy 100 AAPL'."""
        return f"{self.request.side.value} {self.request.quantity.normalize():f}"


def waiting_of(*, account_id: UUID, at: datetime) -> tuple[Waiting, ...]:
    """What waits at wall time `at`, the most urgent first. One query."""
    found = confirmations().filter(
        account=account_id, state=ConfirmationState.WAITING, expires_at__gt=at
    )
    return tuple(waiting(each, at=at) for each in found.order_by("expires_at", "id")[:SHOWN])


def confirmations() -> QuerySet[Confirmation]:
    """Confirmations with all that is shown of them."""
    prices = Quote.objects.filter(
        feed=OuterRef("account__feed"), instrument=OuterRef("instrument")
    )
    return Confirmation.objects.select_related(
        "account", "instrument", "permission", "assessment", "order"
    ).annotate(last=Subquery(prices.values("last")[:1]))


def waiting(confirmation: Confirmation, *, at: datetime) -> Waiting:
    """One of `confirmations`, at wall time `at`."""
    permission = confirmation.permission
    return Waiting(
        id=confirmation.id,
        instrument=confirmation.instrument,
        request=request_from(confirmation.request),
        agent=permission.agent_name if permission else "",
        value=confirmation.value,
        worst_price=confirmation.worst_price,
        last=vars(confirmation)["last"],
        why=_why(confirmation.assessment),
        state=ConfirmationState(confirmation.state),
        at=confirmation.at,
        expires_at=confirmation.expires_at,
        left=span_words(confirmation.expires_at - at),
    )


def _why(assessment: Assessment) -> str:
    """What the gate wants a person for: 'worth 12,400.00; risk high'."""
    asked = [check for check in assessment.checks if check.get("code") == Code.CONFIRMATION]
    return str(asked[0].get("number", "")) if asked else ""


def tripped_on(*, account_id: UUID) -> tuple[Tripped, ...]:
    """The account's active breakers, oldest first. One query."""
    active: Iterable[Breaker] = (
        Breaker.objects.filter(account=account_id, released_at=None)
        .select_related("permission", "instrument")
        .order_by("at", "id")
    )
    return tuple(map(tripped_of, active))
