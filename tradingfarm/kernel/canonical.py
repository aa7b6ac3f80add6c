"""The one way in which values become text that is hashed, compared or stored for ever."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import cache, singledispatch
from types import NoneType
from typing import Any, cast
from uuid import UUID

from tradingfarm.kernel.money import plain

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
AS_IT_IS = frozenset({str, int, bool, NoneType})
"""Most values by far; dispatching on them would cost more than writing them."""


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces; Decimals as plain text, times in UTC.

    Floats are refused (their text differs between producers): raises TypeError.
    """
    return ENCODER.encode(as_json(value))


def digest(value: object) -> str:
    """SHA-256 of the canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def moment(value: datetime) -> str:
    """An aware datetime as ISO 8601 in UTC with microseconds."""
    if value.tzinfo is None:
        raise TypeError(f"{value!r} has no time zone.")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def payload_of(entry: str) -> dict[str, Any]:
    """The payload inside a journal entry's canonical text."""
    payload: dict[str, Any] = json.loads(entry)["payload"]
    return payload


def as_json(value: object) -> object:
    """What JSON can say of `value`, for what is written more than once.

    Its canonical text is that of `value`. An enum's member stands for its value, whatever its
    base.
    """
    kind = value.__class__
    if kind in AS_IT_IS:
        return value
    if kind is dict:
        return _object(cast("dict[object, object]", value))
    if kind is list or kind is tuple:
        return _array(cast("Sequence[object]", value))
    return _other_as_json(value.value if isinstance(value, Enum) else value)


def _object(values: Mapping[object, object]) -> object:
    """Asks of each value itself what most of them are, before it calls anybody."""
    return {
        key if key.__class__ is str else str(as_json(key)): (
            item if item.__class__ in AS_IT_IS else as_json(item)
        )
        for key, item in values.items()
    }


def _array(values: Iterable[object]) -> object:
    return [item if item.__class__ in AS_IT_IS else as_json(item) for item in values]


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass."""
    return tuple(field.name for field in fields(kind))


@singledispatch
def _other_as_json(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: as_json(getattr(value, name)) for name in _names(type(value))}
    raise TypeError(f"{type(value).__name__} has no canonical text: {value!r}.")


@_other_as_json.register
def _(value: int | str | None) -> object:
    return value


@_other_as_json.register
def _(value: Decimal) -> object:
    return plain(value)


@_other_as_json.register
def _(value: datetime) -> object:
    return moment(value)


@_other_as_json.register
def _(value: date | time) -> object:
    return value.isoformat()


@_other_as_json.register
def _(value: UUID) -> object:
    return str(value)


@_other_as_json.register
def _(value: Mapping) -> object:  # type: ignore[type-arg]  # singledispatch needs bare classes
    return _object(value)


@_other_as_json.register
def _(value: list | tuple) -> object:  # type: ignore[type-arg]  # singledispatch needs bare classes
    return _array(value)


@_other_as_json.register
def _(value: Set) -> object:  # type: ignore[type-arg]  # singledispatch needs bare classes
    return sorted(str(as_json(item)) for item in value)
