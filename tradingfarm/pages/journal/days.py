"""Days of wall time, as a list of events asks for them."""

from typing import ClassVar

from django.db.models import Q, QuerySet

from tradingfarm.kernel.searching import bounds_of
from tradingfarm.pages.listing import M
from tradingfarm.pages.lists.filters import DayFilters


class EventFilters(DayFilters):
    """Events of one stream from one day to another.

    The days become sequence numbers too, so that a walk along the sequence begins and ends there.
    """

    moment: ClassVar[str] = "at"

    @property
    def stream_name(self) -> str:
        """The stream, as the journal names it."""
        raise NotImplementedError

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        rows = super().narrow(rows)
        since, until = self.starts_at, self.ends_at
        if since is None and until is None:
            return rows
        after, before = bounds_of(stream=self.stream_name, since=since, until=until)
        bounds = {"seq__gt": after, "seq__lt": before}
        return rows.filter(*(Q(**{name: n}) for name, n in bounds.items() if n is not None))
