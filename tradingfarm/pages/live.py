"""What a page sends to its readers when something happened, without knowing about sockets.

A page with something live names its view in `data-view`; the view is found here, in `VIEWS`.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.frame import Frame
from tradingfarm.people.models import Role


@dataclass(frozen=True)
class Change:
    """What happened since a reader was last told.

    `events` are the account's journal events in order, without gaps; `prices` says that quotes
    of the account's feed moved. `first` is true for a reader that has just come back.
    """

    events: tuple[JournalEvent, ...]
    prices: bool
    first: bool = False

    def about(self, *kinds: str) -> tuple[JournalEvent, ...]:
        """The events whose kind begins with one of `kinds`."""
        return tuple(event for event in self.events if event.kind.startswith(kinds))


@dataclass(frozen=True)
class Audience:
    """Readers that are sent the same text: one account, one view, one thing, one set of rights."""

    account_id: UUID
    view: str
    subject: str
    owner_id: int
    role: Role


class LiveView(Protocol):
    """One kind of page, as it is kept current."""

    def allows(self, *, owner_id: int, subject: str) -> bool:
        """Whether the owner has the thing that the page is about; asked at connect and again.

        `subject` is an id, or empty for a page that is about no single thing.
        """

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        """HTML of parts that replace those of the page by their ids (`hx-swap-oob`), or ''."""
