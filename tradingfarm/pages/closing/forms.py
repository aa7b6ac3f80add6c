from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.core.validators import RegexValidator

from tradingfarm.kernel.money import ZERO

KEY = RegexValidator(r"\A[0-9]{1,20}\Z", "Open this page again; its key is not one of ours.")


class CloseForm(forms.Form):
    """Which shares to sell, each with the quantity that the person saw."""

    key = forms.CharField(validators=[KEY])
    share = forms.TypedMultipleChoiceField(
        coerce=int, error_messages={"required": "Choose at least one part to sell."}
    )

    def __init__(self, *args: object, shares: Sequence[str], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # the form's own arguments
        chosen = self.fields["share"]
        known = [(number, number) for number in shares if number.isdecimal()]
        chosen.choices = known  # type: ignore[attr-defined]  # a field of choices
        for number, _ in known:
            self.fields[f"held-{number}"] = forms.DecimalField(
                min_value=ZERO, max_digits=38, decimal_places=18
            )

    @property
    def at_most(self) -> Decimal:
        """What the person saw of the shares that are to be sold."""
        return sum(
            (self.cleaned_data[f"held-{share}"] for share in self.cleaned_data["share"]), ZERO
        )
