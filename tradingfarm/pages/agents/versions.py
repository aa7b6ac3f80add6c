"""An agent's configuration over time, and what changed between any two versions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from uuid import UUID

from agents.models import AgentVersion

PROMPTS = ("system_prompt", "strategy_prompt")
LABELS = {
    "name": "Name",
    "description": "Description",
    "role": "Role",
    "provider": "Provider",
    "model": "Model",
    "system_prompt": "System prompt",
    "strategy_prompt": "Strategy prompt",
    "temperature": "Temperature",
    "max_tokens": "Longest answer, tokens",
    "daily_budget": "Budget a day, USD",
    "colour": "Colour",
    "icon": "Icon",
    "status": "Status",
}


@dataclass(frozen=True)
class Piece:
    """Some words of a text: `kept`, `added` or `removed`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Difference:
    """One field that two versions do not share, as words in order."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class VersionNote:
    """One version: who made it, when (wall time), and what it changed from the one before."""

    number: int
    changed_by: str
    at: datetime
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What lies between two versions, older first; empty when they are equal."""

    older: int
    newer: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class History:
    """All versions, newest first, and the two that are compared; None with only one."""

    versions: tuple[VersionNote, ...]
    comparison: Comparison | None


def history_of(*, agent_id: UUID, first: str, second: str) -> History:
    """The history with the versions compared that the texts name, else the newest two."""
    stored = list(AgentVersion.objects.filter(agent=agent_id).order_by("version"))
    notes = tuple(_note(each, before) for before, each in _pairs(stored))
    numbers = {version.version: version for version in stored}
    pair = _pair(first, second, sorted(numbers))
    comparison = None
    if pair is not None:
        older, newer = numbers[pair[0]], numbers[pair[1]]
        comparison = Comparison(*pair, differences_of(older=older, newer=newer))
    return History(notes[::-1], comparison)


def _pairs(
    stored: Sequence[AgentVersion],
) -> Iterator[tuple[AgentVersion | None, AgentVersion]]:
    return zip([None, *stored[:-1]], stored, strict=True)


def _pair(first: str, second: str, numbers: Sequence[int]) -> tuple[int, int] | None:
    if len(numbers) < 2:
        return None
    asked = sorted(int(text) for text in (first, second) if text.isdecimal() and len(text) < 9)
    if len(asked) == 2 and set(asked) <= set(numbers):
        return asked[0], asked[1]
    return numbers[-2], numbers[-1]


def _note(version: AgentVersion, before: AgentVersion | None) -> VersionNote:
    changed = differing(before, version) if before else []
    return VersionNote(
        number=version.version,
        changed_by=version.changed_by.removeprefix("person:"),
        at=version.at,
        changed=tuple(LABELS.get(name, name) for name in changed),
    )


def differing(older: AgentVersion, newer: AgentVersion) -> list[str]:
    """Names of the fields whose values differ; a field that came later is not a change."""
    return [
        name
        for name, value in newer.configuration.items()
        if name in older.configuration and older.configuration[name] != value
    ]


def differences_of(*, older: AgentVersion, newer: AgentVersion) -> tuple[Difference, ...]:
    """Every field that differs, word by word."""
    return tuple(
        Difference(
            LABELS.get(name, name),
            word_pieces(old=str(older.configuration[name]), new=str(newer.configuration[name])),
        )
        for name in differing(older, newer)
    )


def word_pieces(*, old: str, new: str) -> tuple[Piece, ...]:
    """What was kept, removed and added, in reading order; without the removed it is `new`."""
    before, after = re.findall(r"\s+|\S+", old), re.findall(r"\s+|\S+", new)
    pieces = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("kept", "".join(after[c:d])))
            continue
        pieces += [Piece("removed", "".join(before[a:b]))] if a < b else []
        pieces += [Piece("added", "".join(after[c:d]))] if c < d else []
    return tuple(pieces)
