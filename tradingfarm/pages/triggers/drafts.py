"""Between the editor's fields and a trigger's settings, in both directions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from market.domain.conditions import (
    ChangePercent,
    Condition,
    InvalidCondition,
    as_mapping,
    parse_condition,
)
from tradingfarm.kernel.money import plain
from triggers.models import Trigger

RISES, FALLS, OPEN, BARS = "rises", "falls", "open", "bars"


def condition_of(*, fields: Mapping[str, Any]) -> Condition:
    """The condition that the fields name. Raises InvalidCondition, also for a missing number.

    The threshold of a rise or fall has no sign: its direction is the condition.
    """
    name, threshold = fields.get("condition"), fields.get("threshold")
    if threshold is None:
        is_change = name in (RISES, FALLS)
        example = "percentage, such as 3" if is_change else "price, such as 120.5"
        raise InvalidCondition(f"Type the {example}.")
    if name not in (RISES, FALLS):
        return parse_condition({"condition": name, "threshold": threshold})
    if threshold <= 0:
        raise InvalidCondition("Type a percentage above 0; the condition says which way.")
    return parse_condition(
        {
            "condition": "change_percent",
            "threshold": threshold if name == RISES else -threshold,
            "against": _against(fields),
        }
    )


def _against(fields: Mapping[str, Any]) -> str | int:
    if fields.get("against") != BARS:
        return OPEN
    return fields.get("bars") or 1


def settings_of(*, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What `triggers.services` take, from fields that are right: all but owner, type and name."""
    common = {
        name: fields[name]
        for name in ("team", "feed", "enabled", "max_executions_per_hour", "min_interval_seconds")
    }
    if fields["type"] == Trigger.Type.TIME:
        timing = {name: fields[name] for name in ("cron", "time_zone", "missed")}
        return common | timing | {"symbols": [], "condition": {}}
    condition = as_mapping(condition_of(fields=fields))
    return common | {"symbols": fields["symbols"], "condition": condition, "cron": ""}


def fields_of(*, trigger: Trigger) -> dict[str, Any]:
    """The editor's fields for a stored trigger."""
    return {
        "type": trigger.type,
        "name": trigger.name,
        "team": str(trigger.team_id),
        "feed": trigger.feed_id or "",
        "enabled": trigger.enabled,
        "symbols": trigger.symbols,
        "cron": trigger.cron,
        "time_zone": trigger.time_zone,
        "missed": trigger.missed,
        "max_executions_per_hour": trigger.max_executions_per_hour,
        "min_interval_seconds": trigger.min_interval_seconds,
    } | _condition_fields(trigger)


def _condition_fields(trigger: Trigger) -> dict[str, Any]:
    try:
        condition = parse_condition(trigger.condition)
    except InvalidCondition:
        return {}
    if not isinstance(condition, ChangePercent):
        mapping = as_mapping(condition)
        return {"condition": mapping["condition"], "threshold": mapping["threshold"]}
    against = condition.against
    return {
        "condition": RISES if condition.percent > 0 else FALLS,
        "threshold": plain(abs(Decimal(condition.percent))),
        "against": OPEN if against == OPEN else BARS,
        "bars": None if against == OPEN else against,
    }
