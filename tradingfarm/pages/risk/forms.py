"""What people give with a decision about risk: a reason, which the journal keeps."""

from typing import Any

from django import forms

from trading.domain.overrides import SHORTEST_REASON

LONGEST_REASON = 200


class ReasonForm(forms.Form):
    """Why. `missing` says what is asked for where nothing was given."""

    reason = forms.CharField(max_length=LONGEST_REASON)

    def __init__(self, *args: Any, missing: str = "Say why; the journal keeps it.") -> None:
        super().__init__(*args)
        self.fields["reason"].error_messages["required"] = missing


class RefusalForm(forms.Form):
    """Why a person says no; that they do is enough."""

    reason = forms.CharField(max_length=LONGEST_REASON, required=False)


class OverrideForm(forms.Form):
    """Which failed check an order may pass, and why. `codes` are those that may be overridden."""

    code = forms.ChoiceField(
        error_messages={
            "required": "Choose the check that it may pass.",
            "invalid_choice": "This check did not refuse the order, or can never be overridden.",
        }
    )
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        min_length=SHORTEST_REASON,
        error_messages={
            "required": "Say why; the journal keeps it.",
            "min_length": f"Say a little more: {SHORTEST_REASON} characters at least.",
        },
    )

    def __init__(self, *args: Any, codes: list[tuple[str, str]]) -> None:
        super().__init__(*args)
        field = self.fields["code"]
        if isinstance(field, forms.ChoiceField):
            field.choices = codes
