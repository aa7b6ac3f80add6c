from django import forms

from trading.domain.states import StopMode

EVERYTHING = "everything"
"""What a person types to sell the positions of all accounts."""


class StopForm(forms.Form):
    """What to do beyond the halt, which a wrong form does not keep from happening.

    Selling takes a second gesture: typing `word`, the account's name.
    """

    mode = forms.ChoiceField(
        choices=[(mode.value, mode.value) for mode in StopMode],
        error_messages={
            "required": "Choose what happens to orders and positions.",
            "invalid_choice": "Choose one of keep, cancel and flatten.",
        },
    )
    reason = forms.CharField(required=False)
    confirm = forms.CharField(required=False)

    def __init__(self, *args: object, word: str, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # the form's own arguments
        self.word = word

    def clean_confirm(self) -> str:
        typed = str(self.cleaned_data["confirm"])
        flattens = self.cleaned_data.get("mode") == StopMode.FLATTEN
        if flattens and typed.strip().casefold() != self.word.strip().casefold():
            raise forms.ValidationError(
                "It is halted: no agent's order is sent any more. To sell everything as well, "
                f"type {self.word} here and press again."
            )
        return typed


class ResumeForm(forms.Form):
    """Why the account may trade again, and the stop that the person has seen."""

    reason = forms.CharField(
        max_length=200,
        error_messages={"required": "Say why it may trade again; the journal keeps it."},
    )
    epoch = forms.IntegerField(widget=forms.HiddenInput)
