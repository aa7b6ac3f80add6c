"""Spans of days, and the smaller ones that a list offers within one."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

YEARS = 20


class Span(NamedTuple):
    """Days from `first` to `last`, both included; None where it is open."""

    first: date | None = None
    last: date | None = None


def parsed(text: str) -> date | None:
    """A day such as 2026-01-05; None for no text. Raises ValueError for anything else."""
    day = date.fromisoformat(text) if text else None
    if day and not 1 < day.year < 9999:
        raise ValueError(f"{text} is no day of this calendar.")
    return day


def narrower(span: Span, *, within: Span) -> Iterator[Span]:
    """What to choose next: years, a year's months, a month's days, as far as there are rows.

    The span itself comes first when it is a year or a month. The newest years come first.
    """
    if within.first is None or within.last is None:
        return
    if span.first and _is_month(span):
        yield span
        yield from _days(span.first, within)
    elif span.first and _is_year(span):
        yield span
        yield from _touching(_months(span.first.year), within)
    else:
        years = range(within.last.year, within.first.year - 1, -1)
        yield from map(_year, years[:YEARS])


def shown_as(span: Span) -> str:
    """A year, a month or a day, as a person reads it."""
    if span.first is None or span.last is None:
        return "All"
    if _is_year(span):
        return str(span.first.year)
    return f"{span.first:%B %Y}" if _is_month(span) else f"{span.first:%d %b %Y}".lstrip("0")


def _is_year(span: Span) -> bool:
    return span.first is not None and span == _year(span.first.year)


def _is_month(span: Span) -> bool:
    return span.first is not None and span == _month(span.first.year, span.first.month)


def _year(year: int) -> Span:
    return Span(date(year, 1, 1), date(year, 12, 31))


def _month(year: int, month: int) -> Span:
    return Span(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _months(year: int) -> Iterator[Span]:
    return (_month(year, month) for month in range(1, 13))


def _days(first: date, within: Span) -> Iterator[Span]:
    length = monthrange(first.year, first.month)[1]
    days = (first + timedelta(days=number) for number in range(length))
    return _touching((Span(day, day) for day in days), within)


def _touching(spans: Iterator[Span], within: Span) -> Iterator[Span]:
    """Those that have a day in common with `within`."""
    for span in spans:
        if span.last >= within.first and span.first <= within.last:  # type: ignore[operator]  # both are closed
            yield span
