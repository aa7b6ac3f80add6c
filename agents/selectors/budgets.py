"""What agents have spent on questions."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.budgets import budget_day
from agents.models import Spending


def used_today(*, agent_ids: Collection[UUID], at: datetime) -> dict[UUID, Decimal]:
    """Dollars used of the day's budget (UTC) at wall time `at`, open questions at their most.

    An agent that asked nothing today is missing. One query.
    """
    found = Spending.objects.filter(agent_id__in=agent_ids, day=budget_day(at))
    return {each.agent_id: each.spent + each.reserved for each in found}
