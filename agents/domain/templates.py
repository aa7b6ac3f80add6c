"""Teams to begin with: which roles sit in them and how many approvals carry a vote."""

from dataclasses import dataclass

from agents.domain.roles import CHARACTERS, Character
from agents.domain.states import Role


@dataclass(frozen=True)
class TeamTemplate:
    """A team that can be founded in one step. `key` names it in addresses and forms."""

    key: str
    name: str
    description: str
    roles: tuple[Role, ...]
    quorum: int

    @property
    def characters(self) -> tuple[Character, ...]:
        """The agents, in the order of their seats."""
        return tuple(each for each in CHARACTERS if each.role in self.roles)


HOUSE = TeamTemplate(
    key="house",
    name="House team",
    description=(
        "Five agents: Technical proposes; Fundamental, Sentiment, Risk and Execution vote. Three"
        " approvals carry, and Risk may veto."
    ),
    roles=tuple(Role),
    quorum=3,
)
PAIR = TeamTemplate(
    key="pair",
    name="Pair",
    description=(
        "Two agents: Technical proposes, and nothing is ordered unless Risk approves. Quick and"
        " cheap, with one opinion less."
    ),
    roles=(Role.TECHNICAL, Role.RISK),
    quorum=1,
)
TEMPLATES = (HOUSE, PAIR)


def template_named(key: str) -> TeamTemplate:
    """Raises KeyError for a template that does not exist."""
    return {template.key: template for template in TEMPLATES}[key]
