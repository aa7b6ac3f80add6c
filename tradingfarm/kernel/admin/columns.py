"""How columns of the admin show what is stored."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import DateTimeField, DecimalField, Field, ForeignKey, JSONField, Model
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tradingfarm.kernel.admin.links import model_called, record_link
from tradingfarm.kernel.money import plain

Column = str | Callable[[Any], Any]
AnyField = Field[Any, Any]
NOTHING = "-"


@cache
def in_list(field: AnyField) -> Column:
    """The column of a list: numbers as people write them, times in full, other records as links.

    The same one for each call, so that a list can name it among those it is sorted by.
    """
    if isinstance(field, DecimalField):
        return _shown(field, _plain)
    if isinstance(field, DateTimeField):
        return _shown(field, _moment)
    if isinstance(field, ForeignKey):
        return _shown(field, _linked)
    return field.name


def in_form(field: AnyField) -> Column:
    """The line of a record's page. Django links other records there by itself."""
    if isinstance(field, DecimalField):
        return _shown(field, _plain)
    if isinstance(field, DateTimeField):
        return _shown(field, _moment)
    if isinstance(field, JSONField):
        return _shown(field, _unfolded)
    return field.name


def pointing(name: str, kind: str) -> Column:
    """A column that holds the key of a record of another app, by the journal's name for it."""

    @admin.display(description=name.removesuffix("_id").replace("_", " "))
    def column(row: Model) -> SafeString | str:
        key, model = getattr(row, name), model_called(kind)
        if not key:
            return NOTHING
        return record_link(model, key, key) if model else str(key)

    column.__name__ = name
    return column


def _shown(field: AnyField, show: Callable[[AnyField, Model], object]) -> Column:
    @admin.display(description=field.verbose_name, ordering=field.name)
    def column(row: Model) -> object:
        return show(field, row)

    column.__name__ = field.name  # the style's class and the address name the column by it
    return column


def _plain(field: AnyField, row: Model) -> str:
    value = getattr(row, field.name)
    return NOTHING if value is None else plain(value)


def _moment(field: AnyField, row: Model) -> str:
    """To the millisecond, in UTC, so that it can be compared with a log."""
    value: datetime | None = getattr(row, field.name)
    if value is None:
        return NOTHING
    return value.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").partition("+")[0]


def _linked(field: AnyField, row: Model) -> SafeString | str:
    other = getattr(row, field.name)
    return NOTHING if other is None else record_link(type(other), other.pk, other)


def _unfolded(field: AnyField, row: Model) -> SafeString:
    return pretty(getattr(row, field.name))


def pretty(value: object) -> SafeString:
    """JSON in lines that can be read."""
    text = json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    return format_html("<pre>{}</pre>", text)
