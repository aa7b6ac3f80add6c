"""The conversation of an account, ready for a page."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from agents.models import Message

AROUND = ("sender", "execution__proposal__instrument", "execution__decision__assessment__order")


def conversation(
    *, account_id: UUID, limit: int = 50, before: UUID | None = None
) -> list[Message]:
    """The newest `limit` messages, oldest first; with `before`, those that came before a message.

    Each comes with its sender, and with its execution's proposal, decision, assessment and order.
    At most two queries. An unknown `before` gives an empty list.
    """
    found = Message.objects.filter(account_id=account_id)
    if before is not None:
        place = found.filter(id=before).values_list("at", "place").first()
        if place is None:
            return []
        found = found.filter(Q(at__lt=place[0]) | Q(at=place[0], place__lt=place[1]))
    newest = found.select_related(*AROUND).order_by("-at", "-place")[:limit]
    return list(reversed(newest))


def said_in(*, executions: Iterable[UUID]) -> list[Message]:
    """All messages of these executions, oldest first, with the same around them. One query."""
    found = Message.objects.filter(execution__in=list(executions))
    return list(found.select_related(*AROUND).order_by("at", "place"))
