"""The one way in which values become text that is hashed, compared or stored for ever."""

import hashlib
import json
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from tradingfarm.kernel.money import plain


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces; Decimals as plain text, times in UTC.

    Floats are refused (their text differs between producers): raises TypeError.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


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


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return _plain(value.value)
        case time():
            return value.isoformat()
        case Decimal():
            return plain(value)
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case dict():
            return {str(_plain(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case set() | frozenset():
            return sorted(str(_plain(item)) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    raise TypeError(f"{type(value).__name__} has no canonical text: {value!r}.")
