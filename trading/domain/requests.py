"""What somebody wants to be ordered, before anything was checked."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid5

from trading.domain.states import Side, Source


@dataclass(frozen=True)
class OrderRequest:
    """A market order somebody wants. A sell always reduces a position: long only.

    `intent_key` names the cause in market-time terms only, so that a repeated cause finds the same
    order and a replay repeats its ids. `permission_id` is None for a person's own order.
    """

    intent_key: str
    source: Source
    instrument_id: UUID
    side: Side
    quantity: Decimal
    permission_id: UUID | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    reason: str = ""
    strategy: str = ""
    confidence: Decimal | None = None
    reasoning: str = ""
    decision_id: UUID | None = None

    @property
    def reduces(self) -> bool:
        return self.side is Side.SELL


def order_id(*, account_id: UUID, intent_key: str) -> UUID:
    """The id that every order for this cause has."""
    return uuid5(account_id, intent_key)


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def client_order_id(*, order: UUID, live: bool) -> str:
    """`tf`, `p` or `l`, and the order's id in 26 base-32 digits: 29 characters of [a-z0-9].

    Fits the 32 of the strictest venue, and a paper order cannot be taken for a live one.
    """
    digits = []
    number = order.int
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return f"tf{'l' if live else 'p'}{''.join(reversed(digits))}"
