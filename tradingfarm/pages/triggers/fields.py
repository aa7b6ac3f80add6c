"""What can be set of a trigger, with plain words for each way of getting it wrong."""

from django import forms

from triggers.domain.schedule import Missed
from triggers.models import Trigger

CONDITIONS = (
    ("falls", "falls by a percentage or more"),
    ("rises", "rises by a percentage or more"),
    ("above", "is above a price"),
    ("below", "is below a price"),
    ("crosses_above", "crosses above a price"),
    ("crosses_below", "crosses below a price"),
)
AGAINST = (("open", "the day's open"), ("bars", "the close some bars ago"))
MISSED = (
    (Missed.SKIP.value, "Skip what was missed"),
    (Missed.ONCE.value, "Fire once for all that was missed"),
)
TYPES = ((Trigger.Type.PRICE.value, "A price"), (Trigger.Type.TIME.value, "A time"))
MOST_AN_HOUR, LONGEST_PAUSE, MOST_BARS = 3_600, 7 * 24 * 3600, 10_000


class TriggerFields(forms.Form):
    """Every setting of a trigger. Those of the type that is not chosen are kept and not used."""

    type = forms.ChoiceField(choices=TYPES, widget=forms.RadioSelect)
    name = forms.CharField(
        max_length=80,
        error_messages={
            "required": "Give the trigger a name, such as 'Apple falls'.",
            "max_length": "A name has 80 characters at most.",
        },
    )
    team = forms.ChoiceField(
        error_messages={
            "required": "Choose the team that it wakes.",
            "invalid_choice": "That team is not yours; choose one of the list.",
        },
    )
    enabled = forms.BooleanField(required=False)
    feed = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "None of your accounts has that feed; choose another."},
    )
    symbols = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "The feed has no prices of %(value)s."},
    )
    condition = forms.ChoiceField(required=False, choices=CONDITIONS)
    threshold = forms.DecimalField(
        required=False,
        max_digits=24,
        localize=False,
        widget=forms.TextInput({"inputmode": "decimal"}),
        error_messages={"invalid": "Type a number, such as 120.5 or 3."},
    )
    against = forms.ChoiceField(required=False, choices=AGAINST, widget=forms.RadioSelect)
    bars = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_BARS,
        error_messages={
            "invalid": "Type a whole number of bars.",
            "min_value": "At least 1 bar ago.",
            "max_value": f"At most {MOST_BARS:,} bars ago.",
        },
    )
    cron = forms.CharField(
        required=False,
        max_length=80,
        widget=forms.TextInput({"list": "trigger-crons", "spellcheck": "false"}),
    )
    time_zone = forms.CharField(
        required=False,
        max_length=60,
        widget=forms.TextInput({"list": "trigger-zones", "spellcheck": "false"}),
    )
    missed = forms.ChoiceField(required=False, choices=MISSED, widget=forms.RadioSelect)
    max_executions_per_hour = forms.IntegerField(
        min_value=1,
        max_value=MOST_AN_HOUR,
        error_messages={
            "required": "Say how often an hour at most.",
            "invalid": "Type a whole number.",
            "min_value": "Allow at least one an hour, or switch the trigger off.",
            "max_value": f"More than {MOST_AN_HOUR:,} an hour is no throttle; allow fewer.",
        },
    )
    min_interval_seconds = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_PAUSE,
        error_messages={
            "required": "Say how long it pauses; 0 is no pause.",
            "invalid": "Type a whole number of seconds.",
            "min_value": "A pause cannot be negative; 0 is no pause.",
            "max_value": "A pause is a week at most.",
        },
    )
