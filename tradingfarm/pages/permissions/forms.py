"""The limits of a permission as a form: ceilings are refused beside their field."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.forms import BoundField

from market.models import Instrument
from trading.domain.ceilings import Ceilings
from trading.domain.states import RISK_LEVELS, RiskLevel, WhenTainted
from trading.models import Permission
from trading.services.accounts import ceiling_words
from tradingfarm.kernel.money import CENT
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.permissions.limits import (
    LABELS,
    NOTES,
    RISK_WORDS,
    TAINTED_WORDS,
    unit_of,
)

ZONES = ("America/New_York", "UTC", "Europe/London", "Europe/Berlin", "Asia/Tokyo")
LARGEST = 26
MOST_STRATEGIES = 20


def _money(name: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=LABELS[name],
        help_text=NOTES[name],
        min_value=CENT,
        max_digits=LARGEST,
        decimal_places=2,
    )


def _percent(name: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=LABELS[name],
        help_text=NOTES[name],
        min_value=CENT,
        max_value=Decimal(100),
        max_digits=6,
        decimal_places=2,
    )


def _money_or_none(label: str, help_text: str, *, least: Decimal) -> forms.DecimalField:
    return forms.DecimalField(
        required=False,
        label=label,
        help_text=help_text,
        min_value=least,
        max_digits=LARGEST,
        decimal_places=2,
    )


def _count(name: str) -> forms.IntegerField:
    return forms.IntegerField(label=LABELS[name], help_text=NOTES[name], min_value=0)


class HoursForm(FarmForm):
    """When entries may be made: two times and their zone, or neither for whenever it is open."""

    hours_start = forms.TimeField(
        required=False, label="Entries from", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    hours_end = forms.TimeField(
        required=False, label="Entries until", widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    hours_zone = forms.ChoiceField(label="On the clock of")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["hours_zone"]
        now = str(self.initial.get("hours_zone") or "")
        names = dict.fromkeys(zone for zone in (now, *ZONES) if zone)
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name.replace("_", " ")) for name in names]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if (values.get("hours_start") is None) != (values.get("hours_end") is None):
            missing = "hours_end" if values.get("hours_end") is None else "hours_start"
            self.add_error(missing, "Give both times, or neither for no limit.")
        return values


class StartLimitsForm(HoursForm):
    """The limits that a person sees when a team begins to trade."""

    max_position_value = _money("max_position_value")
    max_allocation_pct = _percent("max_allocation_pct")
    max_order_value = _money("max_order_value")
    max_daily_loss = _money("max_daily_loss")
    max_daily_entries = _count("max_daily_entries")
    max_open_positions = _count("max_open_positions")

    def __init__(self, *args: Any, top: Ceilings, currency: str = "USD", **options: Any) -> None:
        super().__init__(*args, **options)
        self.top = top
        self.currency = currency

    @property
    def limit_fields(self) -> list[dict[str, object]]:
        """The fields with a ceiling, as rows for a template: field, unit, ceiling."""
        return [self._row(self[name]) for name in self.fields if name in LABELS]

    def _row(self, field: BoundField) -> dict[str, object]:
        return {
            "field": field,
            "unit": unit_of(name=field.name, currency=self.currency),
            "ceiling": Decimal(self.top.of(field.name)),
        }

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        for name, ceiling in self.top.exceeded(values).items():
            self.add_error(name, ceiling_words(ceiling))
        return values


class PermissionForm(StartLimitsForm):
    """Every limit of a permission."""

    price_collar_pct = _percent("price_collar_pct")
    stop_required = forms.BooleanField(
        required=False,
        label="Every entry needs a stop-loss",
        help_text="Without a stop below the price an entry is refused.",
    )
    allowed_symbols = SimpleArrayField(
        forms.CharField(max_length=40),
        required=False,
        label="Only these symbols",
        help_text="Separated by commas. Empty allows all that its feed has.",
    )
    blocked_symbols = SimpleArrayField(
        forms.CharField(max_length=40),
        required=False,
        label="Never these symbols",
        help_text="Separated by commas.",
    )
    allowed_strategies = SimpleArrayField(
        forms.CharField(max_length=40),
        required=False,
        max_length=MOST_STRATEGIES,
        label="Only these strategies",
        help_text="As answers name them, such as momentum or dip, separated by commas. Empty"
        " allows any.",
    )
    agent_allocation_pct = forms.DecimalField(
        required=False,
        label="Its part of the account",
        help_text="What all of its positions may be worth, with buys at work. Empty gives each"
        " agent of the account an equal part.",
        min_value=CENT,
        max_value=Decimal(100),
        max_digits=6,
        decimal_places=2,
    )
    agent_allocation_value = _money_or_none(
        "All of its positions at most",
        "The same as money; the smaller of the two counts. Empty is no limit of its own.",
        least=CENT,
    )
    confirm_above = _money_or_none(
        "A person confirms entries above",
        "They wait a quarter of an hour for a yes. Empty asks for none because of its size.",
        least=Decimal(0),
    )
    risk_level = forms.ChoiceField(
        label="Risk that passes without a person",
        help_text="As the agent rates its own order. A higher one waits for a yes.",
        choices=[(level.value, RISK_WORDS[level]) for level in RISK_LEVELS],
        initial=RiskLevel.HIGH.value,
    )
    min_seconds_between_entries = forms.IntegerField(
        label="Seconds between entries",
        help_text="Of market time, from one entry to the next. 0 is no wait.",
        min_value=0,
        max_value=31_536_000,
        initial=0,
    )
    when_tainted = forms.ChoiceField(
        label="Entries that rest on text from outside",
        help_text="News, webhooks, other people's agents: text that somebody could have planted.",
        choices=[(each.value, TAINTED_WORDS[each]) for each in WhenTainted],
        initial=WhenTainted.ALLOW.value,
    )
    max_tainted_value = _money_or_none(
        "Largest order on text from outside",
        "Where such entries may pass. Empty is the largest order of any.",
        least=Decimal(0),
    )
    active = forms.BooleanField(
        required=False,
        label="The permission is active",
        help_text="Switched off, the gate refuses everything that this agent asks for.",
    )

    def clean_allowed_symbols(self) -> list[str]:
        return _known(self.cleaned_data["allowed_symbols"])

    def clean_allowed_strategies(self) -> list[str]:
        names = self.cleaned_data["allowed_strategies"]
        return sorted({name.strip().lower() for name in names if name.strip()})

    def clean_blocked_symbols(self) -> list[str]:
        return _known(self.cleaned_data["blocked_symbols"])


def _known(names: list[str]) -> list[str]:
    symbols = sorted({name.strip().upper() for name in names if name.strip()})
    known = set(Instrument.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
    if missing := [symbol for symbol in symbols if symbol not in known]:
        raise forms.ValidationError(f"There is no instrument {', '.join(missing)}.")
    return symbols


def limits_of(*, permission: Permission, names: Mapping[str, object]) -> dict[str, object]:
    """The permission's present values of the limits that a form has; amounts without zeros."""
    values = {name: getattr(permission, name) for name in names}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    return value.quantize(CENT) if isinstance(value, Decimal) else value
