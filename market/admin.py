from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from market.domain.instruments import instrument_id
from market.models import Feed, Instrument, Quote, Replay, Split
from tradingfarm.kernel.admin import (
    FewFilter,
    JournaledAdmin,
    RecordAdmin,
    ValuesFilter,
    journal_of,
)


class KeptAdmin(JournaledAdmin):
    """What prices, orders and fills point to: it is added and corrected, and never deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Feed)
class FeedAdmin(KeptAdmin):
    list_display = ("name", "kind", "source", "description")
    list_filter = ("kind",)
    search_fields = ("name", "description")
    ordering = ("name",)
    list_select_related = ("source",)
    leads = (journal_of("feed"),)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[Any, ...]:
        shown = super().get_readonly_fields(request, obj)
        return ("name", "kind", "source", *shown) if obj else tuple(shown)


class SplitInline(admin.TabularInline[Split, Instrument]):
    model = Split
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Instrument | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Instrument | None = None) -> bool:
        return False


@admin.register(Instrument)
class InstrumentAdmin(KeptAdmin):
    list_display = (
        "symbol",
        "name",
        "venue",
        "asset_class",
        "sector",
        "calendar",
        "tick_size",
        "lot_size",
        "currency",
    )
    list_filter = ("asset_class", ("venue", ValuesFilter), "calendar", "sector")
    search_fields = ("symbol", "name", "venue")
    ordering = ("venue", "symbol")
    inlines = (SplitInline,)
    leads = (journal_of("instrument"),)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[Any, ...]:
        shown = super().get_readonly_fields(request, obj)
        # The id follows from these two, and everything points to the id.
        return ("symbol", "venue", *shown) if obj else tuple(shown)

    def save_model(
        self,
        request: HttpRequest,
        obj: Instrument,
        form: object,
        change: bool,  # noqa: FBT001 - the signature is Django's
    ) -> None:
        if not change:
            obj.id = instrument_id(venue=obj.venue, symbol=obj.symbol)
        super().save_model(request, obj, form, change)


@admin.register(Split)
class SplitAdmin(RecordAdmin):
    """Read-only: the stored candles were adjusted by it when they were imported."""

    list_display = ("instrument", "effective_on", "numerator", "denominator")
    list_filter = (("instrument", FewFilter),)
    search_fields = ("instrument__symbol",)
    moment = "effective_on"
    list_select_related = ("instrument",)


@admin.register(Quote)
class QuoteAdmin(RecordAdmin):
    list_display = ("instrument", "feed", "bid", "ask", "last", "volume", "as_of", "at")
    list_filter = (("feed", FewFilter), "instrument__asset_class")
    search_fields = ("instrument__symbol", "feed__name")
    ordering = ("feed", "instrument")
    list_select_related = ("instrument", "feed")


@admin.register(Replay)
class ReplayAdmin(RecordAdmin):
    list_display = (
        "started_at",
        "feed",
        "state",
        "position",
        "ticks",
        "as_of",
        "speed",
        "lease_owner",
        "lease_until",
        "ended_at",
    )
    list_filter = ("state",)
    search_fields = ("id", "feed__name")
    moment = "started_at"
    list_select_related = ("feed",)
