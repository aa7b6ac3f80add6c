"""Taking back what an agent wants to buy: unsent entries end, resting ones are canceled."""

from datetime import datetime
from uuid import UUID

from trading.domain.states import AT_WORK
from trading.models import Order
from trading.services.canceling import Cancellation, cancel_order

TAKEN_BACK = (Cancellation.NOT_SENT, Cancellation.ASKED)


def withdraw_entries(*, permission_id: UUID, requested_by: str, at: datetime) -> int:
    """Cancel every entry that an agent has at work on one account; returns how many it was.

    An entry that is on its way at this moment is canceled when it has arrived, and not counted.
    Exits and protections stay. `at` is wall time. Doing it again is safe.
    """
    entries = Order.objects.filter(
        permission=permission_id, reduce_only=False, state__in=sorted(AT_WORK)
    )
    outcomes = [
        cancel_order(order_id=order_id, requested_by=requested_by, at=at)
        for order_id in entries.order_by("approved_at", "id").values_list("id", flat=True)
    ]
    return sum(outcome in TAKEN_BACK for outcome in outcomes)
