"""Questions to a venue: an answer that can be believed, or ExchangeUnavailable."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from trading.domain.exchange import ExchangeUnavailable
from trading.exchanges.ccxt.client import FRESH_MARKETS, Api, Client
from trading.exchanges.ccxt.outcomes import HeldBack, Trip, is_sound, proof
from trading.exchanges.ccxt.terms import Refusals, VenueTerms

MOST_PAGES = 200

Cursor = Any
"""What the next page begins with; a page's own kind of thing."""
Page = Callable[[Cursor], Any]


@dataclass(frozen=True)
class Answered:
    """What ccxt made of an answer, and the request that it came to."""

    found: Any
    trip: Trip

    @property
    def body(self) -> object:
        return self.trip.body


class Asker:
    """Asks one venue. ccxt may not raise for an answer that says nothing; the wire tells."""

    def __init__(self, *, client: Client, terms: VenueTerms) -> None:
        self.client, self.terms = client, terms

    @property
    def api(self) -> Api:
        return self.client.api

    def ready(self) -> None:
        """Have markets that are not old, or raise ExchangeUnavailable and keep the old ones."""
        if self.client.markets_are_older_than(FRESH_MARKETS):
            markets, currencies = self.ask(self.client.fetch_markets).found
            if not markets:
                raise ExchangeUnavailable(f"{self.terms.title} names no markets.")
            with self.client.lock:
                self.client.take_markets(markets, currencies)

    def ask(self, call: Callable[[], Any]) -> Answered:
        """Raises ExchangeUnavailable."""
        self.client.wire.take_breath()
        found, trips, failure = self._call(call)
        return self._believed(found, trips, failure)

    def ask_unless(self, call: Callable[[], Any], *, unless: Refusals) -> Answered | None:
        """None when the venue says what the table names. Raises ExchangeUnavailable."""
        self.client.wire.take_breath()
        return self.tell_unless(call, unless=unless)

    def tell_unless(self, call: Callable[[], Any], *, unless: Refusals) -> Answered | None:
        """The same for what does something, and is not counted as a question."""
        found, trips, failure = self._call(call)
        if trips and proof(unless, trips[-1], terms=self.terms):
            return None
        return self._believed(found, trips, failure)

    def pages(self, page: Page, *, cursor: Callable[[Answered], Cursor]) -> list[Any]:
        """The rows of all pages; `cursor` is what asks for the next one, empty after the last.

        Raises ExchangeUnavailable, also for a venue that never comes to an end, and for a page
        that does not lead on: what is behind it cannot be read.
        """
        rows: list[Any] = []
        asked: Cursor = None
        for _ in range(MOST_PAGES):
            answered = self.ask(partial(page, asked))
            rows.extend(answered.found)
            following = cursor(answered)
            if not following:
                return rows
            if following == asked:
                break
            asked = following
        raise ExchangeUnavailable(f"{self.terms.title} has more pages than can be read.")

    def _call(self, call: Callable[[], Any]) -> tuple[Any, list[Trip], str]:
        """What ccxt made of it, the requests that left, and why it failed, if it did."""
        with self.client.lock, self.client.wire.listening() as trips:
            try:
                return call(), trips, ""
            except HeldBack as error:
                return None, trips, str(error)
            except Exception as error:  # noqa: BLE001 - ccxt raises anything at odd answers
                return None, trips, type(error).__name__

    def _believed(self, found: Any, trips: list[Trip], failure: str) -> Answered:  # noqa: ANN401 - it is ccxt's
        unsound = [trip for trip in trips if not is_sound(trip, terms=self.terms)]
        if failure or unsound or not trips:
            what = str(unsound[0]) if unsound else failure or "nothing was asked"
            problem = f"{self.terms.title} did not answer as it should: {what}"
            raise ExchangeUnavailable(problem[:200])
        return Answered(found, trips[-1])
