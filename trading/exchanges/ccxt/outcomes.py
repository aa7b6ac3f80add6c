"""What an answer proves. Anything that is not proved here is UNKNOWN.

Exceptions of the libraries play no part: only what went over the wire does.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading.domain.exchange import Outcome, OutcomeKind
from trading.exchanges.ccxt.answers import ACCEPTED, CODES, fits
from trading.exchanges.ccxt.terms import Refusals, VenueTerms

OK = 200


class HeldBack(Exception):
    """A request that was not sent, for a reason of ours."""


class Fate(StrEnum):
    """How far a request came.

    NEVER_CONNECTED: no byte of it was written. LOST: the venue may have read it, and no whole
    answer came back.
    """

    NEVER_CONNECTED = "never_connected"
    LOST = "lost"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Trip:
    """One request and what came of it. `body` is parsed JSON, None where there was none.

    `midway` is wall time in the middle between request and answer.
    """

    method: str
    path: str
    fate: Fate
    status: int = 0
    body: object = None
    problem: str = ""
    midway: datetime | None = None

    def __str__(self) -> str:
        if self.fate is not Fate.ANSWERED:
            return f"{self.method} {self.path}: {self.problem}"
        return f"{self.method} {self.path}: HTTP {self.status}"


def outcome_of(trip: Trip, *, terms: VenueTerms, client_id: str) -> Outcome:
    """What became of the order that this request carried. `client_id` is as the venue got it."""
    if trip.fate is Fate.NEVER_CONNECTED:
        return Outcome(OutcomeKind.REJECTED, problem="Nothing was sent: the venue is not reached.")
    if trip.fate is Fate.LOST or trip.body is None:
        return _unknown(terms, str(trip))
    order_id, repeated = ACCEPTED[terms.ccxt_id](trip.body)
    if order_id:  # then it is no refusal, whatever else it says
        return _accepted(trip, terms, order_id, is_mine=repeated in ("", client_id))
    refused = proof(terms.refusals, trip, terms=terms)
    if refused:
        return Outcome(OutcomeKind.REJECTED, problem=refused)
    slow = proof(terms.rate_limits, trip, terms=terms)
    if slow:
        return Outcome(OutcomeKind.RATE_LIMITED, problem=slow)
    return _unclear(trip, terms)


def _accepted(trip: Trip, terms: VenueTerms, order_id: str, *, is_mine: bool) -> Outcome:
    if trip.status != OK or CODES[terms.ccxt_id](trip.body):
        return _unclear(trip, terms)
    if not is_mine:
        return _unknown(terms, f"{trip} tells of another order, {order_id}.")
    return Outcome(OutcomeKind.ACCEPTED, exchange_order_id=order_id)


def proof(table: Refusals, trip: Trip, *, terms: VenueTerms) -> str:
    """Why, in a sentence, if every code of the answer is in the table; empty otherwise."""
    if trip.fate is not Fate.ANSWERED:
        return ""
    codes = CODES[terms.ccxt_id](trip.body)
    sentences = [table.sentence(code, status=trip.status) for code in codes]
    if not sentences or not all(sentences):
        return ""
    return f"{sentences[0]} {terms.title} said: {_told(codes)}"[:200]


def is_sound(trip: Trip, *, terms: VenueTerms) -> bool:
    """Whether the answer to a question can be believed: complete, and of a reviewed form."""
    shape = terms.shape_of(trip.path)
    return (
        trip.fate is Fate.ANSWERED
        and trip.status == OK
        and shape is not None
        and not CODES[terms.ccxt_id](trip.body)
        and fits(shape, trip.body)
    )


def _unclear(trip: Trip, terms: VenueTerms) -> Outcome:
    codes = CODES[terms.ccxt_id](trip.body)
    return _unknown(terms, f"{trip} {_told(codes)}".rstrip())


def _unknown(terms: VenueTerms, what: str) -> Outcome:
    problem = f"What became of it is not proved. {terms.title}: {what}"
    return Outcome(OutcomeKind.UNKNOWN, problem=problem[:200])


def _told(codes: tuple[str, ...]) -> str:
    return "; ".join(codes)
