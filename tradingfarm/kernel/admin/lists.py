"""Lists of records of any length: pages without counting them all, orders that an index has."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet

COUNTED = 10_000


class About(int):
    """A number that is only known roughly, and says so."""

    def __str__(self) -> str:
        return f"about {int(self):,}"


class EstimatingPaginator(Paginator[Any]):
    """Counts up to 10,000 rows; of more it asks the query planner how many there are about.

    Pages reach as far as was counted: the 10,000th row lies behind 10,000 that must be skipped.
    Who wants older ones narrows the list.
    """

    @cached_property
    def count(self) -> int:
        # In the list's order, so that its index is counted and not the table.
        counted = self._rows[: COUNTED + 1].count()
        return counted if counted <= COUNTED else About(max(self._estimate(), counted))

    @cached_property
    def num_pages(self) -> int:
        return -(-max(1, min(self.count, COUNTED)) // self.per_page)

    @property
    def _rows(self) -> QuerySet[Any]:
        rows: Any = self.object_list
        return rows  # type: ignore[no-any-return]  # the admin hands over nothing else

    def _estimate(self) -> int:
        """The planner's idea from its statistics; it reads no row."""
        plan = self._rows.order_by().explain(format="json")
        return round(plans_rows(plan))


def plans_rows(explained: str) -> float:
    """The rows that a plan in JSON expects."""
    return float(json.loads(explained)[0]["Plan"]["Plan Rows"])


class RecordList(ChangeList):
    """A list that is sorted by nothing but the columns which its admin allows, even if asked."""

    def get_ordering_field(self, field_name: Callable[..., object] | str) -> Any:  # noqa: ANN401 - Django's own
        allowed = field_name in (self.sortable_by or ())
        return super().get_ordering_field(field_name) if allowed else None
