"""What is wrong with a trigger's settings, field by field, in words for the person who set it."""

from collections.abc import Callable
from datetime import datetime

from market.domain.conditions import InvalidCondition, parse_condition
from triggers.domain.schedule import InvalidSchedule, Missed, check_schedule
from triggers.models import Trigger
from triggers.selectors.instruments import instruments_on, symbols_on

Problems = dict[str, str]
SHOWN = 12
NAME_LENGTH = 80


def problems_of(*, trigger: Trigger, at: datetime) -> Problems:
    """Problems by field name; empty when the trigger may be stored. `at` is wall time."""
    specific: dict[str, Callable[[], Problems]] = {
        Trigger.Type.TIME: lambda: _time_problems(trigger, at),
        Trigger.Type.PRICE: lambda: _price_problems(trigger),
    }
    check = specific.get(trigger.type)
    if check is None:
        return {"type": f"{trigger.type!r} is no type of trigger; use 'time' or 'price'."}
    return _common_problems(trigger) | check()


def _common_problems(trigger: Trigger) -> Problems:
    found: Problems = {}
    if not 0 < len(trigger.name.strip()) <= NAME_LENGTH:
        found["name"] = f"Give the trigger a name of 1 to {NAME_LENGTH} characters."
    if trigger.team.owner_id != trigger.owner_id:
        found["team"] = "That team belongs to somebody else; choose one of the trigger's owner."
    if trigger.max_executions_per_hour < 1:
        found["max_executions_per_hour"] = "Allow at least one an hour, or disable the trigger."
    if trigger.min_interval_seconds < 0:
        found["min_interval_seconds"] = "A pause cannot be negative; 0 is no pause."
    if trigger.missed not in list(Missed):
        found["missed"] = f"{trigger.missed!r} is no policy; use 'skip' or 'once'."
    return found


def _time_problems(trigger: Trigger, at: datetime) -> Problems:
    found: Problems = {}
    if trigger.symbols:
        found["symbols"] = "A time trigger has no symbols; leave this empty."
    if trigger.condition:
        found["condition"] = "A time trigger has no condition; leave this empty."
    try:
        check_schedule(cron=trigger.cron, time_zone=trigger.time_zone, after=at)
    except InvalidSchedule as error:
        found[error.field] = error.message
    return found


def _price_problems(trigger: Trigger) -> Problems:
    found = _symbol_problems(trigger)
    if trigger.cron:
        found["cron"] = "A price trigger has no schedule; leave this empty."
    problem = _condition_problem(trigger.condition)
    if problem:
        found["condition"] = problem
    return found


def _condition_problem(condition: object) -> str:
    if not isinstance(condition, dict):
        return 'Give the condition as an object: {"condition": "above", "threshold": "120.5"}.'
    try:
        parse_condition(condition)
    except InvalidCondition as error:
        return error.message
    return ""


def _symbol_problems(trigger: Trigger) -> Problems:
    if trigger.feed is None:
        return {"feed": "A price trigger needs a feed; choose whose prices it watches."}
    symbols = trigger.symbols
    if not isinstance(symbols, list) or not all(isinstance(one, str) for one in symbols):
        return {"symbols": 'Give the symbols as a list of texts, such as ["AAPL"].'}
    if not symbols:
        return {"symbols": "Name at least one symbol to watch."}
    unknown = sorted(set(symbols) - instruments_on(feed=trigger.feed, symbols=symbols).keys())
    if not unknown:
        return {}
    known = ", ".join(symbols_on(feed=trigger.feed)[:SHOWN]) or "none"
    return {"symbols": f"{trigger.feed} has no prices of {', '.join(unknown)}; it has: {known}."}
