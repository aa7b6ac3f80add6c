"""Orders and trades as this exchange keeps them, and how it says no."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)
# Eight decimals are the most that any amount may carry.
SMALLEST = Decimal("0.00000001")

STOPS = {"STOP_LOSS", "STOP_LOSS_LIMIT"}
CONDITIONAL = STOPS | {"TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
# What is left of these after the first match may wait in the book.
PRICED = {"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}

# What a fault may ask for instead of one type: `order_kind="stop"` means any of the four.
ORDER_KINDS = {
    "market": {"MARKET"},
    "limit": {"LIMIT", "LIMIT_MAKER"},
    "stop": CONDITIONAL,
}


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


OPEN = {Status.NEW, Status.PARTIALLY_FILLED}


class Refused(Exception):
    """A definite no, in Binance's words: a code, a sentence and an HTTP status."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Terms:
    """What a client asks for. Amounts are in units of base, prices in quote per base."""

    symbol: str
    side: str
    type: str
    quantity: Decimal
    client_order_id: str
    time_in_force: str = "GTC"
    price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Decimal | None = None


@dataclass(frozen=True)
class Order:
    """One accepted order at one moment. `origin` tells a client's order from the venue's own."""

    id: int
    account: str
    terms: Terms
    origin: str
    placed_ms: int
    updated_ms: int
    is_working: bool
    status: Status = Status.NEW
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    locked: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        return self.terms.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def may_rest(self) -> bool:
        return self.terms.type in PRICED and self.terms.time_in_force == "GTC"


@dataclass(frozen=True)
class Trade:
    """One execution. `visible_at` is when queries may show it, in monotonic seconds."""

    id: int
    order: Order
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    time_ms: int
    visible_at: float
