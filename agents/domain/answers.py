"""What an agent said when it was asked to decide, and the one way from text to that."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from agents.domain import fields as read
from agents.domain.fields import Fields
from agents.domain.replies import ParseProblem, Problem, Unusable, find_object
from agents.domain.texts import clean

LONGEST_STRATEGY = 40
LONGEST_REASONING = 2_000


class Wish(StrEnum):
    """What an answer wants done."""

    BUY = "buy"
    SELL = "sell"
    HOLD = "hold"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True)
class Answer:
    """One decision of one agent. `quantity` is in shares or coins, 0 for a hold; prices as quoted.

    `confidence` is 0 to 1. `symbol` may be empty for a hold. `order_type` is always market so far.
    """

    decision: Wish
    symbol: str
    quantity: Decimal
    order_type: str
    stop_loss: Decimal | None
    take_profit: Decimal | None
    confidence: Decimal
    risk_assessment: RiskLevel
    strategy: str
    reasoning: str


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
    order_type = read.word(fields, "order_type", ("market", "limit"), "market")
    if order_type == "limit":
        raise Unusable(Problem.UNSUPPORTED, "Limit orders are not possible yet; use market.")
    read.refuse_given(fields, ("limit_price",), "orders are market orders so far.")
    read.refuse_given(fields, ("trailing_pct",), "trailing stops are not possible yet.")
    stop_loss, take_profit = _exits(fields)
    return Answer(
        decision=wish,
        symbol=_symbol(fields, wish, allowed_symbols),
        quantity=_quantity(fields, wish),
        order_type=order_type,
        stop_loss=stop_loss,
        take_profit=take_profit,
        confidence=read.share(fields, "confidence"),
        risk_assessment=RiskLevel(
            read.word(fields, "risk_assessment", [each.value for each in RiskLevel], "medium")
        ),
        strategy=read.free_text(fields, "strategy", longest=LONGEST_STRATEGY),
        reasoning=read.free_text(fields, "reasoning", longest=LONGEST_REASONING),
    )


def _exits(fields: Fields) -> tuple[Decimal | None, Decimal | None]:
    stop_loss, take_profit = (read.positive(fields, name) for name in ("stop_loss", "take_profit"))
    if stop_loss is not None and take_profit is not None and stop_loss >= take_profit:
        raise Unusable(Problem.OUT_OF_RANGE, '"stop_loss" must be below "take_profit".')
    return stop_loss, take_profit


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
