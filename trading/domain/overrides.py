"""What a person may let one order pass, for a reason and for a quarter of an hour."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from trading.domain.checks import OVERRIDABLE

OVERRIDE_WITHIN = timedelta(minutes=15)
"""The order has to be made by then, wall time."""
SHORTEST_REASON = 10
"""Characters, without the spaces around them."""


class NotOverridden(StrEnum):
    """Why a denial stays one."""

    NOT_DENIED = "NOT_DENIED"
    OTHER_CHECK = "OTHER_CHECK"
    NEVER = "NEVER"
    NO_REASON = "NO_REASON"


def refusal(
    *, approved: bool, denials: Collection[str], code: str, reason: str
) -> NotOverridden | None:
    """Why the check `code` of an assessment cannot be overridden, or None when it may be.

    Ceilings, halts, buying power, unknown outcomes and stale prices never are.
    """
    if approved:
        return NotOverridden.NOT_DENIED
    if code not in denials:
        return NotOverridden.OTHER_CHECK
    if code not in OVERRIDABLE:
        return NotOverridden.NEVER
    return NotOverridden.NO_REASON if len(reason.strip()) < SHORTEST_REASON else None
