from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from trading.models import (
    Balance,
    ExchangeKey,
    LiveConfirmation,
    PerformanceSnapshot,
    Reconciliation,
    SenderLease,
    SplitBooking,
)
from tradingfarm.kernel.admin import FewFilter, RecordAdmin


@admin.register(ExchangeKey)
class ExchangeKeyAdmin(RecordAdmin):
    """Never what it is sealed as: neither on a page nor in a file, nor read at all."""

    list_display = (
        "account",
        "fingerprint",
        "can_withdraw",
        "checked_at",
        "cipher_key_id",
        "created_by",
        "created_at",
    )
    list_filter = (("account", FewFilter),)
    list_select_related = ("account",)
    search_fields = ("account__id", "account__name")
    ordering = ("-id",)
    fields = (
        "account",
        "fingerprint",
        "can_withdraw",
        "checked_at",
        "cipher_key_id",
        "created_by",
        "created_at",
    )
    exported = ("id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExchangeKey]:
        return super().get_queryset(request).defer("ciphertext")


@admin.register(LiveConfirmation)
class LiveConfirmationAdmin(RecordAdmin):
    list_display = ("at", "account", "confirmed_by", "expires_at", "withdrawn_at")
    list_filter = (("account", FewFilter),)
    list_select_related = ("account",)
    search_fields = ("account__id", "account__name")
    ordering = ("-id",)


@admin.register(Reconciliation)
class ReconciliationAdmin(RecordAdmin):
    list_display = ("at", "account", "kind", "agreed", "adopted", "differences", "fencing_token")
    list_filter = ("kind", "agreed", ("account", FewFilter))
    list_select_related = ("account",)
    search_fields = ("account__id", "account__name")
    ordering = ("-id",)


@admin.register(SenderLease)
class SenderLeaseAdmin(RecordAdmin):
    list_display = ("name", "until")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(Balance)
class BalanceAdmin(RecordAdmin):
    list_display = ("account", "currency", "quantity")
    list_filter = (("account", FewFilter),)
    list_select_related = ("account",)
    search_fields = ("account__id", "account__name")
    ordering = ("-id",)


@admin.register(SplitBooking)
class SplitBookingAdmin(RecordAdmin):
    list_display = (
        "on",
        "account",
        "instrument",
        "numerator",
        "denominator",
        "quantity_before",
        "quantity_after",
        "cash_in_lieu",
        "at",
    )
    list_filter = (("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument")
    search_fields = ("account__id", "instrument__symbol")
    ordering = ("-id",)


@admin.register(PerformanceSnapshot)
class PerformanceSnapshotAdmin(RecordAdmin):
    list_display = ("as_of", "account", "permission", "at")
    list_filter = (("account", FewFilter),)
    list_select_related = ("account", "permission")
    search_fields = ("account__id", "permission__id")
    ordering = ("-id",)
