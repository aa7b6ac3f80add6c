"""Named places in the farm's code at which a process of a campaign dies, or stands still.

A point names a function where it is used and a moment of its call. `install` wraps that function
in the process that is to be struck; the farm's own code knows nothing of it.
"""

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from signal import Signals
from typing import Any

Function = Callable[..., Any]
OURS = (__file__, contextlib.__file__)


class Moment(StrEnum):
    """When it strikes. The last two are for functions that open a transaction."""

    ENTERED = "entered"
    LEFT = "left"
    BEFORE_COMMIT = "before commit"
    AFTER_COMMIT = "after commit"


class Needs(StrEnum):
    """What has to go on for a point to be reached, and by whom: who is struck follows from it."""

    ORDERS = "orders"
    CANCELS = "cancels"
    DOUBT = "doubt"
    STOP = "stop"
    DECISION = "decision"
    HALT = "halt"
    ENGINE = "engine"
    WORKER = "worker"


@dataclass(frozen=True)
class Point:
    """One place. `where` is module:name; `within` is the function that must have called it.

    `most` bounds the number of the call that is struck, counted from one.
    """

    name: str
    needs: Needs
    where: str
    moment: Moment
    within: str = ""
    most: int = 3


class Strike:
    """A signal to this very process, at a chosen call."""

    def __init__(self, *, at_call: int, signal: Signals) -> None:
        self._left = at_call
        self._signal = signal

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._signal)


def install(point: Point, strike: Callable[[], None]) -> None:
    """From now on `strike` is called at every passage of the point in this process."""
    owner, name = _found(point.where)
    original: Function = getattr(owner, name)
    if point.moment in (Moment.ENTERED, Moment.LEFT):
        setattr(owner, name, _around(original, point, strike))
    else:
        setattr(owner, name, _committing(original, point, strike))


def _found(where: str) -> tuple[object, str]:
    """The module or class that holds the function, and its name there."""
    module, _, path = where.partition(":")
    owner: object = importlib.import_module(module)
    *classes, name = path.split(".")
    for each in classes:
        owner = getattr(owner, each)
    return owner, name


def _around(original: Function, point: Point, strike: Callable[[], None]) -> Function:
    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        concerns = _is_within(point)
        if concerns and point.moment is Moment.ENTERED:
            strike()
        result = original(*arguments, **named)
        if concerns and point.moment is Moment.LEFT:
            strike()
        return result

    return wrapped


def _committing(original: Function, point: Point, strike: Callable[[], None]) -> Function:
    @functools.wraps(original)
    def wrapped() -> AbstractContextManager[None]:
        concerns = _is_within(point)
        return _struck(original, point.moment, strike) if concerns else original()

    return wrapped


@contextmanager
def _struck(original: Function, moment: Moment, strike: Callable[[], None]) -> Iterator[None]:
    with original():
        yield
        if moment is Moment.BEFORE_COMMIT:
            strike()
    if moment is Moment.AFTER_COMMIT:
        strike()


def _is_within(point: Point) -> bool:
    """Whether the wrapped function was called by the one that the point names, if it does."""
    return not point.within or _caller() == point.within


def _caller() -> str:
    """Who called what is wrapped, perhaps more than once: the first one that is not of here."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in OURS:
        frame = frame.f_back
    return frame.f_code.co_name
