"""What somebody wants to be ordered, before anything was checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from trading.domain.states import OrderType, RiskLevel, Side, Source, TimeInForce
from tradingfarm.kernel.canonical import digest


@dataclass(frozen=True)
class OrderRequest:
    """An order that somebody wants. A sell always reduces a position: long only.

    `intent_key` names the cause in market-time terms only, so that a repeated cause finds the same
    order and a replay repeats its ids. `permission_id` is None for a person's own order. Prices in
    the account's currency. `is_tainted` says that text from outside had a part in it. A slice
    belongs to a parent order, which was checked and counted as a whole before. What it buys is
    sold after `exit_after_seconds` of market time.
    """

    intent_key: str
    source: Source
    instrument_id: UUID
    side: Side
    quantity: Decimal
    permission_id: UUID | None = None
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.IOC
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_pct: Decimal | None = None
    exit_after_seconds: int | None = None
    reason: str = ""
    strategy: str = ""
    confidence: Decimal | None = None
    risk: RiskLevel | None = None
    is_tainted: bool = False
    reasoning: str = ""
    decision_id: UUID | None = None
    parent_id: UUID | None = None
    replaces_id: UUID | None = None

    @property
    def reduces(self) -> bool:
        return self.side is Side.SELL

    @property
    def rests(self) -> bool:
        """Whether the exchange may keep it for longer than a moment."""
        return self.time_in_force in (TimeInForce.GTC, TimeInForce.DAY)

    @property
    def digest(self) -> str:
        """SHA-256 of all that is wanted, whatever it was caused by, in hex.

        A confirmation and an override bind this: what was changed since is another order.
        """
        return digest(replace(self, intent_key=""))


def _uuid(value: object) -> UUID:
    return UUID(str(value))


def request_from(stored: Mapping[str, Any]) -> OrderRequest:
    """The request that `stored`, its canonical form read as JSON, was made of: the same digest."""
    made: dict[str, Any] = {}
    for field in fields(OrderRequest):
        value = stored.get(field.name, field.default)
        read = READ.get(field.name)
        made[field.name] = value if value is None or read is None else read(value)
    return OrderRequest(**made)


READ: Mapping[str, Callable[[Any], object]] = {
    **dict.fromkeys(("instrument_id", "permission_id", "decision_id", "parent_id"), _uuid),
    "replaces_id": _uuid,
    **dict.fromkeys(
        ("quantity", "limit_price", "stop_price", "stop_loss", "take_profit"), Decimal
    ),
    **dict.fromkeys(("trailing_pct", "confidence"), Decimal),
    "source": Source,
    "side": Side,
    "order_type": OrderType,
    "time_in_force": TimeInForce,
    "risk": RiskLevel,
}
"""How each part that is no text, number or truth is read from its text."""


def order_id(*, account_id: UUID, intent_key: str) -> UUID:
    """The id that every order for this cause has."""
    return uuid5(account_id, intent_key)


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def client_order_id(*, order: UUID, live: bool) -> str:
    """`tf`, `p` or `l`, and the order's id in 26 base-32 digits: 29 characters of [a-z0-9].

    Fits the 32 of the strictest venue, and a paper order cannot be taken for a live one.
    """
    return f"tf{'l' if live else 'p'}{_digits(order)}"


def external_order_id(account_id: UUID, exchange_order_id: str) -> str:
    """What an order that nobody here made is called where the venue's own name does not fit."""
    return f"tfx{_digits(uuid5(account_id, f'external:{exchange_order_id}'))}"


def _digits(key: UUID) -> str:
    digits = []
    number = key.int
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
