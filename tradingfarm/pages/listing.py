"""Lists with filters, sorting, pages that hold their place, and addresses that can be shared.

How a page gets one (see tradingfarm/pages/lists/ for whole examples):

1. Name the orders that may be asked for. Each ends in a unique field, none may be null:

       SORTS = (Sort("time", "When", ("-approved_at", "-id")), Sort("symbol", "Symbol", (...)))

2. Say what may be asked, as a form over GET. A value that is wrong gets its problem beside the
   field and filters nothing; `lookups` name the ORM's filter for each field:

       class OrderFilters(Filters):
           symbol = forms.CharField(required=False, max_length=40)
           lookups = {"symbol": "instrument__symbol__iexact"}

3. In the view, hand over rows that belong to the reader (with `select_related` for all that the
   page shows), and answer with `listed`:

       listing = Listing(rows=orders_of(account), sorts=SORTS, filters=OrderFilters,
                         request=request, scope={"account": str(account.id)})
       return listed(request, "lists/orders.html", listing, {"rows": rows_of(listing.rows)})

4. In the template, inside `<div id="list">`: `{% include "lists/_filters.html" %}`, a table whose
   heads are `{% include "lists/_sorter.html" with sort=listing.sorters.time num=True %}`, and
   `{% include "lists/_pager.html" %}`.

Pages are 50 rows, found by the values of the row that the last page ended with (`?after=`,
`?before=`), never by counting: rows that come meanwhile are neither shown twice nor skipped. One
query, of 51 rows. `listing.chunks()` walks everything that the filters leave, for an export.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar, cast

from django import forms
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from tradingfarm.pages.cursors import beyond, place_of, turned, values_at

PAGE = 50
CHUNK = 1_000
BAD_PLACE = "That page could not be found any more; this is the first one."
NOTHING_THERE = "There is nothing further; this is the first page."
BAD_SORT = "That order is not known; this is the usual one."

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Sort:
    """An order of rows: its name in the address, its heading, and its fields, unique together."""

    name: str
    label: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Sorter:
    """A heading that can be pressed. `way` is "ascending", "descending" or "" when not in use."""

    label: str
    address: str
    way: str


class Filters(forms.Form):
    """What an address may ask of a list. Every field is optional."""

    lookups: ClassVar[Mapping[str, str]] = {}

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query, auto_id="filter-%s")
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-control")

    @property
    def found(self) -> dict[str, Any]:
        """The values that are right and not empty."""
        self.is_valid()
        return {
            name: value for name, value in self.cleaned_data.items() if value not in ("", None)
        }

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        """The rows that match what was asked and was right."""
        for name, lookup in self.lookups.items():
            if name in self.found:
                rows = rows.filter(**{lookup: self.found[name]})
        return rows


@dataclass(frozen=True)
class _Page(Generic[M]):
    """Rows, and what lies beside them. `is_past` when the place asked for had none."""

    rows: tuple[M, ...]
    has_previous: bool
    has_next: bool
    is_past: bool = False


class Listing(Generic[M]):
    """One page of `rows`, as the request's address asks for it.

    `path` is the list's address where it is not the request's. `scope` goes into every address of
    the list, such as the account that it is of. `branches` are
    for tables of millions: conditions of which every row meets exactly one, each with an index in
    the order asked for; the page is then gathered from the first rows of each.
    """

    def __init__(  # noqa: PLR0913 - a list has these parts
        self,
        *,
        rows: QuerySet[M],
        sorts: Sequence[Sort],
        filters: type[Filters] | Filters,
        request: HttpRequest,
        path: str = "",
        scope: Mapping[str, str] | None = None,
        branches: Sequence[Q] = (),
        size: int = PAGE,
    ) -> None:
        self.path = path or request.path
        self.scope = dict(scope or {})
        self.filters = filters if isinstance(filters, Filters) else filters(request.GET)
        self._rows = self.filters.narrow(rows)
        self._branches = branches
        self._size = size
        self._sorts = {sort.name: sort for sort in sorts}
        self._default = sorts[0].name
        self._asked = request.GET.get("sort", self._default)
        self._after = request.GET.get("after", "")
        self._before = "" if self._after else request.GET.get("before", "")

    @property
    def sort(self) -> str:
        """The order in use, with a minus when it is turned round."""
        return self._asked if self._asked.removeprefix("-") in self._sorts else self._default

    @property
    def problem(self) -> str:
        """What of the address was not understood, as a sentence; filters say it themselves."""
        if self.sort != self._asked:
            return BAD_SORT
        if (self._after or self._before) and self._place is None:
            return BAD_PLACE
        return NOTHING_THERE if self._page.is_past else ""

    @property
    def rows(self) -> tuple[M, ...]:
        """The rows of this page, in order."""
        return self._page.rows

    @property
    def next(self) -> str:
        """The address of the page after this one, or ''."""
        return self._beside("after", self.rows[-1]) if self._page.has_next else ""

    @property
    def previous(self) -> str:
        """The address of the page before this one, or ''."""
        return self._beside("before", self.rows[0]) if self._page.has_previous else ""

    @property
    def first(self) -> str:
        """The address of the first page, with the same filters and order."""
        return self._address(self._kept)

    @property
    def here(self) -> str:
        """The address of this page, without what is empty or was not understood."""
        if self._place is None or self._page.is_past:
            return self.first
        way = {"after": self._after} if self._after else {"before": self._before}
        return self._address(self._kept | way)

    @property
    def clear(self) -> str:
        """The address of the list without filters."""
        return self._address(self.scope | self._sorted)

    @property
    def is_filtered(self) -> bool:
        return bool(self.asked)

    @property
    def everything(self) -> QuerySet[M]:
        """All rows that the filters leave, unordered."""
        return self._rows

    @property
    def hidden(self) -> dict[str, str]:
        """What the form of the filters carries along unseen."""
        return self.scope | self._sorted

    @property
    def query(self) -> str:
        """The filters and the order as the part of an address that follows its "?"."""
        return self.first.partition("?")[2]

    @property
    def sorters(self) -> dict[str, Sorter]:
        """The headings, by the names of their orders."""
        return {name: self._sorter(sort) for name, sort in self._sorts.items()}

    def chunks(self, *, size: int = CHUNK) -> Iterator[tuple[M, ...]]:
        """Everything that the filters leave, in order, `size` rows at a time: a query for each."""
        rows: tuple[M, ...] = tuple(self._ordered(self._fields, Q(), size))
        while rows:
            yield rows
            if len(rows) < size:
                return
            rest = beyond(fields=self._fields, values=self._values(rows[-1]))
            rows = tuple(self._ordered(self._fields, rest, size))

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        fields = self._sorts[self.sort.removeprefix("-")].fields
        return turned(fields) if self.sort.startswith("-") else fields

    @cached_property
    def _place(self) -> tuple[Any, ...] | None:
        place = self._after or self._before
        if not place:
            return None
        fields = [_field(self._rows, name.removeprefix("-")) for name in self._fields]
        return values_at(place=place, sort=self.sort, fields=fields)

    @cached_property
    def _page(self) -> "_Page[M]":
        if self._place is None:
            return self._first_page()
        fields = turned(self._fields) if self._before else self._fields
        rest = beyond(fields=fields, values=self._place)
        found = self._ordered(fields, rest, self._size + 1)
        rows, more = tuple(found[: self._size]), len(found) > self._size
        if not rows:
            return replace(self._first_page(), is_past=True)
        if self._before:
            return _Page(rows[::-1], has_previous=more, has_next=True)
        return _Page(rows, has_previous=True, has_next=more)

    def _first_page(self) -> "_Page[M]":
        found = self._ordered(self._fields, Q(), self._size + 1)
        more = len(found) > self._size
        return _Page(tuple(found[: self._size]), has_previous=False, has_next=more)

    def _ordered(self, fields: Sequence[str], rest: Q, most: int) -> list[M]:
        if len(self._branches) < 2:
            branch = self._branches[0] if self._branches else Q()
            return list(self._rows.filter(branch, rest).order_by(*fields)[:most])
        parts = [
            self._rows.filter(branch, rest).order_by(*fields)[:most] for branch in self._branches
        ]
        return list(parts[0].union(*parts[1:], all=True).order_by(*fields)[:most])

    def _values(self, row: M) -> list[object]:
        return [
            attrgetter(name.removeprefix("-").replace("__", "."))(row) for name in self._fields
        ]

    def _sorter(self, sort: Sort) -> Sorter:
        used = self.sort.removeprefix("-") == sort.name
        falls = self._fields[0].startswith("-")
        name = f"-{sort.name}" if self.sort == sort.name else sort.name
        kept = self.scope | self.asked | self._order(name)
        way = ("descending" if falls else "ascending") if used else ""
        return Sorter(sort.label, self._address(kept), way)

    def _order(self, name: str) -> dict[str, str]:
        return {} if name == self._default else {"sort": name}

    @property
    def _sorted(self) -> dict[str, str]:
        return self._order(self.sort)

    @cached_property
    def asked(self) -> dict[str, str]:
        """The filters as the address names them, right or wrong, without the empty ones."""
        asked = {name: str(self.filters.data.get(name, "")) for name in self.filters.fields}
        return {name: value for name, value in asked.items() if value and name not in self.scope}

    @property
    def _kept(self) -> dict[str, str]:
        return self.scope | self.asked | self._sorted

    def _beside(self, way: str, row: M) -> str:
        place = place_of(sort=self.sort, values=self._values(row))
        return self._address(self._kept | {way: place})

    def _address(self, values: Mapping[str, str]) -> str:
        query = QueryDict(mutable=True)
        query.update(values)
        return f"{self.path}?{query.urlencode()}" if query else self.path


def listed(
    request: HttpRequest,
    template: str,
    listing: Listing[Any] | None,
    context: Mapping[str, object],
) -> HttpResponse:
    """The page of a list. An answer to htmx puts the list's clean address into the bar."""
    answer = render(request, template, {"listing": listing, **context})
    if listing and request.headers.get("HX-Request"):
        answer["HX-Push-Url"] = listing.here
    return answer


def _field(rows: QuerySet[Any], name: str) -> "Field[Any, Any]":
    """The column or expression that `name` orders by."""
    annotation: Any = rows.query.annotations.get(name)
    if annotation is not None:
        return cast("Field[Any, Any]", annotation.output_field)
    *path, last = name.split("__")
    model: Any = rows.model
    for part in path:
        model = model._meta.get_field(part).related_model
    return cast("Field[Any, Any]", model._meta.get_field(last))
