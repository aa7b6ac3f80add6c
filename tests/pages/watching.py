"""Triggers of a farm, made as a person makes them, with what they did."""

from datetime import timedelta
from typing import Any

from tests.pages.farms import MARKET_NOW, Farm
from triggers.domain.causes import firing_id
from triggers.models import Firing, Trigger
from triggers.services import create_trigger

DIP = {"condition": "change_percent", "threshold": "-2", "against": "open"}


def price_trigger(farm: Farm, *, name: str = "Dip", **changes: Any) -> Trigger:
    values: dict[str, Any] = {
        "feed": farm.account.feed,
        "symbols": ["AAPL"],
        "condition": DIP,
    } | changes
    return create_trigger(
        owner=farm.owner,
        name=name,
        type="price",
        team=farm.team,
        actor="person:trader",
        at=farm.wall,
        **values,
    )


def time_trigger(farm: Farm, *, name: str = "Before the close", **changes: Any) -> Trigger:
    values: dict[str, Any] = {
        "feed": farm.account.feed,
        "cron": "45 15 * * 1-5",
        "time_zone": "America/New_York",
    } | changes
    return create_trigger(
        owner=farm.owner,
        name=name,
        type="time",
        team=farm.team,
        actor="person:trader",
        at=farm.wall,
        **values,
    )


def fired(farm: Farm, trigger: Trigger, *, hours_ago: int, refused: str = "") -> Firing:
    """One firing of a price trigger some hours of market time ago."""
    as_of = MARKET_NOW - timedelta(hours=hours_ago)
    return Firing.objects.create(
        id=firing_id(trigger=trigger.id, cause_key=f"{hours_ago}"),
        trigger=trigger,
        cause_key=f"{hours_ago}",
        title="AAPL falls 2 % or more from the day's open",
        evidence={"price": "39.02", "before": "39.90", "reference": "39.85", "symbol": "AAPL"},
        refused=refused,
        as_of=as_of,
        at=farm.wall - timedelta(minutes=hours_ago),
    )


def price_fields(farm: Farm, **changes: Any) -> dict[str, Any]:
    """The form as a browser sends it for a price."""
    return {
        "type": "price",
        "name": "Apple falls",
        "team": str(farm.team.id),
        "feed": str(farm.account.feed_id),
        "symbols": ["AAPL", "IBM"],
        "condition": "falls",
        "threshold": "2.5",
        "against": "open",
        "enabled": "on",
        "max_executions_per_hour": "12",
        "min_interval_seconds": "300",
    } | changes


def time_fields(farm: Farm, **changes: Any) -> dict[str, Any]:
    """The form as a browser sends it for a time."""
    kept = {"symbols": ["AAPL"], "condition": "falls", "threshold": "2.5"}
    return (
        price_fields(farm)
        | kept
        | {
            "type": "time",
            "name": "Morning",
            "cron": "30 9 * * 1-5",
            "time_zone": "America/New_York",
            "missed": "once",
        }
        | changes
    )
