"""What agents' models were paid, from the sum of each day: no question is counted again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from agents.domain.budgets import budget_day
from agents.models import Member, Spending
from trading.models import Permission
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class Cost:
    """Dollars, so far and of them on the running day of budgets (UTC)."""

    so_far: Decimal = ZERO
    today: Decimal = ZERO


def costs_of(*, agent_ids: Collection[UUID], at: datetime) -> dict[UUID, Cost]:
    """What each agent's model was paid by wall time `at`; who was never asked is missing.

    One query.
    """
    rows = Spending.objects.filter(agent__in=agent_ids).values("agent").order_by()
    totals = rows.annotate(
        so_far=Sum("spent"), today=Sum("spent", filter=Q(day=budget_day(at)), default=ZERO)
    )
    return {
        agent: Cost(so_far, today)
        for agent, so_far, today in totals.values_list("agent", "so_far", "today")
    }


def account_costs(*, account_id: UUID) -> dict[UUID, Decimal]:
    """Dollars so far of each agent that may trade on the account, or sits in a team that did.

    All that its model was paid: an agent that works for two accounts costs both. One query.
    """
    traders = Permission.objects.filter(account=account_id).values("agent_id")
    seats = Member.objects.filter(team__sessions__account=account_id).values("agent")
    rows = Spending.objects.filter(Q(agent__in=traders) | Q(agent__in=seats))
    totals = rows.values("agent").order_by().annotate(total=Sum("spent"))
    return dict(totals.values_list("agent", "total"))
