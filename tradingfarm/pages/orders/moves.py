"""An order's way through its states, with the wall time between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from trading.domain.states import TERMINAL, OrderState, Source
from trading.models import Order
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.dashboard.orders import STATE_WORDS
from tradingfarm.pages.orders.fills import FillLine
from tradingfarm.pages.orders.spans import span_words

APPROVED = "Approved by the risk gate"
FOUND = "Found at the exchange: nobody here made it"
EVENT_WORDS = {
    "order.accepted": "Accepted by the exchange",
    "order.amended": "Canceled to be replaced",
    "order.cancel_requested": "Its cancel was asked for",
    "order.not_amended": "It ended before it could be replaced",
    "order.reappeared": "It came back, though it was proved absent",
    "order.unknown": "Unknown: the exchange did not say what became of it",
}


@dataclass(frozen=True)
class Move:
    """One state of an order: since when (wall time), how long after the one before, and a note."""

    words: str
    at: datetime
    note: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    waited: str = ""
    is_last: bool = False


def moves_of(
    *, order: Order, fills: Iterable[FillLine], events: Iterable[JournalEvent] = ()
) -> tuple[Move, ...]:
    """From the approval to the end, or to now. `events` are the order's own of the journal."""
    is_ours = order.source != Source.EXTERNAL
    moves = [Move(APPROVED if is_ours else FOUND, order.approved_at)]
    if order.attempt_at is not None and is_ours:
        sender = f"by {order.sender}" if order.sender else ""
        moves.append(Move("Claimed, and sent once", order.attempt_at, sender))
    moves += [_event_move(event) for event in events if event.kind in EVENT_WORDS]
    moves += [Move("Filled", fill.at, "", fill.quantity, fill.price) for fill in fills]
    moves.sort(key=lambda move: move.at)
    if order.ended_at is not None:
        words = STATE_WORDS[OrderState(order.state)]
        moves.append(Move(f"Ended: {words}", order.ended_at, order.problem))
    elif order.state not in TERMINAL and order.problem:
        moves[-1] = replace(moves[-1], note=order.problem)
    return _timed(moves)


def _event_move(event: JournalEvent) -> Move:
    note = str(event.payload.get("problem") or "")
    if event.kind == "order.cancel_requested":
        note = f"by {event.actor.removeprefix('person:')}"
    return Move(EVENT_WORDS[event.kind], event.at, note)


def _timed(moves: Sequence[Move]) -> tuple[Move, ...]:
    found = [moves[0]]
    for before, move in pairwise(moves):
        waited = span_words(move.at - before.at) if move.at > before.at else ""
        found.append(replace(move, waited=waited))
    found[-1] = replace(found[-1], is_last=True)
    return tuple(found)
