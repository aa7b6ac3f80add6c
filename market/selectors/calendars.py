"""The hours of real markets, from the exchange_calendars library, read once for each process."""

import warnings
from datetime import UTC
from functools import cache

from market.domain.sessions import Calendar, ListedSessions, RoundTheClock, Session

ALWAYS_OPEN = "24/7"
# The library's own default starts twenty years ago and would not know candles of 2000.
FIRST, LAST = "1990-01-01", "2040-12-31"


@cache
def calendar_of(name: str) -> Calendar:
    """The calendar of an instrument: '24/7', or a market's code such as 'XNYS' (1990 to 2040).

    Holidays to come are the known rules; unplanned closings of the future cannot be known. Raises
    exchange_calendars.errors.InvalidCalendarName for a code that the library does not have.
    """
    if name == ALWAYS_OPEN:
        return RoundTheClock()
    # On first use, because pandas comes along: more than a second of start that the pages and an
    # idle sender need not wait for.
    import exchange_calendars  # noqa: PLC0415 - slow to import

    with warnings.catch_warnings():
        # The library reads Series.values, which pandas 3.1 announces to change one day.
        warnings.simplefilter("ignore", category=DeprecationWarning)
        hours = exchange_calendars.get_calendar(name, start=FIRST, end=LAST)
    rows = zip(hours.sessions.date, hours.opens, hours.closes, strict=True)
    return ListedSessions(
        [
            Session(
                day,
                opens_at.to_pydatetime().astimezone(UTC),
                closes_at.to_pydatetime().astimezone(UTC),
            )
            for day, opens_at, closes_at in rows
        ]
    )
