from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from trading.domain.states import StopMode
from trading.models import (
    Account,
    Assessment,
    CashMovement,
    EquitySnapshot,
    Fill,
    Order,
    PaperOrder,
    PaperTrade,
    Permission,
    Position,
    PositionShare,
    Protection,
    StopRun,
)
from trading.services.accounts import LIMITS, change_permission
from trading.services.emergency import release_halt, stop_account
from tradingfarm.kernel.admin import RecordAdmin, ServiceAdmin, actor_of
from tradingfarm.kernel.clock import SystemClock


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    list_display = ("name", "owner", "kind", "halt_state", "cash", "reserved", "feed", "day")
    list_filter = ("kind", "halt_state")
    list_select_related = ("owner", "feed")
    search_fields = ("name", "id")
    actions = ("halt", "release")

    @admin.action(description="Emergency stop: send nothing new, keep orders and positions")
    def halt(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        for account in accounts:
            stop_account(
                account_id=account.id,
                mode=StopMode.KEEP,
                requested_by=actor_of(request),
                reason="Halted in the admin",
                at=SystemClock().now(),
            )
            self.message_user(request, f"{account.name} is halted.", messages.WARNING)

    @admin.action(description="Release the halt: let agents trade again")
    def release(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        for account in accounts:
            at = SystemClock().now()
            if release_halt(account_id=account.id, actor=actor_of(request), at=at):
                self.message_user(request, f"{account.name} is active.", messages.SUCCESS)
            else:
                self.message_user(
                    request,
                    f"{account.name} is still being stopped; release it when that is done.",
                    messages.ERROR,
                )


@admin.register(Permission)
class PermissionAdmin(ServiceAdmin):
    """Limits are changed through the service: checked, versioned and journaled."""

    list_display = (
        "agent_name",
        "account",
        "active",
        "max_order_value",
        "max_allocation_pct",
        "max_daily_entries",
        "entries_today",
        "version",
    )
    list_filter = ("active",)
    list_select_related = ("account",)
    search_fields = ("agent_name", "account__name")
    fields = ("account", "agent_name", *sorted(LIMITS), "entries_today", "day", "version")
    readonly_fields = ("account", "agent_name", "entries_today", "day", "version")

    def save_model(
        self,
        request: HttpRequest,
        obj: Permission,
        form: ModelForm[Permission],
        change: bool,  # noqa: FBT001 - the signature is Django's
    ) -> None:
        change_permission(
            permission_id=obj.id,
            limits={name: form.cleaned_data[name] for name in form.changed_data},
            actor=actor_of(request),
            at=SystemClock().now(),
        )


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    list_display = (
        "approved_at",
        "account",
        "instrument",
        "side",
        "quantity",
        "state",
        "source",
        "reason",
        "filled_quantity",
    )
    list_filter = ("state", "source", "side")
    list_select_related = ("account", "instrument")
    search_fields = ("id", "client_order_id", "instrument__symbol", "intent_key")
    date_hierarchy = "approved_at"


@admin.register(Assessment)
class AssessmentAdmin(RecordAdmin):
    list_display = ("at", "account", "instrument", "approved", "denials", "largest", "intent_key")
    list_filter = ("approved",)
    list_select_related = ("account", "instrument")
    search_fields = ("intent_key", "instrument__symbol")
    date_hierarchy = "at"


@admin.register(Fill)
class FillAdmin(RecordAdmin):
    list_display = ("as_of", "account", "instrument", "side", "quantity", "price", "realised")
    list_filter = ("side",)
    list_select_related = ("account", "instrument")
    search_fields = ("trade_id", "instrument__symbol")
    date_hierarchy = "as_of"


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    list_display = ("account", "instrument", "quantity", "cost", "realised", "fees")
    list_select_related = ("account", "instrument")
    search_fields = ("instrument__symbol", "account__name")


@admin.register(PositionShare)
class PositionShareAdmin(RecordAdmin):
    list_display = ("position", "permission", "quantity", "reserved_quantity", "cost", "realised")
    list_select_related = ("position", "permission")
    search_fields = ("position__instrument__symbol", "permission__agent_name")


@admin.register(Protection)
class ProtectionAdmin(RecordAdmin):
    list_display = ("armed_at", "account", "instrument", "kind", "price", "state", "attempts")
    list_filter = ("state", "kind")
    list_select_related = ("account", "instrument")
    search_fields = ("id", "instrument__symbol")


@admin.register(StopRun)
class StopRunAdmin(RecordAdmin):
    list_display = ("at", "account", "mode", "step", "requested_by", "confirmations", "ended_at")
    list_filter = ("mode", "step")
    list_select_related = ("account",)


@admin.register(CashMovement)
class CashMovementAdmin(RecordAdmin):
    list_display = ("at", "account", "amount", "reason")
    list_select_related = ("account",)
    date_hierarchy = "at"


@admin.register(EquitySnapshot)
class EquitySnapshotAdmin(RecordAdmin):
    list_display = ("as_of", "account", "equity", "cash")
    list_filter = ("account",)
    list_select_related = ("account",)
    date_hierarchy = "as_of"


@admin.register(PaperOrder)
class PaperOrderAdmin(RecordAdmin):
    list_display = ("placed_at", "client_order_id", "side", "quantity", "filled_quantity", "state")
    list_filter = ("state", "side")
    search_fields = ("client_order_id", "account_key")


@admin.register(PaperTrade)
class PaperTradeAdmin(RecordAdmin):
    list_display = ("as_of", "trade_id", "quantity", "price", "fee")
    search_fields = ("trade_id",)
    date_hierarchy = "as_of"
