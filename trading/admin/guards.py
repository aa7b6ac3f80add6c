from django.contrib import admin

from trading.models import Breaker, Confirmation, Override, ParentOrder, Permission
from tradingfarm.kernel.admin import FewFilter, Lead, RecordAdmin, journal_of, record_link


@admin.display(description="agent")
def agent(row: Breaker | Confirmation | ParentOrder) -> str:
    """Whose permission it was; nobody's for what covers the whole account."""
    permission = row.permission
    return record_link(Permission, permission.pk, permission.agent_name) if permission else ""


@admin.register(Breaker)
class BreakerAdmin(RecordAdmin):
    list_display = (
        "at",
        "account",
        "kind",
        agent,
        "instrument",
        "number",
        "limit",
        "day",
        "released_at",
        "released_by",
        "release_reason",
    )
    list_filter = ("kind", ("account", FewFilter))
    list_select_related = ("account", "instrument", "permission")
    search_fields = ("id", "account__id", "account__name")
    moment = "at"


@admin.register(Confirmation)
class ConfirmationAdmin(RecordAdmin):
    list_display = (
        "at",
        "account",
        "instrument",
        agent,
        "value",
        "worst_price",
        "state",
        "decided_by",
        "decided_at",
        "expires_at",
        "order_id",
    )
    list_filter = ("state", ("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument", "permission")
    search_fields = ("id", "assessment__id", "instrument__symbol")
    moment = "at"
    points_to = {"assessment_id": "assessment", "order_id": "order"}
    leads = (journal_of("confirmation"),)


@admin.register(Override)
class OverrideAdmin(RecordAdmin):
    list_display = (
        "at",
        "account",
        "code",
        "reason",
        "granted_by",
        "expires_at",
        "used_at",
        "assessment_id",
        "order_id",
    )
    list_filter = ("code", ("account", FewFilter))
    list_select_related = ("account",)
    search_fields = ("id", "assessment__id", "order__id")
    moment = "at"
    points_to = {"assessment_id": "assessment", "order_id": "order"}


@admin.register(ParentOrder)
class ParentOrderAdmin(RecordAdmin):
    list_display = (
        "at",
        "account",
        "instrument",
        "side",
        "quantity",
        "sent_quantity",
        "slices_made",
        "slices_planned",
        "state",
        agent,
        "problem",
        "ended_at",
    )
    list_filter = ("state", "side", ("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument", "permission")
    search_fields = ("id", "instrument__symbol")
    moment = "at"
    leads = (
        Lead("Slices", "trading_order", "parent__id__exact"),
        Lead("Assessment", "trading_assessment", "parent__id__exact"),
        journal_of("parent"),
    )
