"""What an alert says: a title, a sentence, and the address that explains more."""

from collections.abc import Callable, Mapping

from django.urls import reverse

from trading.models import Order
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.money import plain
from tradingfarm.pages.alerts.account_words import ACCOUNT_WORDS
from tradingfarm.pages.alerts.known import Known, subject_of
from tradingfarm.pages.alerts.parts import Told, account_of, actor_of, number_of, problem_of
from tradingfarm.pages.alerts.risk_words import RISK_WORDS
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.orders.words import KIND_WORDS


def told(event: JournalEvent, known: Known) -> Told:
    """Title, sentence ('' where the title says it all) and address of an alert."""
    return WORDS[event.kind](event, known)


def _halted(event: JournalEvent, known: Known) -> Told:
    reason = str(event.payload.get("reason") or "")
    said = f"{reason.rstrip('.')}. " if reason else ""
    return "Trading is halted", f"{said}By {actor_of(event)}.", account_of(event)


def _released(event: JournalEvent, known: Known) -> Told:
    reason = str(event.payload.get("reason") or "")
    said = f" {reason.rstrip('.')}." if reason else ""
    return "Trading may go on", f"Released by {actor_of(event)}.{said}", account_of(event)


def _alarm(event: JournalEvent, known: Known) -> Told:
    sender = str(event.payload.get("sender", "")) or actor_of(event)
    return f"{sender} raised an alarm", str(event.payload.get("content", "")), _execution(event)


def _failed(event: JournalEvent, known: Known) -> Told:
    return "An execution failed", str(event.payload.get("problem", "")), _execution(event)


def _not_placed(event: JournalEvent, known: Known) -> Told:
    order = _order(event, known)
    return f"Not placed: {_wanted(order)}", problem_of(event), _order_address(order)


def _rejected(event: JournalEvent, known: Known) -> Told:
    order = _order(event, known)
    return f"The exchange rejected {_wanted(order)}", problem_of(event), _order_address(order)


def _unknown(event: JournalEvent, known: Known) -> Told:
    order = _order(event, known)
    said = "Nothing is added in this symbol until it is looked up."
    return f"The outcome of {_wanted(order)} is unknown", said, _order_address(order)


def _protection(event: JournalEvent, known: Known) -> Told:
    _, key = subject_of(event)
    found = known.protections.get(key) if key else None
    name = KIND_WORDS.get(str(event.payload.get("kind")), "Protection")
    symbol = found.instrument.symbol if found else "A position"
    price = number_of(event.payload.get("price"))
    order = str(event.payload.get("exit") or "")
    said = "Its exit order was made." if order else "No exit order could be made."
    address = reverse("order", args=[order]) if order else ""
    where = f"At {price}. " if price else ""
    return f"{name} of {symbol} reached", f"{where}{said}", address


def _unfilled(event: JournalEvent, known: Known) -> Told:
    _, key = subject_of(event)
    found = known.protections.get(key) if key else None
    symbol = found.instrument.symbol if found else "a position"
    name = KIND_WORDS.get(str(event.payload.get("kind")), "protection").lower()
    said = (
        f"{event.payload.get('failed', 'Several')} exits of its {name} traded nothing; the next"
        " ones go as deep as a liquidation."
    )
    order = str(event.payload.get("exit") or "")
    return f"{symbol} cannot be sold", said, reverse("order", args=[order]) if order else ""


def _external(event: JournalEvent, known: Known) -> Told:
    order = _order(event, known)
    said = "It was found at the exchange and nobody here made it. Entries in it are blocked."
    return f"Somebody else's order: {_wanted(order)}", said, _order_address(order)


def _reappeared(event: JournalEvent, known: Known) -> Told:
    order = _order(event, known)
    said = "It was proved absent and is there all the same. It is canceled; its trades are booked."
    return f"It came back: {_wanted(order)}", said, _order_address(order)


def _not_amended(event: JournalEvent, known: Known) -> Told:
    order = _order(event, known)
    said = "It ended before it could be replaced; what it was to become was not ordered."
    return f"Not changed: {_wanted(order)}", said, _order_address(order)


def _replay(event: JournalEvent, known: Known) -> Told:
    return "The replay has ended", "All of its candles were played; it never rewinds.", ""


def _denied(event: JournalEvent, known: Known) -> Told:
    _, key = subject_of(event)
    found = known.assessments.get(key) if key else None
    side, quantity = event.payload.get("side", ""), number_of(event.payload.get("quantity"))
    symbol = found.instrument.symbol if found else "an instrument"
    checks = found.checks if found else ()
    said = " ".join(sentences_of(denials=event.payload.get("denials", ()), checks=checks))
    execution = vars(found)["execution_id"] if found else None
    address = reverse("execution", args=[execution]) if execution else reverse("refusals")
    return f"Refused: {side} {quantity} {symbol}", said, address


def _stopped(event: JournalEvent, known: Known) -> Told:
    _, key = subject_of(event)
    found = known.sessions.get(key) if key else None
    team = found.team.name if found else "A team"
    reason = str(event.payload.get("reason") or "")
    said = f"{reason.rstrip('.')}. By {actor_of(event)}." if reason else f"By {actor_of(event)}."
    address = reverse("team", args=[found.team_id]) if found else ""
    return f"{team} no longer trades", said, address


WORDS: Mapping[str, Callable[[JournalEvent, Known], Told]] = {
    "account.halted": _halted,
    "account.released": _released,
    "agent.risk.alert": _alarm,
    "execution.failed": _failed,
    "order.external": _external,
    "order.not_amended": _not_amended,
    "order.not_placed": _not_placed,
    "order.reappeared": _reappeared,
    "order.rejected": _rejected,
    "order.unknown": _unknown,
    "protection.fired": _protection,
    "protection.unfilled": _unfilled,
    "replay.ended": _replay,
    "risk.denied": _denied,
    "session.stopped": _stopped,
    **ACCOUNT_WORDS,
    **RISK_WORDS,
}


def _execution(event: JournalEvent) -> str:
    sort, key = subject_of(event)
    return reverse("execution", args=[key]) if sort == "execution" and key else ""


def _order(event: JournalEvent, known: Known) -> Order | None:
    _, key = subject_of(event)
    return known.orders.get(key) if key else None


def _order_address(order: Order | None) -> str:
    return reverse("order", args=[order.id]) if order else ""


def _wanted(order: Order | None) -> str:
    if order is None:
        return "an order"
    return f"{order.side} {plain(order.quantity)} {order.instrument.symbol}"
