from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, Model
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from tradingfarm.kernel.models import Heartbeat, JournalEvent, JournalStream
from tradingfarm.kernel.money import plain

Column = str | Callable[[Any], Any]


class PlainAdmin(admin.ModelAdmin[Any]):
    """Numbers as people write them: of the eighteen decimals in the columns most are zeros."""

    def get_list_display(self, request: HttpRequest) -> list[Column]:
        return self._in_plain(super().get_list_display(request))

    def _in_plain(self, columns: Iterable[Any]) -> list[Column]:
        decimals = {
            field.name: field
            for field in self.model._meta.get_fields()
            if isinstance(field, DecimalField)
        }
        return [
            _plain_column(decimals[column]) if column in decimals else column for column in columns
        ]


def _plain_column(field: DecimalField[Any, Any]) -> Callable[[Any], str | None]:
    @admin.display(description=field.verbose_name, ordering=field.name)
    def column(row: Model) -> str | None:
        value = getattr(row, field.name)
        return None if value is None else plain(value)

    column.__name__ = field.name  # the style's class and the address name the column by it
    return column


class RecordAdmin(PlainAdmin):
    """A record of what happened: everybody on the staff may read it, nobody may change it."""

    list_per_page = 50
    show_full_result_count = False

    def get_ordering(self, request: HttpRequest) -> list[Any] | tuple[Any, ...]:
        """The newest first, by the moment that the list can be narrowed by."""
        if self.ordering or not self.date_hierarchy:
            return super().get_ordering(request)
        return (f"-{self.date_hierarchy}",)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self._in_plain(super().get_fields(request, obj))

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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def actor_of(request: HttpRequest) -> str:
    """The signed-in person, as the journal names an actor."""
    return f"person:{request.user.get_username()}"


@admin.register(JournalStream)
class JournalStreamAdmin(RecordAdmin):
    list_display = ("name", "seq", "hash")
    search_fields = ("name",)


@admin.register(JournalEvent)
class JournalEventAdmin(RecordAdmin):
    list_display = ("at", "stream", "seq", "kind", "actor", "subject")
    list_filter = ("kind",)
    search_fields = ("subject", "actor", "stream")
    date_hierarchy = "at"
    ordering = ("-id",)


@admin.register(Heartbeat)
class HeartbeatAdmin(RecordAdmin):
    list_display = ("process", "pid", "at")
