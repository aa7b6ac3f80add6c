"""What a trigger will do, said while it is being written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from market.domain.candles import Timeframe
from market.domain.conditions import InvalidCondition, sentence
from market.models import Feed, Replay
from tradingfarm.pages.markets.feeds import present_of
from tradingfarm.pages.triggers.drafts import condition_of
from tradingfarm.pages.triggers.drawing import Look, looks
from tradingfarm.pages.triggers.forms import TriggerForm
from tradingfarm.pages.triggers.page import due_times
from triggers.domain.schedule import InvalidSchedule, describe
from triggers.models import Trigger
from triggers.selectors.instruments import instruments_on

NEXT = 5


@dataclass(frozen=True)
class Preview:
    """The sentence so far, or in `missing` why there is none yet.

    `due` are the next five due times (UTC) on the clock of the chosen feed, `looks` how often a
    price condition would have fired.
    """

    sentence: str = ""
    missing: str = ""
    time_zone: str = "UTC"
    due: tuple[datetime, ...] = ()
    looks: tuple[Look, ...] = ()


def preview_of(*, form: TriggerForm, now: datetime) -> Preview:
    """The preview of a bound form, complete or not. Two queries for a price, none for a time."""
    form.is_valid()
    fields = form.cleaned_data
    if form.type_now == Trigger.Type.TIME:
        return _of_schedule(form, fields, now)
    return _of_price(form, fields, now)


def _of_schedule(form: TriggerForm, fields: Mapping[str, Any], now: datetime) -> Preview:
    # A field with a problem is missing from the fields.
    cron, zone = fields.get("cron", ""), fields.get("time_zone", "")
    if not cron or not zone:
        return Preview(missing=_first_problem(form, "cron", "time_zone"))
    clock = _clock(fields.get("feed"), now)
    try:
        due = due_times(cron=cron, zone=zone, after=clock, most=NEXT)
    except InvalidSchedule as problem:
        return Preview(missing=problem.message)
    return Preview(sentence=f"{describe(cron=cron)} ({zone})", time_zone=zone, due=due)


def _of_price(form: TriggerForm, fields: Mapping[str, Any], now: datetime) -> Preview:
    feed, symbols = fields.get("feed"), fields.get("symbols") or []
    try:
        condition = condition_of(fields=fields)
    except InvalidCondition:
        return Preview(missing=_first_problem(form, "threshold", "bars"))
    words = sentence(condition, symbol=", ".join(symbols) or "…")
    if feed is None or not symbols:
        return Preview(sentence=words, missing=_first_problem(form, "feed", "symbols"))
    replay: Replay | None = getattr(feed, "replay", None)
    found = looks(
        condition=condition,
        feed_name=feed.name,
        timeframe=Timeframe(replay.timeframe) if replay else Timeframe.D1,
        instruments=instruments_on(feed=feed, symbols=symbols),
        until=_clock(feed, now),
    )
    return Preview(sentence=words, looks=found)


def _clock(feed: Feed | None, now: datetime) -> datetime:
    return now if feed is None else present_of(feed=feed, now=now)


def _first_problem(form: TriggerForm, *names: str) -> str:
    problems = [problem for name in names for problem in form.errors.get(name, [])]
    return str(problems[0]) if problems else "Something is still missing."
