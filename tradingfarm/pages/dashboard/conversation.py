"""What the agents said to each other: turns, each with its messages, folded votes and decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from agents.domain.states import MessageType
from agents.models import Decision, Message, Proposal
from agents.selectors.conversations import conversation
from tradingfarm.pages.dashboard.decisions import Ballots, DecisionCard, ballots_of, card_of
from tradingfarm.pages.dashboard.speakers import Speaker, speaker_of

MESSAGES = 60


@dataclass(frozen=True)
class Said:
    """One message, as untrusted text."""

    id: UUID
    speaker: Speaker
    message_type: str
    text: str
    as_of: datetime
    shape: str = "said"


Entry = Said | Ballots | DecisionCard


@dataclass(frozen=True)
class Turn:
    """One execution's part of the conversation; `causes` say why the team was woken."""

    execution_id: UUID
    causes: tuple[str, ...]
    as_of: datetime
    entries: tuple[Entry, ...]


def newest_turns(*, account_id: UUID) -> tuple[Turn, ...]:
    """The turns of the sixty newest messages, newest last. One query."""
    return turns_of(conversation(account_id=account_id, limit=MESSAGES))


def turns_of(said: Sequence[Message]) -> tuple[Turn, ...]:
    """Messages, oldest first, as the turns that they belong to."""
    messages = _gathered(said)
    groups = groupby(messages, key=lambda message: message.execution_id)
    return tuple(_turn(list(group)) for _, group in groups)


def alerts_in(*, turns: Iterable[Turn]) -> tuple[Said, ...]:
    """The alerts among the messages, newest first."""
    said = [entry for turn in turns for entry in turn.entries if isinstance(entry, Said)]
    return tuple(entry for entry in reversed(said) if entry.message_type == MessageType.ALERT)


def _gathered(messages: Sequence[Message]) -> list[Message]:
    """The messages of an execution together, the executions in the order of their first ones."""
    begun: dict[UUID, int] = {}
    for number, message in enumerate(messages):
        begun.setdefault(message.execution_id, number)
    return sorted(messages, key=lambda message: (begun[message.execution_id], message.place))


def _turn(messages: Sequence[Message]) -> Turn:
    execution = messages[0].execution
    decision: Decision | None = getattr(execution, "decision", None)
    proposal: Proposal | None = getattr(execution, "proposal", None)
    entries = (
        _decided(messages, decision, proposal, execution.state)
        if decision and proposal
        else tuple(_said(message) for message in messages)
    )
    return Turn(
        execution_id=execution.id,
        causes=tuple(_cause(cause) for cause in execution.causes),
        as_of=execution.as_of,
        entries=entries,
    )


def _cause(cause: Mapping[str, object]) -> str:
    return str(cause.get("title") or cause.get("kind") or "woken")


def _decided(
    messages: Sequence[Message], decision: Decision, proposal: Proposal, state: str
) -> tuple[Entry, ...]:
    """The messages of a vote that has closed, its votes folded and its decision as a card.

    What is said after the gate's answer only repeats what the card shows, so it is left out.
    """
    votes = [message for message in messages if message.message_type == MessageType.VOTE]
    entries: list[Entry] = []
    for message in messages:
        if message.message_type == MessageType.DECISION:
            entries.append(card_of(decision=decision, proposal=proposal, state=state))
        elif message.message_type == MessageType.VOTE:
            if message is votes[0]:
                entries.append(ballots_of(decision=decision, proposal=proposal, votes=votes))
        elif message.message_type != MessageType.UPDATE or not decision.assessment_id:
            entries.append(_said(message))
    return tuple(entries)


def _said(message: Message) -> Said:
    return Said(
        id=message.id,
        speaker=speaker_of(message),
        message_type=message.message_type,
        text=message.content,
        as_of=message.as_of,
    )
