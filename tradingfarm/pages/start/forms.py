"""The first run as one form."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from agents.domain.templates import HOUSE, TEMPLATES
from trading.domain.allowances import (
    DAILY_ENTRIES,
    DAILY_LOSS_PCT,
    POSITION_PCT,
    STANDARD_HOURS,
    share_of,
    standard_limits,
)
from trading.domain.ceilings import Ceilings
from trading.models import Account
from trading.services.accounts import ceiling_words
from tradingfarm.kernel.money import CENT
from tradingfarm.pages.permissions.forms import ZONES, HoursForm
from tradingfarm.pages.start.feeds import FeedChoice

DEPOSIT = Decimal(100_000)
LEAST_MONEY, MOST_MONEY = Decimal(1_000), Decimal(1_000_000_000)
HUNDRED = Decimal(100)
FIELD_OF = {
    "max_position_value": "position_pct",
    "max_allocation_pct": "position_pct",
    "max_daily_loss": "daily_loss_pct",
    "max_daily_entries": "max_daily_entries",
}


class StartForm(HoursForm):
    """An account, a team, its limits and the risk disclosure."""

    name = forms.CharField(
        max_length=60,
        label="Name of the account",
        error_messages={"required": "Give the account a name."},
    )
    deposit = forms.DecimalField(
        min_value=LEAST_MONEY,
        max_value=MOST_MONEY,
        max_digits=16,
        decimal_places=2,
        label="Money to begin with",
        help_text="Paper money: nothing of it is real.",
        error_messages={"min_value": "Begin with 1,000 or more, so that orders have a size."},
    )
    time_zone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES],
        label="Its day begins at midnight in",
        help_text="When daily limits start anew, and the clock that pages show.",
    )
    feed = forms.ChoiceField(
        label="Prices",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose whose prices the account trades at.",
            "invalid_choice": "Those prices have ended meanwhile; choose others.",
        },
    )
    template = forms.ChoiceField(
        choices=[(template.key, template.name) for template in TEMPLATES],
        label="Team",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a team."},
    )
    position_pct = forms.DecimalField(
        min_value=CENT,
        max_value=HUNDRED,
        max_digits=5,
        decimal_places=2,
        label="Largest position",
        help_text="Of the money, in one instrument.",
    )
    daily_loss_pct = forms.DecimalField(
        min_value=CENT,
        max_value=HUNDRED,
        max_digits=5,
        decimal_places=2,
        label="Loss a day",
        help_text="Of the money. Reached, the team enters no more that day.",
    )
    max_daily_entries = forms.IntegerField(
        min_value=1, label="Entries a day", help_text="Exits are never counted."
    )
    accepts = forms.BooleanField(
        label="I have read this and accept the risk.",
        error_messages={"required": "Read the disclosure and accept it, or do not start."},
    )
    request = forms.RegexField(r"^[\w-]{8,40}$", widget=forms.HiddenInput)

    units = {"deposit": "USD", "position_pct": "%", "daily_loss_pct": "%"}

    def __init__(
        self,
        *args: Any,
        owner_id: int,
        account_id: UUID,
        feeds: Sequence[FeedChoice],
        top: Ceilings,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.owner_id, self.account_id = owner_id, account_id
        self.top = top
        self.limits: dict[str, object] = {}
        feed = self.fields["feed"]
        if isinstance(feed, forms.ChoiceField):
            feed.choices = [(choice.name, choice.words) for choice in feeds]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        others = Account.objects.filter(owner=self.owner_id, name=name)
        if others.exclude(id=self.account_id).exists():
            raise forms.ValidationError("You have an account of that name; choose another.")
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not self.errors:
            self.limits = self._limits(values)
            for name, ceiling in self.top.exceeded(self.limits).items():
                self.add_error(FIELD_OF.get(name), ceiling_words(ceiling))
        return values

    def standard(self) -> dict[str, object]:
        """The limits that the money has without anybody choosing."""
        return standard_limits(money=self.cleaned_data["deposit"], ceilings=self.top)

    def _limits(self, values: dict[str, Any]) -> dict[str, object]:
        hours = {name: values[name] for name in ("hours_start", "hours_end", "hours_zone")}
        chosen = {
            "max_position_value": share_of(values["deposit"], percent=values["position_pct"]),
            "max_allocation_pct": values["position_pct"],
            "max_daily_loss": share_of(values["deposit"], percent=values["daily_loss_pct"]),
            "max_daily_entries": values["max_daily_entries"],
        }
        return self.standard() | chosen | hours


def first_values(*, request: str, name: str, feed: str) -> dict[str, object]:
    """What the form is filled with. `request` names this one wish."""
    return {
        "request": request,
        "name": name,
        "deposit": DEPOSIT,
        "time_zone": ZONES[0],
        "feed": feed,
        "template": HOUSE.key,
        "position_pct": POSITION_PCT,
        "daily_loss_pct": DAILY_LOSS_PCT,
        "max_daily_entries": DAILY_ENTRIES,
        **STANDARD_HOURS,
    }
