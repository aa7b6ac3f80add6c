"""What an agent said when it was asked to decide, and the one way from text to that."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from agents.domain import fields as read
from agents.domain.fields import THOUSANDTH, Fields
from agents.domain.replies import ParseProblem, Problem, Unusable, find_object
from agents.domain.texts import clean
from trading.domain.states import OrderType, RiskLevel

LONGEST_STRATEGY = 40
LONGEST_REASONING = 2_000
ORDER_TYPES = (OrderType.MARKET.value, OrderType.LIMIT.value)
WHOLE = Decimal(100)


class Wish(StrEnum):
    """What an answer wants done."""

    BUY = "buy"
    SELL = "sell"
    HOLD = "hold"


@dataclass(frozen=True)
class Answer:
    """One decision of one agent. `quantity` is in shares or coins, 0 for a hold; prices as quoted.

    `confidence` is 0 to 1. A limit order has a `limit_price`, a market order none. `trailing_pct`
    is how far below its highest price what is bought is sold, in percent. `symbol` may be empty
    for a hold; one that names a symbol and exits moves those of the agent's open position.
    """

    decision: Wish
    symbol: str
    quantity: Decimal
    order_type: OrderType
    stop_loss: Decimal | None
    take_profit: Decimal | None
    confidence: Decimal
    risk_assessment: RiskLevel
    strategy: str
    reasoning: str
    limit_price: Decimal | None = None
    trailing_pct: Decimal | None = None

    @property
    def adjusts(self) -> bool:
        """Whether it moves the exits of an open position instead of ordering anything."""
        exits = (self.stop_loss, self.take_profit, self.trailing_pct)
        return self.decision is Wish.HOLD and bool(self.symbol) and exits != (None, None, None)


def parse_answer(text: str, *, allowed_symbols: Collection[str]) -> Answer | ParseProblem:
    """The answer in a model's reply, or why there is none.

    Never a guess: missing sizes, unknown symbols, contradictions and anything out of range are
    problems by name. Unknown keys are ignored.
    """
    try:
        return _answer(find_object(text, key="decision"), allowed_symbols)
    except Unusable as unusable:
        return unusable.problem


def _answer(fields: Fields, allowed_symbols: Collection[str]) -> Answer:
    wish = Wish(read.word(fields, "decision", [each.value for each in Wish]))
    order_type, limit_price = _pricing(fields, wish)
    stop_loss, take_profit = _exits(fields, limit_price)
    return Answer(
        decision=wish,
        symbol=_symbol(fields, wish, allowed_symbols),
        quantity=_quantity(fields, wish),
        order_type=order_type,
        limit_price=limit_price,
        stop_loss=stop_loss,
        take_profit=take_profit,
        trailing_pct=_trailing(fields, wish),
        confidence=read.share(fields, "confidence"),
        risk_assessment=RiskLevel(
            read.word(fields, "risk_assessment", [each.value for each in RiskLevel], "medium")
        ),
        strategy=read.free_text(fields, "strategy", longest=LONGEST_STRATEGY),
        reasoning=read.free_text(fields, "reasoning", longest=LONGEST_REASONING),
    )


def _pricing(fields: Fields, wish: Wish) -> tuple[OrderType, Decimal | None]:
    """Market or limit, and at which price."""
    order_type = OrderType(read.word(fields, "order_type", ORDER_TYPES, OrderType.MARKET.value))
    if order_type is OrderType.MARKET or wish is Wish.HOLD:
        read.refuse_given(fields, ("limit_price",), "it belongs to a limit order.")
        return OrderType.MARKET, None
    limit_price = read.positive(fields, "limit_price")
    if limit_price is None:
        raise Unusable(Problem.MISSING, '"limit_price" is missing; a limit order needs one.')
    return order_type, limit_price


def _exits(fields: Fields, limit_price: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    stop_loss, take_profit = (read.positive(fields, name) for name in ("stop_loss", "take_profit"))
    if stop_loss is not None and take_profit is not None and stop_loss >= take_profit:
        raise Unusable(Problem.OUT_OF_RANGE, '"stop_loss" must be below "take_profit".')
    if stop_loss is not None and limit_price is not None and stop_loss >= limit_price:
        raise Unusable(Problem.OUT_OF_RANGE, '"stop_loss" must be below "limit_price".')
    return stop_loss, take_profit


def _trailing(fields: Fields, wish: Wish) -> Decimal | None:
    if wish is Wish.SELL:
        read.refuse_given(fields, ("trailing_pct",), "a sell has nothing left to protect.")
    percent = read.positive(fields, "trailing_pct")
    if percent is None:
        return None
    rounded = percent.quantize(THOUSANDTH, rounding=ROUND_HALF_EVEN)
    if not 0 < rounded < WHOLE:
        raise Unusable(Problem.OUT_OF_RANGE, '"trailing_pct" must be above 0 and below 100.')
    return rounded


def _symbol(fields: Fields, wish: Wish, allowed: Collection[str]) -> str:
    value = fields.get("symbol")
    if wish is Wish.HOLD and value in (None, ""):
        return ""
    if value is None:
        raise Unusable(Problem.MISSING, '"symbol" is missing.')
    if not isinstance(value, str):
        raise Unusable(Problem.WRONG_TYPE, '"symbol" must be text.')
    symbol = value.strip().upper()
    if symbol not in allowed:
        raise Unusable(
            Problem.UNKNOWN_SYMBOL,
            f"{clean(symbol, longest=40)!r} is not one of {', '.join(sorted(allowed))}.",
        )
    return symbol


def _quantity(fields: Fields, wish: Wish) -> Decimal:
    if wish is Wish.HOLD:
        return Decimal(0)
    quantity = read.positive(fields, "quantity")
    if quantity is None:
        raise Unusable(Problem.MISSING, f'"quantity" is missing; a {wish} needs a size.')
    return quantity
