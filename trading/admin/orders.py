from django.contrib import admin

from trading.models import (
    Assessment,
    Fill,
    Order,
    PaperOrder,
    PaperTrade,
    Permission,
    PositionShare,
)
from tradingfarm.kernel.admin import FewFilter, Lead, RecordAdmin, journal_of, record_link


@admin.display(description="agent")
def agent(row: Order | Assessment | Fill | PositionShare) -> str:
    """Whose permission it was; nobody's for what a person ordered."""
    permission = row.permission
    if permission is None:
        return ""
    return record_link(Permission, permission.pk, permission.agent_name)


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    list_display = (
        "approved_at",
        "account",
        "instrument",
        "side",
        "order_type",
        "quantity",
        "filled_quantity",
        "state",
        "source",
        agent,
        "reason",
        "problem",
    )
    list_filter = (
        "state",
        "source",
        "side",
        "order_type",
        "cancel_state",
        ("account", FewFilter),
        ("instrument", FewFilter),
    )
    list_select_related = ("account", "instrument", "permission")
    search_fields = ("id", "client_order_id", "instrument__symbol")
    moment = "approved_at"
    points_to = {
        "decision_id": "decision",
        "parent_id": "parent",
        "replaces_id": "order",
    }
    leads = (
        Lead("Assessment", "trading_assessment", "order__id__exact"),
        Lead("Fills", "trading_fill", "order__id__exact"),
        Lead("Protections", "trading_protection", "entry__id__exact"),
        Lead(
            "At the paper exchange",
            "trading_paperorder",
            "client_order_id__exact",
            lambda row: row.client_order_id,
        ),
        journal_of("order"),
    )


@admin.register(Assessment)
class AssessmentAdmin(RecordAdmin):
    list_display = (
        "at",
        "account",
        "instrument",
        "approved",
        "denials",
        "largest",
        agent,
        "order_id",
        "intent_key",
    )
    list_filter = ("approved", ("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument", "permission")
    search_fields = ("id", "order__id", "instrument__symbol")
    moment = "at"
    points_to = {"order_id": "order", "parent_id": "parent"}
    leads = (
        Lead("Confirmation", "trading_confirmation", "assessment__id__exact"),
        Lead("Overrides", "trading_override", "assessment__id__exact"),
        journal_of("assessment"),
    )


@admin.register(Fill)
class FillAdmin(RecordAdmin):
    list_display = (
        "at",
        "account",
        "instrument",
        "side",
        "quantity",
        "price",
        "fee",
        "realised",
        agent,
        "order_id",
        "as_of",
    )
    list_filter = ("side", ("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument", "permission")
    search_fields = ("trade_id", "order__id", "instrument__symbol")
    moment = "at"
    points_to = {"order_id": "order"}


@admin.register(PaperOrder)
class PaperOrderAdmin(RecordAdmin):
    list_display = (
        "placed_at",
        "client_order_id",
        "side",
        "quantity",
        "filled_quantity",
        "worst_price",
        "state",
        "account_key",
    )
    list_filter = ("state", "side")
    search_fields = ("client_order_id", "account_key")
    moment = "placed_at"
    points_to = {"account_key": "account", "instrument_key": "instrument"}
    leads = (
        Lead("Trades", "trading_papertrade", "order__id__exact"),
        Lead("Order", "trading_order", "client_order_id__exact", lambda row: row.client_order_id),
    )


@admin.register(PaperTrade)
class PaperTradeAdmin(RecordAdmin):
    list_display = ("at", "trade_id", "order", "quantity", "price", "fee", "as_of")
    list_select_related = ("order",)
    search_fields = ("trade_id", "order__client_order_id")
    moment = "at"
