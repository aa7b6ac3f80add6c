"""Triggers in words, for lists and pages."""

from market.domain.conditions import InvalidCondition, parse_condition, sentence
from triggers.domain.schedule import describe
from triggers.models import Trigger


def trigger_sentence(trigger: Trigger) -> str:
    """When it fires: 'AAPL, IBM is above 120', 'At 09:30 on every day (UTC)'.

    A stored condition that cannot be read any more says so.
    """
    if trigger.type == Trigger.Type.TIME:
        return f"{describe(cron=trigger.cron)} ({trigger.time_zone})"
    try:
        condition = parse_condition(trigger.condition)
    except InvalidCondition as error:
        return error.message
    return sentence(condition, symbol=", ".join(trigger.symbols))
