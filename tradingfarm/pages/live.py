"""What a page sends to its readers when something happened, without knowing about sockets.

A page with something live names its view in `data-view`; the view is found here, in `VIEWS`.
"""

from abc import ABC, abstractmethod
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
    subject: UUID | None
    owner_id: int
    role: Role

    @property
    def thing(self) -> UUID:
        """What the page is about. Raises LookupError when that is no single thing."""
        if self.subject is None:
            raise LookupError(f"{self.view} is about no single thing.")
        return self.subject


class LiveView(Protocol):
    """One kind of page, as it is kept current."""

    def allows(self, *, owner_id: int, subject: UUID | None) -> bool:
        """Whether the owner has the thing that the page is about; asked at connect and again.

        `subject` is None for a page that is about no single thing.
        """

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        """HTML of parts that replace those of the page by their ids (`hx-swap-oob`), or ''."""


class OfAccount:
    """A view of the whole account, about no single thing in it."""

    def allows(self, *, owner_id: int, subject: UUID | None) -> bool:
        return subject is None


class OfThing(ABC):
    """A view of one thing of the owner's."""

    def allows(self, *, owner_id: int, subject: UUID | None) -> bool:
        return subject is not None and self.is_owned(owner_id=owner_id, thing=subject)

    @abstractmethod
    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        """Whether there is such a thing, and the owner may look at it."""
