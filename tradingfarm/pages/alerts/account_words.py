"""What alerts of an account, its key, its positions and its exchange say."""

from collections.abc import Callable, Mapping

from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.alerts.known import Known
from tradingfarm.pages.alerts.parts import (
    Told,
    account_of,
    actor_of,
    number_of,
    sentence,
    settings_of,
    symbol_of,
    text_of,
)

SWITCHES = {
    "rejects_orders": ("refuses every new order", "takes orders again"),
    "is_out": ("does not answer", "answers again"),
}


def _differs(event: JournalEvent, known: Known) -> Told:
    words = sentence(text_of(event.payload, "words"))
    said = f"{words} Found twice, it only reduces until a person decides.".strip()
    return "The account differs from its exchange", said, account_of(event)


def _key_stored(event: JournalEvent, known: Known) -> Told:
    said = f"By {actor_of(event)}; its fingerprint is {text_of(event.payload, 'fingerprint')}."
    return "The account was given a key", said, account_of(event)


def _key_forgotten(event: JournalEvent, known: Known) -> Told:
    said = f"By {actor_of(event)}. Nothing can be sent or asked until it has another one."
    return "The account's key was forgotten", said, account_of(event)


def _confirmed(event: JournalEvent, known: Known) -> Told:
    said = f"By {actor_of(event)}, for a day."
    return "Agents may trade real money", said, account_of(event)


def _withdrawn(event: JournalEvent, known: Known) -> Told:
    said = f"By {actor_of(event)}. Exits and stops go on."
    return "Agents enter nothing with real money", said, account_of(event)


def _switched(event: JournalEvent, known: Known) -> Told:
    on, off = SWITCHES.get(text_of(event.payload, "switch"), ("was switched", "was switched"))
    words = on if event.payload.get("on") else off
    return f"The paper exchange {words}", f"By {actor_of(event)}.", account_of(event)


def _split(event: JournalEvent, known: Known) -> Told:
    payload = event.payload
    symbol = symbol_of(event, known) or "a position"
    ratio = f"{payload.get('numerator', '?')} for {payload.get('denominator', '?')}"
    before, after = (number_of(payload.get(f"quantity_{name}")) for name in ("before", "after"))
    paid = number_of(payload.get("cash_in_lieu"))
    said = f"{before} became {after}, at the same cost." if after else ""
    if paid not in ("", "0"):
        said += f" {paid} were paid for the fraction."
    return f"Shares of {symbol} were split {ratio}", said.strip(), account_of(event)


def _missing(event: JournalEvent, known: Known) -> Told:
    symbol = text_of(event.payload, "symbol") or "A position"
    quantity = number_of(event.payload.get("quantity"))
    seconds = text_of(event.payload, "seconds")
    said = f"{quantity} for {seconds} s." if seconds else ""
    return f"{symbol} has no working stop", said, settings_of(event)


ACCOUNT_WORDS: Mapping[str, Callable[[JournalEvent, Known], Told]] = {
    "account.differs": _differs,
    "account.key_forgotten": _key_forgotten,
    "account.key_stored": _key_stored,
    "account.live_confirmed": _confirmed,
    "account.live_withdrawn": _withdrawn,
    "account.paper_switched": _switched,
    "position.split": _split,
    "protection.missing": _missing,
}
