"""Limits of a whole account, which agents and people share, and what loosens them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

PERCENTAGES = (
    "max_daily_loss_pct",
    "reduce_drawdown_pct",
    "halt_drawdown_pct",
    "max_sector_pct",
)
NAMES = (*PERCENTAGES, "max_orders_per_minute", "slice_above")
"""The columns of an account that people set. `slice_above` is in its currency, None for never."""
MOST_PERCENT = Decimal(100)


def loosened(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """The limits that would let the account do more than before, by name."""
    return tuple(name for name in NAMES if name in after and _is_looser(name, before, after))


def _is_looser(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    old, new = before[name], after[name]
    if name == "slice_above" and (old is None or new is None):
        return old is not None and new is None
    return bool(new > old)


def unsound(limits: Mapping[str, Any]) -> dict[str, str]:
    """What cannot be a limit, in words by name. A limit that is missing is not looked at."""
    found = {
        name: "More than 0 and at most 100 percent."
        for name in PERCENTAGES
        if name in limits and not 0 < limits[name] <= MOST_PERCENT
    }
    if limits.get("max_orders_per_minute", 1) < 1:
        found["max_orders_per_minute"] = "At least one order a minute."
    above = limits.get("slice_above")
    if above is not None and above <= 0:
        found["slice_above"] = "More than 0, or empty for never."
    reduces, halts = limits.get("reduce_drawdown_pct"), limits.get("halt_drawdown_pct")
    if reduces is not None and halts is not None and halts < reduces and not found:
        found["halt_drawdown_pct"] = "It halts after it reduces: not below the fall that reduces."
    return found
