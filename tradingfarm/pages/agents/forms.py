"""An agent's configuration as a form."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from agents.domain.states import Role
from agents.models import Agent
from agents.worlds import CLAUDE, PROVIDERS, RULES
from trading.services.accounts import ceiling_words
from tradingfarm.pages.forms import FarmForm
from tradingfarm.templatetags.farm import COLOURS, ICONS

PROVIDER_WORDS = {RULES: "Built-in rules: no model, no key, no cost"}
LONGEST_PROMPT = 20_000
MOST_TOKENS = 64_000


class AgentForm(FarmForm):
    """Everything about an agent that a person may set, but for its status."""

    name = forms.CharField(
        max_length=80, error_messages={"required": "Give the agent a name of its own."}
    )
    description = forms.CharField(
        max_length=300, required=False, help_text="One line for the card: what it is for."
    )
    role = forms.ChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in Role],
        help_text="Which question it is asked, and which rules answer without a model.",
    )
    provider = forms.ChoiceField(help_text="What answers when this agent is asked.")
    model = forms.CharField(
        max_length=80,
        required=False,
        help_text="The model's id; empty is the provider's own choice. Rules have none.",
    )
    temperature = forms.DecimalField(
        min_value=Decimal(0),
        max_value=Decimal(2),
        max_digits=3,
        decimal_places=2,
        help_text="0 repeats itself, 1 varies. Models that take none ignore it.",
    )
    max_tokens = forms.IntegerField(
        min_value=100,
        max_value=MOST_TOKENS,
        label="Longest answer",
        help_text="A longer answer is cut off and counts as none.",
    )
    daily_budget = forms.DecimalField(
        min_value=Decimal(0),
        max_digits=8,
        decimal_places=2,
        label="Budget a day",
        help_text="Reserved before each question; used up, it abstains until midnight UTC.",
    )
    system_prompt = forms.CharField(
        widget=forms.Textarea({"rows": 6}),
        max_length=LONGEST_PROMPT,
        required=False,
        help_text="Who it is and what it must never do.",
    )
    strategy_prompt = forms.CharField(
        widget=forms.Textarea({"rows": 8}),
        max_length=LONGEST_PROMPT,
        required=False,
        help_text="How it decides, in plain English. Limits are not set here, but at the gate.",
    )
    colour = forms.ChoiceField(
        choices=[(colour, colour.capitalize()) for colour in sorted(COLOURS)],
        widget=forms.RadioSelect,
    )
    icon = forms.ChoiceField(
        choices=[(icon, icon.replace("-", " ").capitalize()) for icon in sorted(ICONS)],
        widget=forms.RadioSelect,
    )

    units = {"max_tokens": "tokens", "daily_budget": "USD"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        provider = self.fields["provider"]
        if isinstance(provider, forms.ChoiceField):
            provider.choices = [(name, provider_words(name)) for name in sorted(PROVIDERS)]

    def clean_daily_budget(self) -> Decimal:
        wanted: Decimal = self.cleaned_data["daily_budget"]
        if wanted > settings.DAILY_BUDGET_CEILING:
            raise forms.ValidationError(ceiling_words(settings.DAILY_BUDGET_CEILING))
        return wanted

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("provider") == RULES and values.get("model"):
            values["model"] = ""
        return values


def provider_words(name: str) -> str:
    """A provider in words, with what it still needs."""
    if name == CLAUDE and not settings.ANTHROPIC_API_KEY:
        return "Anthropic (needs ANTHROPIC_API_KEY before it can answer)"
    return PROVIDER_WORDS.get(name, name.capitalize())


def configuration_in(agent: Agent) -> dict[str, object]:
    """The agent's present values of what the form has."""
    return {name: getattr(agent, name) for name in AgentForm.base_fields}
