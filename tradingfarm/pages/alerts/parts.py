"""What the words of alerts are put together from."""

from collections.abc import Mapping

from django.urls import reverse

from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.money import NotAnAmount, amount, plain
from tradingfarm.pages.alerts.known import Known, subject_of, uuid_of

Told = tuple[str, str, str]
"""Title, sentence ('' where the title says it all) and address ('' without a page)."""


def actor_words(actor: str) -> str:
    """An actor for people: 'person:ada' is 'ada'."""
    return actor.partition(":")[2] or actor


def actor_of(event: JournalEvent) -> str:
    return actor_words(event.actor)


def account_of(event: JournalEvent) -> str:
    """The page of the account that the event is about."""
    sort, key = subject_of(event)
    return reverse("account-settings", args=[key]) if sort == "account" and key else ""


def risk_of(event: JournalEvent) -> str:
    """The risk page of the account in whose journal the event stands."""
    return _page_of(event, "account-risk")


def settings_of(event: JournalEvent) -> str:
    """The page of the account in whose journal the event stands."""
    return _page_of(event, "account-settings")


def _page_of(event: JournalEvent, name: str) -> str:
    sort, _, key = event.stream.partition(":")
    account = uuid_of(key)
    return reverse(name, args=[account]) if sort == "account" and account else ""


def problem_of(event: JournalEvent) -> str:
    return str(event.payload.get("problem") or "")


def number_of(value: object) -> str:
    """An amount as people write it; '' for what is none."""
    try:
        return plain(amount(str(value)))
    except NotAnAmount:
        return ""


def sum_of(value: object) -> str:
    """An amount of money to the cent; '' for what is none."""
    try:
        return f"{amount(str(value)):,.2f}"
    except NotAnAmount:
        return ""


def symbol_of(event: JournalEvent, known: Known) -> str:
    """The instrument that the payload names, '' where it names none that is known."""
    key = uuid_of(event.payload.get("instrument"))
    return known.names.get(key, "") if key else ""


def text_of(payload: Mapping[str, object], name: str) -> str:
    return str(payload.get(name) or "")


def sentence(text: str) -> str:
    """The text with one full stop at its end; '' stays so."""
    return f"{text.rstrip('.')}." if text else ""
