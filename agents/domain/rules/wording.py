"""Numbers as people write them, and the ballots that the rules build from sentences."""

from decimal import ROUND_HALF_EVEN, Decimal

from agents.domain.answers import Answer, Wish
from agents.domain.ballots import Ballot
from agents.domain.states import Choice
from trading.domain.states import OrderType, RiskLevel
from tradingfarm.kernel.money import plain


def shown(value: Decimal, places: int = 2) -> str:
    """A number with thousands separated: 12,345.6 without trailing zeros."""
    whole, _, part = plain(round_to(value, places)).partition(".")
    grouped = f"{int(whole):,}" if whole != "-0" else whole
    return f"{grouped}.{part}" if part else grouped


def round_to(value: Decimal, places: int) -> Decimal:
    """Rounded half to even; zero is never negative."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN) + Decimal(0)


def hold(reasoning: str, *, confidence: str = "0.5") -> Answer:
    """An answer that wants nothing done."""
    return Answer(
        decision=Wish.HOLD,
        symbol="",
        quantity=Decimal(0),
        order_type=OrderType.MARKET,
        stop_loss=None,
        take_profit=None,
        confidence=Decimal(confidence),
        risk_assessment=RiskLevel.LOW,
        strategy="",
        reasoning=reasoning,
    )


def approve(
    reason: str, *, quantity: Decimal | None = None, stop_loss: Decimal | None = None
) -> Ballot:
    return Ballot(Choice.APPROVE, reason, quantity=quantity, stop_loss=stop_loss)


def reject(reason: str, *, veto: str = "") -> Ballot:
    return Ballot(Choice.REJECT, reason, veto=veto)


def abstain(reason: str) -> Ballot:
    return Ballot(Choice.ABSTAIN, reason)
