"""What the forms of several pages share: their look, and a service's refusal beside its field."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

PLAIN = (forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect, forms.HiddenInput)


class FarmForm(forms.Form):
    """A form whose inputs look like ours. `units` names what a field is counted in."""

    units: dict[str, str] = {}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if not isinstance(field.widget, PLAIN):
                field.widget.attrs.setdefault("class", "form-control")

    def add_problems(self, error: ValidationError) -> None:
        """Show what a service refused: beside the field where the form has it, else above all."""
        found = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, problems in found.items():
            for problem in problems:
                self.add_error(name if name in self.fields else None, problem)
