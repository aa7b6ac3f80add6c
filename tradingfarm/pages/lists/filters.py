"""What most lists can be asked for: a symbol, a side, an agent, days in the account's zone."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from trading.domain.states import Side
from trading.models import Permission
from tradingfarm.pages.listing import Filters, M

DAY = timedelta(days=1)
BAD_DATE = "Give a day such as 2005-03-14."
ANY = ("", "Any")
SIDES = [ANY, *((side.value, side.value.capitalize()) for side in Side)]


class SymbolField(forms.CharField):
    """The beginning of a symbol, in either case."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=40, label="Symbol")
        self.widget.attrs["placeholder"] = "any"


class ChoiceField(forms.ChoiceField):
    """One of a few; nothing means any."""

    def __init__(self, *, label: str, choices: Sequence[tuple[str, str]] = (ANY,)) -> None:
        super().__init__(required=False, label=label, choices=choices)


class DayField(forms.DateField):
    """A day of the account's zone."""

    def __init__(self, *, label: str) -> None:
        super().__init__(
            required=False,
            label=label,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            input_formats=["%Y-%m-%d"],
            error_messages={"invalid": BAD_DATE},
        )


class DayFilters(Filters):
    """Rows from one day to another, both included; `moment` is the column that is compared."""

    moment: ClassVar[str] = "as_of"

    def __init__(self, query: QueryDict, *, zone: str) -> None:
        super().__init__(query)
        self._zone = ZoneInfo(zone)
        self.fields["since"] = DayField(label="From")
        self.fields["until"] = DayField(label="To")
        for name in ("since", "until"):
            self.fields[name].widget.attrs["class"] = "form-control"

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", "This day is before the first one.")

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        rows = super().narrow(rows)
        if self.starts_at:
            rows = rows.filter(**{f"{self.moment}__gte": self.starts_at})
        if self.ends_at:
            rows = rows.filter(**{f"{self.moment}__lt": self.ends_at})
        return rows

    @property
    def starts_at(self) -> datetime | None:
        """The first moment that is asked for, or None."""
        since = self.found.get("since")
        return self._midnight(since) if since else None

    @property
    def ends_at(self) -> datetime | None:
        """The first moment that is no longer asked for, or None."""
        until = self.found.get("until")
        return self._midnight(until + DAY) if until and until < date.max else None

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self._zone)


class AgentFilters(DayFilters):
    """Also by symbol, and by the agent that a permission of the account names."""

    symbol = SymbolField()
    agent = ChoiceField(label="Agent")
    lookups: ClassVar[dict[str, str]] = {
        "symbol": "instrument__symbol__istartswith",
        "agent": "permission__agent_id",
    }

    def __init__(self, query: QueryDict, *, zone: str, account_id: UUID) -> None:
        super().__init__(query, zone=zone)
        field = self.fields["agent"]
        if isinstance(field, ChoiceField):
            field.choices = [ANY, *agents_of(account_id)]


def agents_of(account_id: UUID) -> list[tuple[str, str]]:
    """The agents with a permission on the account, as choices. One query."""
    found = Permission.objects.filter(account=account_id).order_by("agent_name", "id")
    return [(str(agent), name) for agent, name in found.values_list("agent_id", "agent_name")]
