"""What addresses of the markets may ask for."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from market.domain.candles import Timeframe
from market.models import Instrument
from tradingfarm.pages.listing import Filters
from tradingfarm.pages.markets.studies import STUDIES

LAST_SECOND = 4_102_444_800
"""The start of 2100: no candle is asked for after it."""


class MarketFilters(Filters):
    """Narrowing the list of instruments."""

    search = forms.CharField(
        required=False,
        max_length=40,
        label="Symbol or name",
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    asset_class = forms.ChoiceField(
        required=False, label="Kind", choices=[("", "All"), *Instrument.AssetClass.choices]
    )

    lookups = {"asset_class": "asset_class", "sector": "sector"}

    def __init__(self, *args: Any, rows: QuerySet[Instrument], **options: Any) -> None:
        """The sectors are those of `rows`. One query."""
        super().__init__(*args, **options)
        sectors = rows.exclude(sector="").order_by("sector").values_list("sector", flat=True)
        self.fields["sector"] = forms.ChoiceField(
            required=False,
            label="Sector",
            choices=[("", "All"), *((one, one) for one in sectors.distinct())],
            widget=forms.Select({"class": "form-control"}),
        )

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        text = self.found.get("search")
        rows = super().narrow(rows)
        return rows.filter(Q(symbol__icontains=text) | Q(name__icontains=text)) if text else rows


class PartQuery(forms.Form):
    """Which part of a chart. `before`: candles that start earlier, in Unix seconds."""

    before = forms.IntegerField(required=False, min_value=0, max_value=LAST_SECOND)

    @property
    def problem(self) -> str:
        """Everything that is wrong, in one sentence for each field."""
        return " ".join(
            f"{name}: {' '.join(map(str, found))}" for name, found in self.errors.items()
        )

    @property
    def earlier_than(self) -> datetime | None:
        """The moment before which candles are asked for, None for the newest."""
        before = self.cleaned_data["before"]
        return None if before is None else datetime.fromtimestamp(before, tz=UTC)


class CandleQuery(PartQuery):
    """The same for an instrument's chart, with the length of a candle (a day) and indicators."""

    timeframe = forms.ChoiceField(
        required=False, choices=[(frame.value, frame.value) for frame in Timeframe]
    )
    studies = forms.MultipleChoiceField(
        required=False, choices=[(study.name, study.label) for study in STUDIES]
    )

    @property
    def frame(self) -> Timeframe:
        return Timeframe(self.cleaned_data["timeframe"] or Timeframe.D1)
