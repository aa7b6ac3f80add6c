"""The shared language of triggers, workflows and backtests: questions to a price history."""

from market.domain.conditions.predicates import (
    Above,
    Below,
    ChangePercent,
    Condition,
    CrossesAbove,
    CrossesBelow,
    InvalidCondition,
)
from market.domain.conditions.texts import as_mapping, parse_condition, sentence

__all__ = [
    "Above",
    "Below",
    "ChangePercent",
    "Condition",
    "CrossesAbove",
    "CrossesBelow",
    "InvalidCondition",
    "as_mapping",
    "parse_condition",
    "sentence",
]
