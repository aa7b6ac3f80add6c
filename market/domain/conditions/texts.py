"""Conditions as mappings for JSON and as sentences for people."""

from collections.abc import Mapping
from decimal import Decimal

from market.domain.conditions.predicates import (
    OPEN,
    Above,
    Below,
    ChangePercent,
    Condition,
    CrossesAbove,
    CrossesBelow,
    InvalidCondition,
    Reference,
)
from tradingfarm.kernel.money import NotAnAmount, amount, plain

AGAINST_A_PRICE: dict[str, type[Above | Below | CrossesAbove | CrossesBelow]] = {
    "above": Above,
    "below": Below,
    "crosses_above": CrossesAbove,
    "crosses_below": CrossesBelow,
}
NAMES = (*AGAINST_A_PRICE, "change_percent")
VERBS = {
    Above: "is above",
    Below: "is below",
    CrossesAbove: "crosses above",
    CrossesBelow: "crosses below",
}


def parse_condition(mapping: Mapping[str, object]) -> Condition:
    """The condition in `{"condition": "above", "threshold": "120.5"}`, as JSON carries it.

    `change_percent` takes the signed percentage as its threshold and may say `against`: "open"
    (the default) or a number of bars. Raises InvalidCondition.
    """
    name = mapping.get("condition")
    if name not in NAMES:
        raise InvalidCondition(f"{name!r} is no condition; use one of {', '.join(NAMES)}.")
    is_change = name == "change_percent"
    allowed = {"condition", "threshold", "against"} if is_change else {"condition", "threshold"}
    unknown = sorted(set(mapping) - allowed)
    if unknown:
        raise InvalidCondition(f"{name} does not know {unknown}; it takes {sorted(allowed)}.")
    threshold = _number(mapping.get("threshold"))
    if is_change:
        return ChangePercent(threshold, _reference(mapping.get("against", OPEN)))
    return AGAINST_A_PRICE[str(name)](threshold)


def as_mapping(condition: Condition) -> dict[str, str | int]:
    """The mapping that `parse_condition` reads back. Numbers are plain text."""
    if isinstance(condition, ChangePercent):
        threshold = plain(condition.percent)
        return {
            "condition": "change_percent",
            "threshold": threshold,
            "against": condition.against,
        }
    for name, kind in AGAINST_A_PRICE.items():
        if isinstance(condition, kind):
            return {"condition": name, "threshold": plain(condition.price)}
    raise TypeError(f"{condition!r} has no mapping.")


def sentence(condition: Condition, *, symbol: str) -> str:
    """The condition for people: 'AAPL falls 3 % or more from the day's open'."""
    if isinstance(condition, ChangePercent):
        verb = "rises" if condition.percent > 0 else "falls"
        return (
            f"{symbol} {verb} {plain(abs(condition.percent))} % or more from"
            f" {_origin(condition.against)}"
        )
    for kind, verb in VERBS.items():
        if isinstance(condition, kind):
            return f"{symbol} {verb} {plain(condition.price)}"
    raise TypeError(f"{condition!r} has no sentence.")


def _origin(against: Reference) -> str:
    if against == OPEN:
        return "the day's open"
    return "the close of the bar before" if against == 1 else f"the close {against} bars ago"


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise InvalidCondition(f"The threshold {value!r} is not a number; give one such as 120.5.")
    try:
        # JSON's floats carry their shortest text, which is what the person wrote.
        return amount(str(value))
    except NotAnAmount as error:
        raise InvalidCondition(f"The threshold is wrong: {error}") from None


def _reference(value: object) -> Reference:
    if value == OPEN:
        return OPEN
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidCondition(
        f"A change cannot be measured against {value!r}; use 'open' or a whole number of bars."
    )
