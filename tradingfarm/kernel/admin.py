from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

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
