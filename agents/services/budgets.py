"""Dollars are set aside before a question and settled after it, in the database: it fails closed.

What a crash or a lost lease cut short stays set aside until its day ends: nobody knows its cost.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import F

from agents.domain.budgets import OverBudget, budget_day
from agents.models import Agent, Spending


@dataclass(frozen=True)
class Reservation:
    """Dollars that an agent may spend on one question, and the day that they count for."""

    agent_id: UUID
    day: date
    dollars: Decimal


def reserve(
    *, agent_id: UUID, name: str, dollars: Decimal, at: datetime
) -> Reservation | OverBudget:
    """Set dollars aside at wall time `at`, or say that the day's budget does not hold them.

    The budget is the agent's present one, whichever version is asked, or the farm's ceiling where
    that is smaller. Of two that ask at the same moment for the last dollars, one gets them.
    """
    day = budget_day(at)
    own = Agent.objects.values_list("daily_budget", flat=True).get(id=agent_id)
    budget = min(own, settings.DAILY_BUDGET_CEILING)
    Spending.objects.bulk_create([Spending(agent_id=agent_id, day=day)], ignore_conflicts=True)
    today = Spending.objects.filter(agent_id=agent_id, day=day)
    # One table and no subquery: a waiting update looks again at what the one before it left.
    if today.filter(spent__lte=budget - dollars - F("reserved")).update(
        reserved=F("reserved") + dollars
    ):
        return Reservation(agent_id, day, dollars)
    row = today.get()
    return OverBudget(agent=name, budget=budget, used=row.spent + row.reserved, wanted=dollars)


def settle(*, reservation: Reservation, dollars: Decimal) -> None:
    """Replace what was set aside by what was spent, in the transaction that stores the call."""
    Spending.objects.filter(agent_id=reservation.agent_id, day=reservation.day).update(
        reserved=F("reserved") - reservation.dollars, spent=F("spent") + dollars
    )
