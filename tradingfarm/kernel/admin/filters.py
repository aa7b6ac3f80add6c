"""Filters of the admin's lists whose own questions cost a few index probes, however long the list.

Django's own ask for every distinct value of a column, and its date hierarchy for every distinct
day: each a walk through the whole table.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import connection
from django.db.models import Field, Max, Min, Model, QuerySet
from django.db.models.fields.related import RelatedField
from django.http import HttpRequest
from django_stubs_ext import StrOrPromise

from tradingfarm.kernel.admin.spans import Span, narrower, parsed, shown_as

SHOWN = 100
DISTINCT = """
WITH RECURSIVE found(value) AS (
    SELECT min({column}) FROM {table}
    UNION ALL
    SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.value)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""
AnyField = Field[Any, Any]
AnyAdmin = admin.ModelAdmin[Any]


class FewFilter(admin.RelatedFieldListFilter):
    """What rows point to, at most a hundred; the others are found by searching their names."""

    def field_choices(
        self, field: RelatedField[Any, Any], request: HttpRequest, model_admin: AnyAdmin
    ) -> list[tuple[str, StrOrPromise]]:
        ordering = self.field_admin_ordering(field, request, model_admin) or ("pk",)
        related: Any = field.related_model
        rows = related._default_manager.order_by(*ordering)[:SHOWN]
        return [(str(row.pk), str(row)) for row in rows]


class ValuesFilter(admin.AllValuesFieldListFilter):
    """The values of a text column that leads an index: one probe of it for each value."""

    def __init__(self, field: AnyField, *args: Any, **options: Any) -> None:
        super().__init__(field, *args, **options)
        # Instead of Django's own query for them, which it makes when it is looked at.
        self.lookup_choices: Any = distinct_values(field.model, str(field.column))


def distinct_values(model: type[Model], column: str) -> list[str]:
    """At most a hundred distinct values of an indexed column, in its order."""
    quote = connection.ops.quote_name
    statement = DISTINCT.format(table=quote(model._meta.db_table), column=quote(column))
    with connection.cursor() as cursor:
        cursor.execute(statement, [SHOWN])
        return [value for (value,) in cursor.fetchall()]


class MomentFilter(admin.FieldListFilter):
    """Rows between two days (UTC, both included), by hand or by year, month and day.

    Only the first and the last moment of the table are asked for, so a day without rows is
    offered too.
    """

    template = "admin/moment_filter.html"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.span = Span(*(self._day(name) for name in self._names))
        self.others: list[tuple[str, str]] = []

    def expected_parameters(self) -> list[str | None]:
        return list(self._names)

    @property
    def _names(self) -> tuple[str, str]:
        return f"{self.field_path}_from", f"{self.field_path}_to"

    @property
    def inputs(self) -> list[tuple[str, str, str]]:
        """Label, name and value of the two fields."""
        words = zip(("From", "To"), self._names, self.span, strict=True)
        return [(label, name, day.isoformat() if day else "") for label, name, day in words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.span.first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self._at(self.span.first)})
        if self.span.last:
            after = self.span.last + timedelta(days=1)
            queryset = queryset.filter(**{f"{self.field_path}__lt": self._at(after)})
        return queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """All, then the years, months or days within what is chosen."""
        own = self._names
        self.others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name not in own
            for value in values
        ]
        everything = {"selected": not any(self.span), "display": "All"}
        yield everything | {"query_string": changelist.get_query_string(remove=list(own))}
        for span in narrower(self.span, within=self._bounds()):
            days = dict(zip(own, map(str, span), strict=True))
            yield {
                "selected": span == self.span,
                "display": shown_as(span),
                "query_string": changelist.get_query_string(days),
            }

    def _bounds(self) -> Span:
        rows = self.field.model._default_manager
        found = rows.aggregate(first=Min(self.field_path), last=Max(self.field_path))
        return Span(*(_day_of(found[end]) for end in ("first", "last")))

    def _day(self, name: str) -> date | None:
        try:
            given: Any = self.used_parameters.get(name, [""])
            return parsed(given[-1])
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error

    def _at(self, day: date) -> date | datetime:
        """The day as the column compares with it."""
        if self.field.get_internal_type() == "DateField":
            return day
        return datetime.combine(day, time.min, tzinfo=UTC)


def _day_of(moment: date | datetime | None) -> date | None:
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
