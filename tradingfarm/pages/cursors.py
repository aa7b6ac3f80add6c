"""A place in an ordered list as an opaque text in an address.

It names the order that it was made for and the values of the row that it stands at, so that rows
which come or go elsewhere do not move it. What it says is checked, not trusted: it can only name
another place among the rows that its reader may see anyway.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Q

LONGEST = 600
LARGEST = 2**63
DIGITS = 60


def place_of(*, sort: str, values: Sequence[object]) -> str:
    """The text of a place. `values` are those of the order's fields; none may be None."""
    parts = [sort, *(_text(value) for value in values)]
    return (
        urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")
    )


def values_at(
    *, place: str, sort: str, fields: Sequence["Field[Any, Any]"]
) -> tuple[Any, ...] | None:
    """The values of a place in the order `sort`, or None for a text that names no place in it."""
    if len(place) > LONGEST:
        return None
    try:
        parts = json.loads(urlsafe_b64decode(place + "=" * (-len(place) % 4)))
    except ValueError:
        return None
    if not isinstance(parts, list) or len(parts) != len(fields) + 1 or parts[0] != sort:
        return None
    try:
        pairs = zip(fields, parts[1:], strict=True)
        return tuple(_value(field, part) for field, part in pairs)
    except (ValidationError, ValueError, ArithmeticError):
        return None


def beyond(*, fields: Sequence[str], values: Sequence[object]) -> Q:
    """The rows after a place, for fields such as "-at" (falling) or "id" (rising).

    The first condition repeats the rest more loosely: an index can begin there.
    """
    start = Q(**{f"{_name(fields[0])}__{_way(fields[0])}e": values[0]})
    same, either = Q(), Q()
    for field, value in zip(fields, values, strict=True):
        either |= same & Q(**{f"{_name(field)}__{_way(field)}": value})
        same &= Q(**{_name(field): value})
    return start & either


def turned(fields: Sequence[str]) -> tuple[str, ...]:
    """The same order from its other end."""
    return tuple(field[1:] if field.startswith("-") else f"-{field}" for field in fields)


def _name(field: str) -> str:
    return field.removeprefix("-")


def _way(field: str) -> str:
    return "lt" if field.startswith("-") else "gt"


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value(field: "Field[Any, Any]", part: object) -> object:
    """Raises ValidationError, ValueError or ArithmeticError for a text that is no such value."""
    if not isinstance(part, str) or not part.isprintable():
        raise ValueError(part)
    value = field.to_python(part)
    if value is None or not _is_storable(value):
        raise ValueError(part)
    return value


def _is_storable(value: object) -> bool:
    """Whether the database can compare with it."""
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) < DIGITS
    return not isinstance(value, int) or abs(value) < LARGEST
