"""One field of a reply at a time: its type, its range, and a sentence when either is wrong."""

import re
from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from agents.domain.replies import Problem, Unusable
from agents.domain.texts import clean
from tradingfarm.kernel.money import MONEY

Fields = Mapping[str, object]

MOST = Decimal(10) ** 12
DECIMALS = 18
FINEST = Decimal(1).scaleb(-DECIMALS)
THOUSANDTH = Decimal("0.001")
PLAIN_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?")


def word(fields: Fields, name: str, allowed: Collection[str], default: str | None = None) -> str:
    """One of some lower-case words; `default` when it is absent or null. Raises Unusable."""
    value = fields.get(name)
    if value is None and default is not None:
        return default
    text = _text(name, value).strip().lower()
    if text not in allowed:
        raise Unusable(
            Problem.UNKNOWN_WORD,
            f'"{name}" is {clean(text, longest=40)!r}; use one of {", ".join(sorted(allowed))}.',
        )
    return text


def free_text(fields: Fields, name: str, *, longest: int) -> str:
    """Cleaned text, empty when absent or null. Raises Unusable."""
    value = fields.get(name)
    return "" if value is None else clean(_text(name, value), longest=longest)


def positive(fields: Fields, name: str) -> Decimal | None:
    """An amount above 0 that the database can hold, None when absent or null. Raises Unusable."""
    if fields.get(name) is None:
        return None
    value = number(fields, name)
    if not 0 < value < MOST:
        raise Unusable(Problem.OUT_OF_RANGE, f'"{name}" must be above 0 and below {MOST:f}.')
    if value != value.quantize(FINEST, context=MONEY):
        raise Unusable(Problem.OUT_OF_RANGE, f'"{name}" has more than {DECIMALS} decimals.')
    return value


def share(fields: Fields, name: str) -> Decimal:
    """A number from 0 to 1, to three decimals. Raises Unusable."""
    value = number(fields, name)
    if not 0 <= value <= 1:
        raise Unusable(Problem.OUT_OF_RANGE, f'"{name}" must be from 0 to 1.')
    return value.quantize(THOUSANDTH, rounding=ROUND_HALF_EVEN)


def number(fields: Fields, name: str) -> Decimal:
    """A finite number, also as text such as "0.5"; nothing with units. Raises Unusable."""
    value = fields.get(name)
    if value is None:
        raise Unusable(Problem.MISSING, f'"{name}" is missing.')
    if isinstance(value, str) and PLAIN_NUMBER.fullmatch(value):
        return Decimal(value)
    if not isinstance(value, Decimal):
        raise Unusable(Problem.WRONG_TYPE, f'"{name}" must be a plain number such as 12.5.')
    return value


def refuse_given(fields: Fields, names: Collection[str], why: str) -> None:
    """Raises Unusable when any of `names` has a value: it would be ignored otherwise."""
    for name in sorted(names):
        if fields.get(name) is not None:
            raise Unusable(Problem.UNSUPPORTED, f'"{name}" cannot be used: {why}')


def _text(name: str, value: object) -> str:
    if value is None:
        raise Unusable(Problem.MISSING, f'"{name}" is missing.')
    if not isinstance(value, str):
        raise Unusable(Problem.WRONG_TYPE, f'"{name}" must be text.')
    return value
