"""What alerts of breakers, confirmations and overrides say."""

from collections.abc import Callable, Mapping

from django.urls import reverse

from trading.domain.states import BreakerKind
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.alerts.known import Known, subject_of, uuid_of
from tradingfarm.pages.alerts.parts import (
    Told,
    actor_of,
    number_of,
    risk_of,
    sentence,
    sum_of,
    symbol_of,
    text_of,
)
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.risk.breakers import NAMES


def _breaker(event: JournalEvent, known: Known) -> Told:
    payload = event.payload
    said = f"{text_of(payload, 'number')}, limit {text_of(payload, 'limit')}."
    halts = text_of(payload, "halts")
    if halts in ("REDUCING", "HALTED"):
        said += f" The account is {halts}."
    return f"Breaker tripped: {_named(event, known)}", said, risk_of(event)


def _released(event: JournalEvent, known: Known) -> Told:
    why = sentence(text_of(event.payload, "reason"))
    said = f"By {actor_of(event)}. {why}".strip()
    return f"Breaker released: {_named(event, known)}", said, risk_of(event)


def _named(event: JournalEvent, known: Known) -> str:
    """What it is of: an agent, an instrument, or the account that one looks at."""
    kind = text_of(event.payload, "breaker_kind")
    name = NAMES[BreakerKind(kind)] if kind in set(BreakerKind) else "a breaker"
    sort, key = subject_of(event)
    agent = known.names.get(key, "") if key and sort == "permission" else ""
    of = agent or symbol_of(event, known)
    words = f"{name[0].lower()}{name[1:]}"
    return f"{words}, {of}" if of else words


def _asked(event: JournalEvent, known: Known) -> Told:
    payload = event.payload
    symbol = symbol_of(event, known) or "an instrument"
    wanted = f"{text_of(payload, 'side')} {number_of(payload.get('quantity'))} {symbol}"
    said = (
        f"Worth {sum_of(payload.get('value'))}. It is not made unless a person says yes in time."
    )
    return f"Waits for you: {wanted.strip()}", said, risk_of(event)


def _confirmed(event: JournalEvent, known: Known) -> Told:
    order = uuid_of(event.payload.get("order"))
    address = reverse("order", args=[order]) if order else risk_of(event)
    return "An order was confirmed", f"By {actor_of(event)}. It went to the exchange.", address


def _refused(event: JournalEvent, known: Known) -> Told:
    """By a person, or by the gate when the person had said yes."""
    denials = event.payload.get("denials")
    if isinstance(denials, list) and denials:
        codes = [str(code) for code in denials]
        said = " ".join(sentences_of(denials=codes, checks=()))
        return "Confirmed, and refused by the risk gate", said, risk_of(event)
    why = sentence(text_of(event.payload, "reason"))
    return "An order was not confirmed", f"By {actor_of(event)}. {why}".strip(), risk_of(event)


def _expired(event: JournalEvent, known: Known) -> Told:
    said = "Nobody said yes within a quarter of an hour, so it was not made."
    return "An order waited too long", said, risk_of(event)


def _override(event: JournalEvent, known: Known) -> Told:
    code = text_of(event.payload, "code").replace("_", " ").lower()
    why = sentence(text_of(event.payload, "reason"))
    return f"One order may pass: {code}", f"By {actor_of(event)}. {why}".strip(), risk_of(event)


RISK_WORDS: Mapping[str, Callable[[JournalEvent, Known], Told]] = {
    "risk.breaker": _breaker,
    "risk.confirmation": _asked,
    "risk.confirmed": _confirmed,
    "risk.expired": _expired,
    "risk.override": _override,
    "risk.refused": _refused,
    "risk.released": _released,
}
