"""One sentence on what answers for the agents of an account."""

from decimal import Decimal

from django.conf import settings

from agents.models import Agent
from agents.worlds import CLAUDE
from trading.models import Account
from tradingfarm.kernel.money import plain

SWITCH = ".venv/bin/python manage.py use_provider"


def minds_of(account: Account) -> str:
    """What answers for the agents that trade `account`, its cost, and how to change it."""
    agents = Agent.objects.filter(seats__team__sessions__account=account).distinct()
    asking = list(agents.filter(provider=CLAUDE))
    if asking:
        return _claude(asking)
    if settings.ANTHROPIC_API_KEY:
        return (
            "ANTHROPIC_API_KEY is set, but its agents run on built-in rules as before;"
            f" `{SWITCH} anthropic` makes them Claude"
        )
    return "its agents run on built-in rules: no model is asked, nothing is spent"


def _claude(asking: list[Agent]) -> str:
    if not settings.ANTHROPIC_API_KEY:
        return (
            f"{len(asking)} of its agents are Claude and cannot answer without ANTHROPIC_API_KEY:"
            f" set it, or use rules with `{SWITCH} rules`"
        )
    models = ", ".join(sorted({agent.model or settings.ANTHROPIC_MODEL for agent in asking}))
    dollars = plain(sum((agent.daily_budget for agent in asking), Decimal(0)))
    return (
        f"{len(asking)} of its agents are Claude ({models}) and may spend {dollars} dollars a day"
        f" together; `{SWITCH} rules` costs nothing"
    )
