"""Find the one JSON object that a reply means, in what models write around it.

Fences, prose and reasoning in <think> tags are read past. What could be understood in two ways is
refused by name and never guessed; nothing is executed.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

LONGEST_REPLY = 50_000
FINISHED_THOUGHT = re.compile(r"^.*</(?:think|thinking)\s*>", re.DOTALL | re.IGNORECASE)
OPEN_THOUGHT = re.compile(r"<(?:think|thinking)\b[^>]*>", re.IGNORECASE)
JSON_START = re.compile(r"\{\s*[\"}]")


class Problem(StrEnum):
    """Why a reply is no answer."""

    EMPTY = "EMPTY"
    TOO_LONG = "TOO_LONG"
    UNFINISHED = "UNFINISHED"
    NO_JSON = "NO_JSON"
    BROKEN_JSON = "BROKEN_JSON"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    TOO_DEEP = "TOO_DEEP"
    CONTRADICTION = "CONTRADICTION"
    MISSING = "MISSING"
    WRONG_TYPE = "WRONG_TYPE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    UNKNOWN_WORD = "UNKNOWN_WORD"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNSUPPORTED = "UNSUPPORTED"
    NO_REPLY = "NO_REPLY"


@dataclass(frozen=True)
class ParseProblem:
    """A reply that could not be used, by name, with a sentence that helps to repair it."""

    code: Problem
    sentence: str


class Unusable(ValueError):
    """Carries a ParseProblem out of the depths of a parse; never leaves this package."""

    def __init__(self, code: Problem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = ParseProblem(code, sentence)


def find_object(text: str, *, key: str) -> dict[str, object]:
    """The JSON object with `key` in `text`. Numbers are Decimals from the digits as written.

    The same object twice is one; two different ones contradict each other. Raises Unusable.
    """
    found = [each for each in _objects(_spoken(text)) if key in each]
    if not found:
        raise Unusable(Problem.MISSING, f'No JSON object with "{key}" at its top level.')
    if any(each != found[0] for each in found):
        raise Unusable(
            Problem.CONTRADICTION, f'{len(found)} objects with "{key}" that differ; give one.'
        )
    return found[0]


def _spoken(text: str) -> str:
    """What was said after all thinking was over."""
    if not text.strip():
        raise Unusable(Problem.EMPTY, "The reply is empty.")
    if len(text) > LONGEST_REPLY:
        raise Unusable(
            Problem.TOO_LONG, f"{len(text)} characters; {LONGEST_REPLY} are the most that is read."
        )
    spoken = FINISHED_THOUGHT.sub("", text)
    if OPEN_THOUGHT.search(spoken):
        raise Unusable(Problem.UNFINISHED, "The reply ends while still thinking.")
    return spoken


def _objects(text: str) -> list[dict[str, object]]:
    """Every outermost JSON object. Braces of prose are no objects; a broken object is an error."""
    found, start = [], JSON_START.search(text)
    while start:
        value, end = _decode(text, start.start())
        found.append(value)
        start = JSON_START.search(text, end)
    if not found:
        raise Unusable(Problem.NO_JSON, "The reply holds no JSON object.")
    return found


def _decode(text: str, start: int) -> tuple[dict[str, object], int]:
    try:
        value: tuple[dict[str, object], int] = DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise Unusable(
            Problem.BROKEN_JSON, f"The JSON breaks off or is malformed: {error.msg}."
        ) from None
    except RecursionError:
        raise Unusable(Problem.TOO_DEEP, "The JSON is nested too deep.") from None
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unusable(Problem.DUPLICATE_KEY, f'"{twice[:40]}" is given more than once.')
    return mapping


def _no_constant(name: str) -> NoReturn:
    raise Unusable(Problem.NOT_A_NUMBER, f"{name} is not a number.")


# strict=False: models put raw line breaks into their reasoning, which harms nobody.
DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=Decimal,
    parse_int=Decimal,
    parse_constant=_no_constant,
    strict=False,
)
