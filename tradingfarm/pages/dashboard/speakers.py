"""Who speaks in a conversation."""

from dataclasses import dataclass
from uuid import UUID

from agents.models import Message


@dataclass(frozen=True)
class Speaker:
    """An agent as it looks everywhere; the team itself speaks without a colour."""

    name: str
    colour: str
    icon: str
    id: UUID | None = None


def speaker_of(message: Message) -> Speaker:
    """The sender of a message, under the name that it had then."""
    if message.sender is None:
        return Speaker(message.sender_name, "", "users")
    return Speaker(
        message.sender_name, message.sender.colour, message.sender.icon, message.sender_id
    )
