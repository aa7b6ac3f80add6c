"""The editor's form: choices of one owner, and each problem beside its field."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from agents.models import Team
from market.domain.conditions import InvalidCondition
from market.models import Feed
from trading.models import Account
from tradingfarm.pages.triggers.drafts import condition_of
from tradingfarm.pages.triggers.fields import CONDITIONS, TYPES, TriggerFields
from triggers.domain.schedule import InvalidSchedule, Missed, check_schedule
from triggers.models import Trigger
from triggers.selectors.instruments import symbols_on

FOLLOWED = {"type", "condition", "feed", "against"}
FOLLOW = {
    "hx-target": "#trigger-fields",
    "hx-include": "#trigger-form",
    "hx-swap": "morph:innerHTML",
}
"""Choosing one of these shows other fields."""
BESIDE = {"condition": "threshold"}
"""Where a problem of the service stands, if not beside the field of its name."""


class TriggerForm(TriggerFields):
    """The settings of a new trigger or of a stored one, as one owner may choose them."""

    def __init__(
        self,
        *args: Any,
        owner_id: int,
        now: datetime,
        trigger: Trigger | None = None,
        **options: Any,
    ) -> None:
        """Choices are the owner's; a stored trigger keeps name and type. Three queries."""
        super().__init__(*args, **{"auto_id": "trigger-%s"} | options)
        self.trigger, self._now = trigger, now
        teams = Team.objects.filter(owner=owner_id).order_by("name")
        self.teams = {str(team.id): team for team in teams}
        self.feeds = {feed.name: feed for feed in _feeds(owner_id, trigger)}
        self._choose("team", [(key, team.name) for key, team in self.teams.items()])
        wall_time = [("", "wall time")] if self.type_now == Trigger.Type.TIME else []
        self._choose("feed", wall_time + [(name, name) for name in self.feeds])
        feed = self.feeds.get(str(self["feed"].value() or ""))
        self._choose("symbols", [(one, one) for one in (symbols_on(feed=feed) if feed else [])])
        if trigger is not None:
            del self.fields["type"], self.fields["name"]
        for name in FOLLOWED & self.fields.keys():
            self.fields[name].widget.attrs |= FOLLOW | {"hx-get": reverse("trigger-fields")}
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect):
                field.widget.attrs.setdefault("class", "form-control")

    @property
    def type_now(self) -> str:
        """The type that is chosen at this moment, right or not."""
        if self.trigger is not None:
            return self.trigger.type
        chosen = str(self["type"].value() or "")
        return chosen if chosen in dict(TYPES) else Trigger.Type.PRICE.value

    @property
    def condition_now(self) -> str:
        chosen = str(self["condition"].value() or "")
        return chosen if chosen in dict(CONDITIONS) else CONDITIONS[0][0]

    @property
    def counts_bars(self) -> bool:
        """Whether a change is measured against the close some bars ago."""
        is_change = self.condition_now in ("falls", "rises")
        return is_change and self["against"].value() == "bars"

    def clean(self) -> dict[str, Any]:
        """The fields with models for team and feed. Adds what makes no trigger."""
        fields = self.cleaned_data
        for name in self._unused:
            self.errors.pop(name, None)
        fields["type"] = self.type_now
        fields["team"] = self.teams.get(fields.get("team", ""))
        fields["feed"] = self.feeds.get(fields.get("feed", ""))
        if self.type_now == Trigger.Type.TIME:
            self._clean_schedule(fields)
        else:
            self._clean_price(fields)
        return fields

    def add_problems(self, problems: Mapping[str, str]) -> None:
        """Put what a service refused beside the fields it speaks of."""
        for name, problem in problems.items():
            place = BESIDE.get(name, name)
            self.add_error(place if place in self.fields else None, problem)

    @property
    def _unused(self) -> tuple[str, ...]:
        """Fields that are carried along unseen: what is wrong with them is nobody's concern."""
        if self.type_now == Trigger.Type.TIME:
            return "symbols", "condition", "threshold", "against", "bars"
        timing = ("cron", "time_zone", "missed")
        return timing if self.counts_bars else (*timing, "bars")

    def _clean_schedule(self, fields: dict[str, Any]) -> None:
        fields["time_zone"] = fields.get("time_zone") or "UTC"
        fields["missed"] = fields.get("missed") or Missed.SKIP.value
        if not fields.get("cron"):
            self.add_error("cron", "Type when, such as 30 9 * * 1-5.")
            return
        try:
            check_schedule(cron=fields["cron"], time_zone=fields["time_zone"], after=self._now)
        except InvalidSchedule as problem:
            self.add_error(problem.field, problem.message)

    def _clean_price(self, fields: dict[str, Any]) -> None:
        if fields["feed"] is None and "feed" not in self.errors:
            self.add_error("feed", "Choose whose prices it watches.")
        if not fields.get("symbols") and "symbols" not in self.errors:
            self.add_error("symbols", "Choose at least one symbol to watch.")
        if self.counts_bars and not fields.get("bars") and "bars" not in self.errors:
            self.add_error("bars", "Type how many bars ago.")
        if "threshold" in self.errors:
            return
        try:
            condition_of(fields=fields)
        except InvalidCondition as problem:
            self.add_error("threshold", problem.message)

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


def _feeds(owner_id: int, trigger: Trigger | None) -> list[Feed]:
    """The feeds of the owner's accounts and the one that the trigger has."""
    owned = Account.objects.filter(owner_id=owner_id).values("feed")
    kept = trigger.feed_id if trigger else None
    found = Feed.objects.filter(Q(name__in=owned) | Q(name=kept)).select_related("replay")
    return list(found.order_by("name"))
