"""The two kinds of pages in the admin: of records, and of rows that services change."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_protect

from tradingfarm.kernel.admin.columns import Column, in_form, in_list, pointing
from tradingfarm.kernel.admin.exporting import FORMATS, export
from tradingfarm.kernel.admin.filters import MomentFilter
from tradingfarm.kernel.admin.links import Lead, leads_from, leads_of
from tradingfarm.kernel.admin.lists import EstimatingPaginator, RecordList
from tradingfarm.kernel.admin.lookups import is_offered
from tradingfarm.kernel.admin.searching import exactly, words_of


class PlainAdmin(admin.ModelAdmin[Any]):
    """Numbers as people write them, links to what a row names, and the list as a file.

    `points_to` says what columns that are no foreign keys name: {"decision_id": "decision"}.
    `leads` are ways to the lists of what belongs to a row.
    """

    points_to: dict[str, str] = {}
    leads: tuple[Lead, ...] = ()
    exported: tuple[str, ...] = ()
    """Columns of the file beside the lines of a record's page, where `fields` names those."""
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    moment = ""
    """The column by which rows are in the order in which they came to be."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<slug:form>/", view, name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The list as it is filtered, as a file of one of `FORMATS`. POST, for it is journaled."""
        return export(self, request, form, actor=actor_of(request))

    @property
    def export_formats(self) -> tuple[tuple[str, str], ...]:
        """Name in the address and on the button."""
        return tuple((name, form.label) for name, form in FORMATS.items())

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the list offers, alone: any other column of a row may be a secret."""
        return is_offered(lookup, site=self, request=request)

    def get_list_display(self, request: HttpRequest) -> list[Column]:
        first, *rest = super().get_list_display(request)
        # The first column leads to the row itself.
        own = first if first in self._relations else self._listed(first)
        return [own, *(self._listed(column) for column in rest)]

    @admin.display(description="leads to")
    def leads_to(self, row: Model) -> SafeString:
        return leads_of(row, self._leads)

    @property
    def _leads(self) -> tuple[Lead, ...]:
        return leads_from(self.model, self.leads)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may press what a list offers: whoever the staff's rights let change its rows."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def _listed(self, column: Column) -> Column:
        if not isinstance(column, str):
            return column
        if column in self.points_to:
            return pointing(column, self.points_to[column])
        return in_list(self._fields[column]) if column in self._fields else column

    def _lines(self, columns: Iterable[Any]) -> list[Column]:
        """A record's page, line by line."""
        return [
            pointing(column, self.points_to[column])
            if column in self.points_to
            else in_form(self._fields[column])
            if column in self._fields
            else column
            for column in columns
        ]

    @cached_property
    def _fields(self) -> dict[str, "Field[Any, Any]"]:
        fields = self.model._meta.get_fields()
        return {field.name: field for field in fields if isinstance(field, Field)}

    @cached_property
    def _relations(self) -> set[str]:
        return {name for name, field in self._fields.items() if field.is_relation}


class RecordAdmin(PlainAdmin):
    """A record of what happened: everybody on the staff may read it, nobody may change it.

    `moment` is the column that the list is ordered by, the newest first, and narrowed by; it has
    an index. `search_fields` are looked for in full, each with an index.
    """

    paginator = EstimatingPaginator
    sortable_by: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.search_fields and not cls.search_help_text:
            cls.search_help_text = words_of(cls.search_fields)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return RecordList

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        names = [*self.sortable_by, self.moment] if self.moment else list(self.sortable_by)
        return [self._listed(name) for name in names]

    def get_ordering(self, request: HttpRequest) -> list[Any] | tuple[Any, ...]:
        """The newest first, by the moment that the list can be narrowed by."""
        moment = self.moment or self.date_hierarchy
        return (f"-{moment}",) if moment and not self.ordering else super().get_ordering(request)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        moments = [(self.moment, MomentFilter)] if self.moment else []
        return [*moments, *super().get_list_filter(request)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if term:
            queryset = exactly(queryset, paths=self.search_fields, term=term)
        return queryset, False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        lines = self._lines(super().get_fields(request, obj))
        return ["leads_to", *lines] if self._leads else lines

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ServiceAdmin(PlainAdmin):
    """Rows that services make and change, checked and journaled; nobody deletes them."""

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Without Django's transaction around it: services open their own, and none nests."""
        view: Any = self
        response: HttpResponse = view._changeform_view(request, object_id, form_url, extra_context)
        return response

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> list[Any] | tuple[Any, ...]:
        shown = super().get_readonly_fields(request, obj)
        return (*shown, "leads_to") if self._leads else shown

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        fields = list(super().get_fields(request, obj))
        return [*fields, "leads_to"] if self._leads and obj else fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def actor_of(request: HttpRequest) -> str:
    """The signed-in person, as the journal names an actor."""
    return f"person:{request.user.get_username()}"
