"""Where the thing that an event is about has its page."""

from collections.abc import Mapping
from uuid import UUID

from django.urls import reverse

PAGES: Mapping[str, str] = {
    "account": "account-settings",
    "agent": "agent",
    "confirmation": "confirmation",
    "execution": "execution",
    "order": "order",
    "parent": "parent",
    "permission": "permission-edit",
    "team": "team",
    "trigger": "trigger",
}


def address_of(subject: str) -> str:
    """The address of a subject such as 'order:<id>', '' for what has no page of its own."""
    kind, _, key = subject.partition(":")
    try:
        return reverse(PAGES[kind], args=[UUID(key)]) if kind in PAGES else ""
    except ValueError:
        return ""
