"""What every source of ticks does; the rest of the program cannot tell them apart."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from market.domain.replaying import ReplayStep


class TickFeed(Protocol):
    """A source of ticks under the name of a Feed row."""

    @property
    def name(self) -> str:
        """The feed under which quotes are stored."""

    @property
    def as_of(self) -> datetime | None:
        """Market time: that of the last step given out, None before the first."""

    def steps(self) -> Iterator[ReplayStep]:
        """Steps in order of market time, each with at least one tick, numbered without gaps.

        Asking for the next one blocks until it is due. The iterator ends when the feed has ended
        for good; a connection that broke raises a FarmError that is not permanent. Ticks are as
        the source gave them: who takes them refuses the bad ones (market.domain.ticks.refuse).
        """
