from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_protect

from tradingfarm.kernel.models import Heartbeat, JournalEvent, JournalStream


class RecordAdmin(admin.ModelAdmin[Any]):
    """A record of what happened: everybody on the staff may read it, nobody may change it."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ServiceAdmin(admin.ModelAdmin[Any]):
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
