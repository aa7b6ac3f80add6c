"""What the risk gate refused, in sentences."""

from collections.abc import Iterable, Mapping, Sequence

SENTENCES: Mapping[str, str] = {
    "AGENT_TRADING_ENABLED": "Trading by agents is switched off for the whole farm.",
    "REAL_MONEY": "Real money is not risked: {number}; needed: {limit}.",
    "PERMISSION_ACTIVE": "The agent's permission on this account is {number}.",
    "READY": "The account is {number} with its exchange; nothing new goes out until they agree.",
    "HALT_STATE": "The account is {number}; it lets no such order out.",
    "BREAKERS": "A circuit breaker is tripped: {number}.",
    "SYMBOL_ALLOWED": "{number} is not among the symbols that the agent may trade ({limit}).",
    "STRATEGY_ALLOWED": "The strategy {number} is not among those it may use ({limit}).",
    "STALE_PRICE": "The price was too old: {number}, at most {limit} is accepted.",
    "PRICE_COLLAR": "The price was {number} away from the last trade; the collar is {limit}.",
    "TRADING_HOURS": "Outside of trading hours: {number}; needed: {limit}.",
    "VOLATILITY": "It swings {number} in a year; entries pause above {limit}.",
    "LIQUIDITY": "Only {number} are traded on an average day; {limit} are needed.",
    "VOLATILITY_INDEX": "The market's volatility index stands at {number}; the limit is {limit}.",
    "ORDER_TERMS": "The terms of this {number} order do not fit together; needed: {limit}.",
    "STOP_REQUIRED": "The protection did not fit: {number}; needed: {limit}.",
    "ORDER_SIZE": "The order was worth {number}; the largest allowed is {limit}.",
    "POSITION_SIZE": "The agent's position would be worth {number}; the limit is {limit}.",
    "ALLOCATION": "The account's whole position would be worth {number}; {limit} are allowed.",
    "AGENT_ALLOCATION": "The agent's positions would be worth {number}; its part is {limit}.",
    "SECTOR": "Its sector would be worth {number}; the account allows {limit}.",
    "TAINTED": "It rests on text from outside: {number}; allowed: {limit}.",
    "BUYING_POWER": "It could cost {number}; {limit} of cash is free.",
    "POSITION_HELD": "{number} were to be sold, {limit} are held and free.",
    "MINIMUM_SIZE": "A size of {number} does not fit: {limit}.",
    "DAILY_ENTRIES": "It would be entry {number} of the day; {limit} are allowed.",
    "ORDER_RATE": "It would be {number}; the account allows {limit}.",
    "COOLDOWN": "The agent's last entry was {number} ago; it has to wait {limit}.",
    "DAILY_LOSS": "{number} were lost today; the limit is {limit}.",
    "ACCOUNT_DAILY_LOSS": "The account lost {number} today; the limit is {limit}.",
    "DRAWDOWN": "The account fell {number} from its highest worth; the limit is {limit}.",
    "AGENT_PERFORMANCE": "On average its exits brought {number} in 30 days; limit: {limit}.",
    "OPEN_POSITIONS": "It would make {number} open positions; {limit} are allowed.",
    "UNRESOLVED": "An order in this symbol has an unknown outcome; nothing is added until then.",
    "DUPLICATE": "The agent has an order alike at work, or had one within the last minute.",
    "CONFIRMATION": "A person has to confirm it first: {number}; passes without: {limit}.",
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
