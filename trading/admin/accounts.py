from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet, URLField
from django.forms import ModelForm
from django.http import HttpRequest

from trading.domain.ceilings import loosened
from trading.domain.states import StopMode
from trading.models import Account, CashMovement, EquitySnapshot, Permission, StopRun
from trading.services.accounts import LIMITS, change_permission
from trading.services.emergency import stop_account
from trading.services.resuming import Resumed, resume_account
from tradingfarm.kernel.admin import (
    FewFilter,
    Lead,
    RecordAdmin,
    ServiceAdmin,
    actor_of,
    journal_of,
)
from tradingfarm.kernel.clock import SystemClock

OF_ACCOUNT = "account__id__exact"


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    list_display = (
        "name",
        "owner",
        "kind",
        "exchange",
        "halt_state",
        "is_ready",
        "cash",
        "reserved",
        "feed",
        "day",
    )
    list_filter = ("kind", "halt_state", "is_ready")
    list_select_related = ("owner", "feed")
    search_fields = ("id", "owner__username", "feed__name")
    ordering = ("owner", "name")
    actions = ("halt", "release")
    formfield_overrides: ClassVar[dict[type[Any], dict[str, str]]] = {
        URLField: {"assume_scheme": "https"}
    }
    leads = (
        Lead("Orders", "trading_order", OF_ACCOUNT),
        Lead("Fills", "trading_fill", OF_ACCOUNT),
        Lead("Assessments", "trading_assessment", OF_ACCOUNT),
        Lead("Positions", "trading_position", OF_ACCOUNT),
        Lead("Protections", "trading_protection", OF_ACCOUNT),
        Lead("Permissions", "trading_permission", OF_ACCOUNT),
        Lead("Breakers", "trading_breaker", OF_ACCOUNT),
        Lead("Confirmations", "trading_confirmation", OF_ACCOUNT),
        Lead("Overrides", "trading_override", OF_ACCOUNT),
        Lead("In slices", "trading_parentorder", OF_ACCOUNT),
        Lead("Comparisons", "trading_reconciliation", OF_ACCOUNT),
        Lead("Key", "trading_exchangekey", OF_ACCOUNT),
        Lead("Real money", "trading_liveconfirmation", OF_ACCOUNT),
        Lead("Balances", "trading_balance", OF_ACCOUNT),
        Lead("Splits", "trading_splitbooking", OF_ACCOUNT),
        Lead("Deposits and withdrawals", "trading_cashmovement", OF_ACCOUNT),
        Lead("Equity", "trading_equitysnapshot", OF_ACCOUNT),
        Lead("Stops", "trading_stoprun", OF_ACCOUNT),
        Lead("Journal", "kernel_journalevent", "stream", lambda row: f"account:{row.pk}"),
    )

    @admin.action(
        description="Emergency stop: send nothing new, keep orders and positions",
        permissions=("act",),
    )
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

    @admin.action(description="Release the halt: let agents trade again", permissions=("act",))
    def release(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        """Of paper accounts; a live one is released on its page, with a second factor."""
        for account in accounts:
            problem = self._release(request, account)
            level = messages.ERROR if problem else messages.SUCCESS
            self.message_user(request, problem or f"{account.name} is active.", level)

    def _release(self, request: HttpRequest, account: Account) -> str:
        """Why it could not be released, or nothing."""
        if account.kind == Account.Kind.LIVE:
            return f"{account.name} is live: release it on its page, with a second factor."
        resumed = resume_account(
            account_id=account.id,
            actor=actor_of(request),
            reason="Released in the admin",
            at=SystemClock().now(),
        )
        if resumed is Resumed.STOP_UNFINISHED:
            return f"{account.name} is still being stopped; release it when that is done."
        return ""


class PermissionForm(ModelForm[Permission]):
    """Limits may be tightened here; the pages ask for a second factor before they loosen one."""

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        after = {name: cleaned[name] for name in self.changed_data if name in cleaned}
        before = dict(self.initial)
        for name in loosened(before=before, after=after):
            self.add_error(name, "Raise limits on the agent's page: it asks for a second factor.")
        return cleaned


@admin.register(Permission)
class PermissionAdmin(ServiceAdmin):
    """Limits are changed through the service: checked, versioned and journaled."""

    form = PermissionForm
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
    list_filter = ("active", ("account", FewFilter))
    list_select_related = ("account",)
    search_fields = ("agent_name", "account__name")
    ordering = ("account", "agent_name")
    fields = ("account", "agent_name", *sorted(LIMITS), "entries_today", "day", "version")
    readonly_fields = ("account", "agent_name", "entries_today", "day", "version")
    exported = ("id", "agent_id")
    leads = (
        Lead("Orders", "trading_order", "permission__id__exact"),
        Lead("Fills", "trading_fill", "permission__id__exact"),
        journal_of("permission"),
    )

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


@admin.register(StopRun)
class StopRunAdmin(RecordAdmin):
    list_display = ("at", "account", "mode", "step", "requested_by", "reason", "ended_at")
    list_filter = ("mode", "step", ("account", FewFilter))
    list_select_related = ("account",)
    search_fields = ("id", "account__name")
    moment = "at"


@admin.register(CashMovement)
class CashMovementAdmin(RecordAdmin):
    list_display = ("at", "account", "amount", "reason")
    list_filter = (("account", FewFilter),)
    list_select_related = ("account",)
    search_fields = ("account__id", "account__name")
    moment = "at"


@admin.register(EquitySnapshot)
class EquitySnapshotAdmin(RecordAdmin):
    list_display = ("as_of", "account", "equity", "cash")
    list_filter = (("account", FewFilter),)
    list_select_related = ("account",)
    search_fields = ("account__id", "account__name")
    moment = "as_of"
