from django.contrib import admin
from django.utils.safestring import SafeString

from trading.admin.orders import agent
from trading.models import Account, Position, PositionShare, Protection
from tradingfarm.kernel.admin import FewFilter, Lead, RecordAdmin, journal_of, record_link


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    list_display = ("instrument", "account", "quantity", "cost", "realised", "fees")
    list_filter = (("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument")
    search_fields = ("instrument__symbol", "account__name")
    ordering = ("-id",)
    leads = (Lead("Shares", "trading_positionshare", "position__id__exact"),)


@admin.register(PositionShare)
class PositionShareAdmin(RecordAdmin):
    list_display = (
        "symbol",
        "owning_account",
        agent,
        "quantity",
        "reserved_quantity",
        "cost",
        "realised",
        "fees",
        "unprotected_since",
        "unprotected_seconds",
    )
    list_select_related = ("position__instrument", "position__account", "permission")
    search_fields = ("permission__id", "permission__agent_name")
    ordering = ("-id",)
    leads = (Lead("Protections", "trading_protection", "share__id__exact"),)

    @admin.display(description="instrument")
    def symbol(self, share: PositionShare) -> str:
        return share.position.instrument.symbol

    @admin.display(description="account")
    def owning_account(self, share: PositionShare) -> SafeString | str:
        account = share.position.account
        return record_link(Account, account.pk, account)


@admin.register(Protection)
class ProtectionAdmin(RecordAdmin):
    list_display = (
        "armed_at",
        "account",
        "instrument",
        "kind",
        "price",
        "trailing_pct",
        "due_at",
        "state",
        "attempts",
        "entry_id",
        "exit_id",
        "ended_at",
    )
    list_filter = ("state", "kind", ("account", FewFilter), ("instrument", FewFilter))
    list_select_related = ("account", "instrument")
    search_fields = ("id", "entry__id", "instrument__symbol")
    moment = "armed_at"
    points_to = {"entry_id": "order", "exit_id": "order"}
    leads = (journal_of("protection"),)
