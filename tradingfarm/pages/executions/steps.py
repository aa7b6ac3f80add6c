"""The steps of a story, with the time that passed between them on both clocks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tradingfarm.pages.orders.spans import span_words


class Tone(StrEnum):
    """How a step is drawn."""

    DONE = "done"
    WAITING = "waiting"
    SINCE = "since"


@dataclass(frozen=True)
class Step:
    """One step. `part` is what its fragment shows, `stopped` the sentence where it ended here.

    `at` is wall time, `as_of` market time; `waited` and `moved` are what passed on either clock
    since the step before, in words, empty where nothing did or nobody knows.
    """

    name: str
    title: str
    icon: str
    part: object
    at: datetime | None = None
    as_of: datetime | None = None
    tone: Tone = Tone.DONE
    stopped: str = ""
    waited: str = ""
    moved: str = ""

    @property
    def look(self) -> str:
        """How it is drawn: a step at which the story stopped always looks so."""
        return "stopped" if self.stopped else self.tone.value

    @property
    def template(self) -> str:
        return f"executions/_{self.name}.html"


def timed(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps in their order, each with what passed since the newest time before it."""
    found: list[Step] = []
    at: datetime | None = None
    as_of: datetime | None = None
    for step in steps:
        found.append(
            replace(step, waited=_between(at, step.at), moved=_between(as_of, step.as_of))
        )
        at, as_of = _later(at, step.at), _later(as_of, step.as_of)
    return tuple(found)


def _between(before: datetime | None, now: datetime | None) -> str:
    if before is None or now is None or now <= before:
        return ""
    return span_words(now - before)


def _later(before: datetime | None, now: datetime | None) -> datetime | None:
    return now if before is None or (now is not None and now > before) else before
