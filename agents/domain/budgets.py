"""What an agent may spend on questions in a day: the day, and the sentence when it is used up."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from tradingfarm.kernel.money import plain


def budget_day(at: datetime) -> date:
    """The day that a moment of wall time belongs to; it begins at midnight UTC for all agents."""
    return at.astimezone(UTC).date()


@dataclass(frozen=True)
class OverBudget:
    """A question that is not asked. Dollars: of the day's budget, used of it, and wanted."""

    agent: str
    budget: Decimal
    used: Decimal
    wanted: Decimal

    @property
    def sentence(self) -> str:
        """Why, and what to do about it."""
        return (
            f"{self.agent} is over its budget: {plain(self.used)} of {plain(self.budget)} dollars"
            f" are used today (UTC) and this question may cost {plain(self.wanted)}. Raise its"
            " daily budget, or wait for midnight UTC."
        )
