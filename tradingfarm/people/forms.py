from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator

from tradingfarm.people.models import Role, User
from tradingfarm.people.selectors.people import desks
from tradingfarm.people.services.people import Standing

NAME_CHARACTERS = 60
"""The journal names actors in 120 characters."""


class SignInForm(LoginForm):
    """Name and password. The name travels as `username`, which password keepers know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].error_messages["required"] = "Type your name."
        self.fields["password"].error_messages["required"] = "Type your password."

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else field_name


class StandingForm(forms.Form):
    """What an operator decides about a person."""

    role = forms.ChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in Role],
        help_text=(
            "Viewers read. Traders also configure, trade and stop. Operators also resume what "
            "was stopped, raise limits, invite people and open the administration."
        ),
    )
    desk = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label="Their own",
        help_text="Whose accounts and agents this person works with.",
    )
    email = forms.EmailField(
        required=False,
        label="Mail address",
        help_text="Where a forgotten password is answered, if this farm sends mail.",
    )

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = desks().exclude(pk=person.pk) if person else desks()
        if person and person.desk_id:
            choice = choice | User.objects.filter(pk=person.desk_id)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-control"
        self.fields["desk"].queryset = choice  # type: ignore[attr-defined]  # it is a ModelChoiceField

    def standing(self) -> Standing:
        """What was chosen. Only after the form was found valid."""
        desk = self.cleaned_data["desk"]
        return Standing(
            role=Role(self.cleaned_data["role"]),
            desk_id=desk.pk if desk else None,
            email=self.cleaned_data["email"].lower(),
        )


class InviteForm(StandingForm):
    """A new person and their standing."""

    name = forms.CharField(
        max_length=NAME_CHARACTERS,
        validators=[UnicodeUsernameValidator()],
        help_text="With it the person signs in. Letters, digits and @ . + - _; it stays for ever.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    field_order = ("name", "role", "desk", "email")

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or self.cleaned_data
        if chosen.get("role") == Role.VIEWER and not chosen.get("desk"):
            self.add_error("desk", "Choose whose desk: a viewer has nothing of their own to read.")
        return chosen
