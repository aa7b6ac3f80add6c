"""Technical: proposes exits whose reason has gone and entries on a dip, a rebound or momentum.

It reads RSI (14), SMA 20/50 and MACD (12/26/9) on daily candles; size and exits come from the ATR.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.domain.answers import Answer, Wish
from agents.domain.contexts import DecisionContext, HoldingView
from agents.domain.rules.sizing import Plan, plan_entry
from agents.domain.rules.warm import Warm, warm
from agents.domain.rules.wording import hold, round_to, shown
from trading.domain.states import OrderType, RiskLevel
from tradingfarm.kernel.money import floor_to_step

DIP, REBOUND, MOMENTUM = "dip", "mean-reversion", "momentum"
DIP_DAY_PCT = Decimal("-1.2")
DIP_RSI = Decimal(50)
OVERSOLD = Decimal(34)
RECOVERED = Decimal(55)
OVERBOUGHT = Decimal(72)
MOMENTUM_FROM, MOMENTUM_TO = Decimal(52), Decimal(68)
HALF = Decimal("0.5")
MOST_CONFIDENT = Decimal("0.9")


@dataclass(frozen=True)
class Signal:
    """A reason to act on one symbol; the most confident one wins. Exits know their size."""

    symbol: str
    strategy: str
    confidence: Decimal
    reason: str
    quantity: Decimal = Decimal(0)


def decide(context: DecisionContext) -> Answer:
    """The most urgent exit, else the best entry that the limits leave room for, else a hold."""
    known = [each for view in context.symbols if (each := warm(view))]
    exits = [signal for each in known if (signal := exit_signal(context, each))]
    if exits:
        return _sell(min(exits, key=_rank))
    entries = [signal for each in known if (signal := entry_signal(each))]
    return _best_entry(context, sorted(entries, key=_rank)) if entries else hold(_quiet(known))


def exit_signal(context: DecisionContext, known: Warm) -> Signal | None:
    """Why the agent's part of a position should be sold now, in whole or in part."""
    holding = context.holding(known.symbol)
    if holding is None or holding.quantity < known.view.lot_size:
        return None
    found = _lost_momentum(holding, known) or _recovered(holding, known) or _hot(holding, known)
    if found is None:
        return None
    confidence, share, why = found
    reason = f"{why} The position stands at {shown(holding.unrealised_pct)} %."
    lot = known.view.lot_size
    quantity = max(floor_to_step(holding.quantity * share, lot), lot)
    return Signal(known.symbol, holding.strategy, confidence, reason, quantity)


Exit = tuple[Decimal, Decimal, str]


def _lost_momentum(holding: HoldingView, known: Warm) -> Exit | None:
    if holding.strategy != MOMENTUM or known.last >= known.sma_20 or known.macd_rises:
        return None
    why = (
        f"Momentum has gone: {known.symbol} at {shown(known.last)} is below SMA 20"
        f" ({shown(known.sma_20)}) and MACD falls."
    )
    return Decimal("0.8"), Decimal(1), why


def _recovered(holding: HoldingView, known: Warm) -> Exit | None:
    if holding.strategy not in (DIP, REBOUND) or known.rsi <= RECOVERED:
        return None
    why = f"The {holding.strategy} has played out: RSI {shown(known.rsi)} is above {RECOVERED}."
    return Decimal("0.75"), Decimal(1), why


def _hot(holding: HoldingView, known: Warm) -> Exit | None:
    if known.rsi <= OVERBOUGHT or holding.unrealised_pct <= 0:
        return None
    why = f"Overbought: RSI {shown(known.rsi)} is above {OVERBOUGHT}, so half is sold."
    return Decimal("0.7"), HALF, why


def entry_signal(known: Warm) -> Signal | None:
    """The first of dip, rebound and momentum that holds for a symbol."""
    rules: tuple[Callable[[Warm], Signal | None], ...] = (_dip, _rebound, _momentum)
    return next((signal for rule in rules if (signal := rule(known))), None)


def _dip(known: Warm) -> Signal | None:
    change = known.view.day_change_pct
    if change is None or change > DIP_DAY_PCT or not known.is_uptrend or known.rsi >= DIP_RSI:
        return None
    reason = (
        f"{known.symbol} fell {shown(abs(change))} % today within an uptrend"
        f" (SMA 20 {shown(known.sma_20)} above SMA 50 {shown(known.sma_50)});"
        f" RSI {shown(known.rsi)} leaves room."
    )
    return Signal(known.symbol, DIP, _confident("0.6", abs(change) / 50), reason)


def _rebound(known: Warm) -> Signal | None:
    if known.rsi >= OVERSOLD:
        return None
    below = OVERSOLD - known.rsi
    reason = (
        f"{known.symbol} is oversold: RSI {shown(known.rsi)} is below {OVERSOLD};"
        f" at {shown(known.last)} it lies {shown(known.below_sma_20_pct)} % under SMA 20."
    )
    return Signal(known.symbol, REBOUND, _confident("0.58", below / 50), reason)


def _momentum(known: Warm) -> Signal | None:
    in_range = MOMENTUM_FROM <= known.rsi <= MOMENTUM_TO
    if not (known.last > known.sma_20 and known.is_uptrend and known.macd_rises and in_range):
        return None
    reason = (
        f"{known.symbol} at {shown(known.last)} is above SMA 20 ({shown(known.sma_20)}) and SMA 50"
        f" ({shown(known.sma_50)}), MACD rises and RSI {shown(known.rsi)} is not stretched."
    )
    strength = max(known.view.strength_pct or Decimal(0), Decimal(0))
    return Signal(known.symbol, MOMENTUM, _confident("0.55", strength / 100), reason)


def _confident(base: str, more: Decimal) -> Decimal:
    return round_to(min(Decimal(base) + more, MOST_CONFIDENT), 2)


def _rank(signal: Signal) -> tuple[Decimal, str]:
    return -signal.confidence, signal.symbol


def _best_entry(context: DecisionContext, entries: Sequence[Signal]) -> Answer:
    """The first entry that the limits leave room for, else a hold that says what is in the way."""
    problems = []
    for signal in entries:
        view = next(view for view in context.symbols if view.symbol == signal.symbol)
        plan = plan_entry(context=context, view=view)
        if isinstance(plan, Plan):
            return _buy(signal, plan)
        problems.append(f"{signal.symbol} ({signal.strategy}): {plan}")
    return hold("There is a signal but no room. " + " ".join(problems))


def _buy(signal: Signal, plan: Plan) -> Answer:
    return Answer(
        decision=Wish.BUY,
        symbol=signal.symbol,
        quantity=plan.quantity,
        order_type=OrderType.MARKET,
        stop_loss=plan.stop_loss,
        take_profit=plan.take_profit,
        confidence=signal.confidence,
        risk_assessment=RiskLevel.MEDIUM,
        strategy=signal.strategy,
        reasoning=f"{signal.reason} {plan.reason}",
    )


def _sell(signal: Signal) -> Answer:
    return Answer(
        decision=Wish.SELL,
        symbol=signal.symbol,
        quantity=signal.quantity,
        order_type=OrderType.MARKET,
        stop_loss=None,
        take_profit=None,
        confidence=signal.confidence,
        risk_assessment=RiskLevel.LOW,
        strategy=signal.strategy,
        reasoning=signal.reason,
    )


def _quiet(known: Sequence[Warm]) -> str:
    if not known:
        return "Too few candles for RSI, SMA 50, MACD and ATR; nothing can be said yet."
    states = ", ".join(f"{each.symbol} RSI {shown(each.rsi, 0)}" for each in known)
    return f"No dip, rebound or momentum in any symbol ({states})."
