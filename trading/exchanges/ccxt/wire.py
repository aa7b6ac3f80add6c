"""The one line to a venue: what leaves here leaves once, and what came back is written down.

This is the session that ccxt sends through. It follows no redirects, repeats nothing, keeps no
cookies and reads no settings of the machine (proxies, .netrc). Imported at the first request only.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from trading.exchanges.ccxt.answers import text
from trading.exchanges.ccxt.budget import Budget
from trading.exchanges.ccxt.outcomes import Fate, HeldBack, Trip, proof
from trading.exchanges.ccxt.terms import VenueTerms
from tradingfarm.kernel.clock import Clock

# ccxt tells a venue through this header who sent its user.
FOREIGN_HEADERS = ("Referer",)
SLOW_DOWN = frozenset({418, 429})
REST = timedelta(seconds=5)
"""After a refusal for too many requests that says no time of its own."""
LONGEST_REST = timedelta(hours=1)


@dataclass
class Ticket:
    """The right to send one order request, until `deadline`."""

    deadline: datetime
    is_used: bool = False


class Wire(requests.Session):
    """One venue's session."""

    def __init__(self, *, terms: VenueTerms, clock: Clock) -> None:
        super().__init__()
        self.trust_env = False
        self._terms, self._clock = terms, clock
        self._questions = Budget(rate=terms.rate, burst=terms.burst)
        self._actions = Budget(rate=terms.action_rate, burst=terms.action_burst)
        self._trips: list[Trip] = []
        self._ticket: Ticket | None = None
        self._rests_until: datetime | None = None

    def take_breath(self) -> None:
        """Wait until a question may leave, before anybody has to wait for us."""
        self._wait(self._questions)

    def _wait(self, budget: Budget) -> None:
        self._clock.sleep(budget.wait(now=self._clock.now()).total_seconds())

    @contextmanager
    def listening(self) -> Iterator[list[Trip]]:
        """The requests that leave inside, as they come back."""
        self._trips = []
        yield self._trips

    @contextmanager
    def placing(self, *, deadline: datetime) -> Iterator[list[Trip]]:
        """Inside, one order request may leave until `deadline`, wall time, and nothing else."""
        self._ticket = Ticket(deadline)
        try:
            with self.listening() as trips:
                yield trips
        finally:
            self._ticket = None

    def send(self, request: requests.PreparedRequest, **arguments: Any) -> requests.Response:
        """Send and write down. Raises HeldBack before anything is sent, else as requests does."""
        method, path = request.method or "", self._path(request)
        self._let_through(method, path)
        for name in FOREIGN_HEADERS:
            request.headers.pop(name, None)
        sent_at = self._clock.now()
        try:
            response = super().send(request, **arguments | {"allow_redirects": False})
        except Exception as error:
            problem = type(error).__name__
            self._trips.append(Trip(method, path, _fate(error), problem=problem))
            raise
        trip = Trip(
            method,
            path,
            Fate.ANSWERED,
            status=response.status_code,
            body=_json(response),
            midway=sent_at + (self._clock.now() - sent_at) / 2,
        )
        self._trips.append(trip)
        self._heed(trip, response.headers.get("Retry-After", ""))
        return response

    def _path(self, request: requests.PreparedRequest) -> str:
        path, key = urlsplit(request.url or "").path, self._terms.topic_key
        return f"{path}/{_topic(request.body, key)}" if key else path

    def _let_through(self, method: str, path: str) -> None:
        now, budget = self._clock.now(), self._budget(method, path)
        if self._rests_until is not None and now < self._rests_until:
            raise HeldBack(f"{self._terms.title} asked to be left alone for a while.")
        if self._ticket is not None:
            self._use(self._ticket, method, path, now)
        elif self._is_order(method, path):
            raise HeldBack("An order request leaves with a ticket only.")
        else:
            self._wait(budget)
        budget.spend(now=self._clock.now())

    def _budget(self, method: str, path: str) -> Budget:
        asked = f"{method} {path}"
        is_action = any(fnmatchcase(asked, action) for action in self._terms.actions)
        return self._actions if is_action else self._questions

    def _is_order(self, method: str, path: str) -> bool:
        return method == "POST" and path.endswith(self._terms.order_path)

    def _use(self, ticket: Ticket, method: str, path: str, now: datetime) -> None:
        """An order waits for no budget, but it cannot overdraw it for ever."""
        if not self._is_order(method, path):
            raise HeldBack(f"{method} {path} is no order request.")
        if ticket.is_used:
            raise HeldBack("The order request was sent already.")
        if now + self._terms.shortest_expiry > ticket.deadline:
            raise HeldBack("The deadline of the order is too near, or has passed.")
        if self._actions.is_overdrawn(now=now):
            raise HeldBack("We sent too many orders already.")
        ticket.is_used = True

    def _heed(self, trip: Trip, retry_after: str) -> None:
        """A venue that says slow down is not asked again before it wants to be."""
        if trip.status in SLOW_DOWN or proof(self._terms.rate_limits, trip, terms=self._terms):
            self._rests_until = self._clock.now() + _rest(retry_after)


def _topic(data: object, key: str) -> str:
    """What a body asks for, where all questions go to one address."""
    body = json.loads(data) if isinstance(data, str | bytes) else {}
    return text(body, key) or text(body, "action", key)


def _fate(error: Exception) -> Fate:
    """Whether the request may have been read. Doubt is LOST, a failed TLS handshake, too."""
    reason = error.args[0] if error.args else None
    cause = getattr(reason, "reason", reason)
    is_before = isinstance(cause, NewConnectionError | ConnectTimeoutError)
    return Fate.NEVER_CONNECTED if is_before else Fate.LOST


def exact_json(text: str | bytes) -> object:
    """JSON with every fraction as the text that was sent. Raises ValueError, for NaN, too."""
    return json.loads(text, parse_float=str, parse_constant=_no_number)


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number.")


def _json(response: requests.Response) -> object:
    """The parsed body, or None for anything that is no object and no list."""
    try:
        body = exact_json(response.content)
    except ValueError:
        return None
    return body if isinstance(body, dict | list) else None


def _rest(retry_after: str) -> timedelta:
    """What the header asks for in whole seconds; a date or nonsense is our own rest."""
    if not retry_after.isdecimal():
        return REST
    return timedelta(seconds=min(int(retry_after), LONGEST_REST.total_seconds()))
