"""One hand-driven time for a whole story: the sender's, the database's and the exchange's.

What the farm waits for by its clock (budgets, the proof of absence, pauses) then takes no time at
all, and all three agree to the second. The wire's own waiting is real.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.backends.signals import connection_created

from tests.exchanges.serving import ServedExchange
from tradingfarm.kernel.clock import SystemClock

# Named before pg_catalog in the search path, so that every statement of the farm asks this one.
MAKE = """
CREATE SCHEMA IF NOT EXISTS by_hand;
CREATE OR REPLACE FUNCTION by_hand.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT pg_catalog.clock_timestamp()
     + coalesce(nullif(current_setting('by_hand.ahead', true), ''), '0')::float8
     * interval '1 second' $$
"""
SEE = "SET search_path = by_hand, pg_catalog, public; SET synchronous_commit = off"
TELL = "SELECT set_config('by_hand.ahead', %s, false)"


class HandClock:
    """Wall time of this machine and `ahead` of it; sleeping moves everybody's time at once."""

    def __init__(self, *, venue: ServedExchange) -> None:
        self.ahead = 0.0
        self._venue = venue
        self._machine = SystemClock()

    def now(self) -> datetime:
        return self._machine.now() + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.ahead += seconds
            self.tell()

    def tell(self) -> None:
        """Say to the exchange and to the database how late it is."""
        self._venue.do("clock", ahead=self.ahead)
        with connection.cursor() as cursor:
            cursor.execute(TELL, [str(self.ahead)])


@contextmanager
def database_by_hand(clock: HandClock) -> Iterator[None]:
    """Inside, the database tells the clock's time, on every connection that is made."""

    def see(**_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SEE)
            cursor.execute(TELL, [str(clock.ahead)])

    connection_created.connect(see)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
    try:
        yield
    finally:
        connection_created.disconnect(see)
        connection.close()
