"""A team, its seats and its trading session as forms."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from agents.models import Agent
from agents.services.seats import SeatChoice
from trading.models import Account
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.permissions.forms import StartLimitsForm

VOTES, VETOES, AWAY = "votes", "vetoes", "away"
PARTS = ((AWAY, "Not in the team"), (VOTES, "Votes"), (VETOES, "Votes, may veto"))


class TeamForm(FarmForm):
    """Name, quorum, time to vote, who proposes, and what every other agent does."""

    name = forms.CharField(
        max_length=80, error_messages={"required": "Give the team a name of its own."}
    )
    quorum = forms.IntegerField(
        min_value=1, max_value=50, help_text="Approvals that carry a vote. The proposer has none."
    )
    vote_timeout_seconds = forms.IntegerField(
        min_value=1,
        max_value=600,
        label="Time to vote",
        help_text="A vote that is missing then abstains.",
    )
    proposer = forms.ChoiceField(
        label="Proposes",
        help_text="Its permission and its part of each position bind the team's orders.",
        error_messages={"required": "Choose the agent that proposes."},
    )

    units = {"vote_timeout_seconds": "s"}

    def __init__(self, *args: Any, agents: Sequence[Agent], **options: Any) -> None:
        super().__init__(*args, **options)
        self.agents = agents
        proposer = self.fields["proposer"]
        if isinstance(proposer, forms.ChoiceField):
            proposer.choices = [("", "Choose one")] + [
                (str(agent.id), agent.name) for agent in agents
            ]
        for agent in agents:
            self.fields[_part(agent.id)] = forms.ChoiceField(
                choices=PARTS,
                label=agent.name,
                required=False,
                widget=forms.Select({"class": "form-control"}),
            )

    @property
    def parts(self) -> list[dict[str, object]]:
        """Each agent with the field that says what it does."""
        return [{"agent": agent, "field": self[_part(agent.id)]} for agent in self.agents]

    @property
    def seats(self) -> list[SeatChoice]:
        """The seats that were chosen: the proposer first, then the voters."""
        proposer = self.cleaned_data["proposer"]
        first = [SeatChoice(UUID(proposer), proposes=True)]
        parts = [
            (agent, self.cleaned_data.get(_part(agent.id), AWAY))
            for agent in self.agents
            if str(agent.id) != proposer
        ]
        return first + [
            SeatChoice(agent.id, vetoes=part == VETOES) for agent, part in parts if part in SEATED
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("proposer") and len(self.seats) < 2:
            self.add_error(None, "Give at least one agent besides the proposer a vote.")
        return values


SEATED = (VOTES, VETOES)


def _part(agent_id: UUID) -> str:
    return f"part-{agent_id}"


def parts_in(seats: Sequence[SeatChoice]) -> dict[str, object]:
    """What the form starts with for a team's present seats."""
    parts: dict[str, object] = {
        _part(seat.agent_id): VETOES if seat.vetoes else VOTES
        for seat in seats
        if not seat.proposes
    }
    proposer = next((seat for seat in seats if seat.proposes), None)
    return parts | ({"proposer": str(proposer.agent_id)} if proposer else {})


class SessionForm(StartLimitsForm):
    """The limits of a session and the risk disclosure; the account is chosen by the address."""

    accepts = forms.BooleanField(
        label="I have read this and accept the risk.",
        error_messages={"required": "Read the disclosure and accept it, or do not start."},
    )

    def __init__(self, *args: Any, account: Account | None, **options: Any) -> None:
        currency = account.base_currency if account else "USD"
        super().__init__(*args, currency=currency, **options)


class StopForm(forms.Form):
    """Why a session is stopped."""

    reason = forms.CharField(max_length=200, required=False)
