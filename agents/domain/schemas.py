"""The form of an answer and of a ballot as JSON Schema, for services that keep to one.

It follows from the fields of Answer and Ballot, so that form and parser cannot drift apart. It
says less than the parser demands (no ranges: services refuse them), so the parser has the word.
"""

from dataclasses import MISSING, Field, fields
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_type_hints

from agents.domain.answers import ORDER_TYPES, Answer
from agents.domain.ballots import Ballot
from agents.domain.states import Purpose

Schema = dict[str, Any]

FORMS: dict[Purpose, type[Answer | Ballot]] = {Purpose.DECIDE: Answer, Purpose.VOTE: Ballot}
ONLY = {"order_type": list(ORDER_TYPES)}


def reply_schema(purpose: Purpose) -> Schema:
    """What a reply must look like: one object with every field, null where there is nothing."""
    form = FORMS[purpose]
    hints = get_type_hints(form)
    known = {field.name: _schema(field, hints[field.name]) for field in fields(form)}
    return {
        "type": "object",
        "properties": known,
        "required": list(known),
        "additionalProperties": False,
    }


def _schema(field: "Field[object]", hint: object) -> Schema:
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
    schema = _value(field.name, kinds[0])
    may_be_null = NoneType in get_args(hint) or field.default is not MISSING
    return {"anyOf": [schema, {"type": "null"}]} if may_be_null else schema


def _value(name: str, kind: object) -> Schema:
    if name in ONLY:
        return {"type": "string", "enum": ONLY[name]}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    return {"type": "number" if kind is Decimal else "string"}
