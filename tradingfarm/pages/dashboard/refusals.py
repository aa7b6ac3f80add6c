"""What the risk gate refused, in sentences."""

from collections.abc import Iterable, Mapping, Sequence

SENTENCES: Mapping[str, str] = {
    "AGENT_TRADING_ENABLED": "Trading by agents is switched off for the whole farm.",
    "PERMISSION_ACTIVE": "The agent's permission on this account is {number}.",
    "HALT_STATE": "The account is {number}; it lets no such order out.",
    "SYMBOL_ALLOWED": "{number} is not among the symbols that the agent may trade ({limit}).",
    "STALE_PRICE": "The price was too old: {number}, at most {limit} is accepted.",
    "PRICE_COLLAR": "The price was {number} away from the last trade; the collar is {limit}.",
    "TRADING_HOURS": "Outside of trading hours: {number}; needed: {limit}.",
    "STOP_REQUIRED": "The protection did not fit: {number}; needed: {limit}.",
    "ORDER_SIZE": "The order was worth {number}; the largest allowed is {limit}.",
    "POSITION_SIZE": "The agent's position would be worth {number}; the limit is {limit}.",
    "ALLOCATION": "The account's whole position would be worth {number}; {limit} are allowed.",
    "BUYING_POWER": "It could cost {number}; {limit} of cash is free.",
    "POSITION_HELD": "{number} were to be sold, {limit} are held and free.",
    "MINIMUM_SIZE": "A size of {number} does not fit: {limit}.",
    "DAILY_ENTRIES": "It would be entry {number} of the day; {limit} are allowed.",
    "DAILY_LOSS": "{number} were lost today; the limit is {limit}.",
    "OPEN_POSITIONS": "It would make {number} open positions; {limit} are allowed.",
    "UNRESOLVED": "An order in this symbol has an unknown outcome; nothing is added until then.",
    "DUPLICATE": "The agent has an order alike at work, or had one within the last minute.",
}


def sentences_of(
    *, denials: Iterable[str], checks: Sequence[Mapping[str, object]]
) -> tuple[str, ...]:
    """One sentence for each denial code, with the number and the limit that the check stored."""
    found = {str(check.get("code")): check for check in checks}
    return tuple(_sentence(code, found.get(code, {})) for code in denials)


def _sentence(code: str, check: Mapping[str, object]) -> str:
    text = SENTENCES.get(code)
    if text is None or "number" not in check:
        return f"Refused: {code.replace('_', ' ').lower()}."
    return text.format(number=check["number"], limit=check.get("limit", ""))
