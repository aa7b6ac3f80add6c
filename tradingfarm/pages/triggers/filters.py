"""What an address may ask of the list of triggers."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from agents.models import Team
from tradingfarm.pages.listing import Filters, Sort
from triggers.models import Trigger

SORTS = (
    Sort("name", "Trigger", ("name", "id")),
    Sort("fired", "Last fired", ("-fired", "id")),
    Sort("due", "Next due", ("due", "id")),
)
SWITCH = [("", "On and off"), ("on", "On"), ("off", "Off")]


class TriggerFilters(Filters):
    """Narrowing the list of an owner's triggers."""

    search = forms.CharField(
        required=False,
        max_length=80,
        label="Name or symbol",
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    type = forms.ChoiceField(
        required=False, label="Type", choices=[("", "All"), *Trigger.Type.choices]
    )
    switch = forms.ChoiceField(required=False, label="Switch", choices=SWITCH)

    lookups = {"type": "type", "team": "team", "feed": "feed"}

    def __init__(self, *args: Any, owner_id: int, **options: Any) -> None:
        """Teams and feeds are those of the owner's triggers. Two queries."""
        super().__init__(*args, **options)
        teams = Team.objects.filter(owner=owner_id).order_by("name").values_list("id", "name")
        feeds = Trigger.objects.filter(owner=owner_id, feed__isnull=False).order_by("feed")
        names = feeds.values_list("feed", flat=True).distinct()
        self._choose("team", "Team", [(str(key), name) for key, name in teams])
        self._choose("feed", "Feed", [(name, name) for name in names if name])

    def _choose(self, name: str, label: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name] = forms.ChoiceField(
            required=False,
            label=label,
            choices=[("", "All"), *choices],
            widget=forms.Select({"class": "form-control"}),
        )

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().narrow(rows)
        if self.found.get("switch"):
            rows = rows.filter(enabled=self.found["switch"] == "on")
        text = self.found.get("search")
        if text:
            rows = rows.filter(Q(name__icontains=text) | Q(symbols__contains=[text.upper()]))
        return rows
