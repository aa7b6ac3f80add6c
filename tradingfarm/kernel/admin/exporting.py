"""A filtered list as a file: counted, journaled, then streamed in short queries, the oldest first.

Rows are read a thousand at a time, each part from where the last one ended, so a file of a million
rows holds neither memory nor a transaction, and a slow reader holds up nobody.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase

from tradingfarm.kernel.canonical import moment as moment_text
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.downloads import download
from tradingfarm.kernel.exports import csv_text
from tradingfarm.kernel.journal import FARM, record, transaction
from tradingfarm.kernel.money import plain

AT_ONCE = 1_000
UNSEEN = frozenset({"p", "e", "all"})  # parameters that turn pages and filter nothing
Row = tuple[object, ...]


@dataclass(frozen=True)
class Format:
    """How rows become text. `head` is what stands before the first one."""

    label: str
    media_type: str
    head: Callable[[Sequence[str]], str]
    body: Callable[[Sequence[str], Sequence[Row]], str]


def _csv_body(names: Sequence[str], rows: Sequence[Row]) -> str:
    return csv_text([_as_text(value) for value in row] for row in rows)


def _as_text(value: object) -> object:
    """Lists and mappings as JSON; everything else as it is."""
    return _json(value) if isinstance(value, list | dict) else value


def _lines_body(names: Sequence[str], rows: Sequence[Row]) -> str:
    return "".join(_json(dict(zip(names, row, strict=True))) + "\n" for row in rows)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plainly)


def _plainly(value: object) -> str:
    """Amounts as exact text, times in UTC."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return moment_text(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)


FORMATS = {
    "csv": Format("CSV", "text/csv; charset=utf-8", lambda names: csv_text([names]), _csv_body),
    "jsonl": Format("JSON lines", "application/jsonl", lambda names: "", _lines_body),
}


def export(
    site: admin.ModelAdmin[Any], request: HttpRequest, form: str, *, actor: str
) -> HttpResponseBase:
    """The rows that the list of this address shows, as a file; journaled before the first byte.

    Raises Http404 for a format that does not exist and PermissionDenied for who may not see them.
    """
    if form not in FORMATS:
        raise Http404(f"There is no export as {form}; there are: {', '.join(FORMATS)}.")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not site.has_view_permission(request):
        raise PermissionDenied("You may not see these records.")
    try:
        rows = site.get_changelist_instance(request).queryset
    except IncorrectLookupParameters:
        messages.error(request, "The list could not be filtered like that; nothing was exported.")
        return HttpResponseRedirect("../../")
    at = SystemClock().now()

    def begin() -> Iterator[bytes]:
        number = rows.order_by().count()
        _record(site.model, request, form=form, rows=number, actor=actor, at=at)
        names = columns_of(site)
        parts = _parts(rows, names, moment=getattr(site, "moment", ""), most=number)
        return _pieces(FORMATS[form], names, parts)

    name = f"{site.opts.model_name}-{at:%Y%m%dT%H%M%SZ}.{form}"
    return download(request, begin, name=name, content_type=FORMATS[form].media_type)


def _record(
    model: type[Model], request: HttpRequest, *, form: str, rows: int, actor: str, at: datetime
) -> None:
    filters = {
        name: request.GET.getlist(name) for name in sorted(request.GET) if name not in UNSEEN
    }
    with transaction():
        record(
            stream=FARM,
            kind="user.exported",
            actor=actor,
            payload={"list": model._meta.label_lower, "format": form, "filters": filters}
            | {"rows": rows},
            at=at,
        )


def columns_of(site: admin.ModelAdmin[Any]) -> list[str]:
    """The columns of a file, by their names in the database.

    All of them, unless the admin says which lines a record's page has: then these, and what it
    names in `exported`. So what a page keeps to itself, such as a password's hash, is in no file.
    """
    columns = site.model._meta.concrete_fields
    if site.fields is None and site.fieldsets is None and not site.exclude:
        return [column.attname for column in columns]
    shown = {*(site.fields or ()), *getattr(site, "exported", ())} - {*(site.exclude or ())}
    return [column.attname for column in columns if {column.name, column.attname} & shown]


def _pieces(form: Format, names: Sequence[str], parts: Iterator[list[Row]]) -> Iterator[bytes]:
    """The file, piece by piece."""
    yield form.head(names).encode()
    for part in parts:
        yield form.body(names, part).encode()


def _parts(
    rows: QuerySet[Any], names: Sequence[str], *, moment: str, most: int
) -> Iterator[list[Row]]:
    """At most `most` rows, in the order in which they came to be: by moment, then by key."""
    key = rows.model._meta.pk.attname
    order = (moment, key) if moment else (key,)
    left = rows.select_related(None).order_by(*order).values_list(*names, *order)
    beyond = Q()
    while most > 0:
        part = list(left.filter(beyond)[: min(AT_ONCE, most)])
        if not part:
            return
        yield [row[: len(names)] for row in part]
        most -= len(part)
        beyond = _after(order, part[-1][len(names) :])


def _after(order: Sequence[str], values: Sequence[object]) -> Q:
    """What follows a row; its first condition alone lets an index begin at the right place."""
    first, last = f"{order[0]}__gt", f"{order[-1]}__gt"
    if len(order) == 1:
        return Q(**{first: values[0]})
    tied = Q(**{order[0]: values[0], last: values[1]})
    return Q(**{f"{first}e": values[0]}) & (Q(**{first: values[0]}) | tied)
