"""What agents say to each other: a row and a journal event for each message, at a fixed place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID, uuid5

from agents.domain.states import MessageType
from agents.models import Execution, Message
from tradingfarm.kernel.journal import account_stream, record

ALL = ["all"]


class Place(IntEnum):
    """Where a message stands in its execution's conversation, so that repeating finds it."""

    OPENING = 0
    FIRST_VOTE = 10
    DECISION = 100
    GATE = 101


@dataclass(frozen=True)
class Saying:
    """A message before it is stored. Without a sender the team itself speaks."""

    place: int
    message_type: MessageType
    sender_id: UUID | None
    sender_name: str
    content: str
    payload: Mapping[str, object] = field(default_factory=dict)
    reply_to: int | None = None
    response_timeout_seconds: int | None = None


def say(*, execution: Execution, sayings: Sequence[Saying], at: datetime) -> None:
    """Store and journal messages, in this order, inside the open transaction."""
    messages = [_message(execution, saying, at) for saying in sayings]
    Message.objects.bulk_create(messages)
    for message in messages:
        _journal(execution, message, at=at)


def _message(execution: Execution, saying: Saying, at: datetime) -> Message:
    return Message(
        id=message_id(execution_id=execution.id, place=saying.place),
        account_id=execution.account_id,
        execution=execution,
        sender_id=saying.sender_id,
        sender_name=saying.sender_name,
        recipients=ALL,
        message_type=saying.message_type,
        content=saying.content,
        payload=dict(saying.payload),
        reply_to_id=_reply_to(execution, saying),
        requires_response=saying.response_timeout_seconds is not None,
        response_timeout_seconds=saying.response_timeout_seconds,
        place=saying.place,
        as_of=execution.as_of,
        at=at,
    )


def _journal(execution: Execution, message: Message, *, at: datetime) -> None:
    record(
        stream=account_stream(execution.account_id),
        kind="agent.message",
        actor=f"agent:{message.sender_name}",
        subject=f"execution:{execution.id}",
        payload={
            "message": message.id,
            "type": message.message_type,
            "sender": message.sender_name,
            "content": message.content,
            "details": message.payload,
        },
        at=at,
        as_of=execution.as_of,
    )
    if message.message_type is MessageType.ALERT:
        _alert(execution, message, at=at)


def _alert(execution: Execution, message: Message, *, at: datetime) -> None:
    """A kind of its own: people are alerted to alarms, and few messages are one."""
    record(
        stream=account_stream(execution.account_id),
        kind="agent.risk.alert",
        actor=f"agent:{message.sender_name}",
        subject=f"execution:{execution.id}",
        payload={
            "message": message.id,
            "sender": message.sender_name,
            "content": message.content,
        },
        at=at,
        as_of=execution.as_of,
    )


def message_id(*, execution_id: UUID, place: int) -> UUID:
    """The id of the message at a place of an execution: the same in every replay."""
    return uuid5(execution_id, f"message:{place}")


def _reply_to(execution: Execution, saying: Saying) -> UUID | None:
    if saying.reply_to is None:
        return None
    return message_id(execution_id=execution.id, place=saying.reply_to)
