"""Risk: protects the account. Vetoes with a code, narrows what is too large, lets exits pass."""

from decimal import Decimal

from agents.domain.ballots import Ballot
from agents.domain.contexts import DecisionContext, SymbolView
from agents.domain.rules.sizing import value_held
from agents.domain.rules.wording import approve, reject, shown
from agents.domain.voting import ProposedOrder
from trading.domain.states import Side
from tradingfarm.kernel.money import ceil_to_step, floor_to_step

VOLATILITY_TOO_HIGH = "VOLATILITY_TOO_HIGH"
DAILY_LOSS_NEAR = "DAILY_LOSS_NEAR"
NO_STOP = "NO_STOP"

HIGHEST_VOLATILITY_PCT = Decimal(45)
CALM_VOLATILITY_PCT = Decimal(32)
LOSS_LEFT_SHARE = Decimal("0.25")
MOST_OF_EQUITY = Decimal("0.15")
WIDEST_STOP = Decimal("0.06")
SCRAP = Decimal("0.2")
PERCENT = Decimal(100)


def vote(context: DecisionContext, view: SymbolView, proposal: ProposedOrder) -> Ballot:
    """A veto, a rejection, or an approval that may ask for a smaller size and a tighter stop."""
    if proposal.side is Side.SELL:
        return approve("An exit lowers the risk.")
    return _veto(context, view, proposal) or _narrow(context, view, proposal)


def _veto(context: DecisionContext, view: SymbolView, proposal: ProposedOrder) -> Ballot | None:
    volatility, limits = view.indicators.volatility_pct, context.limits
    if proposal.stop_loss is None:
        return reject("There is no stop, so the loss has no bound.", veto=NO_STOP)
    if volatility is not None and volatility > HIGHEST_VOLATILITY_PCT:
        return reject(
            f"{view.symbol} moves {shown(volatility)} % a year; more than"
            f" {HIGHEST_VOLATILITY_PCT} % is not traded.",
            veto=VOLATILITY_TOO_HIGH,
        )
    if limits.daily_loss_left < limits.max_daily_loss * LOSS_LEFT_SHARE:
        return reject(
            f"{shown(limits.daily_loss_left)} of the daily loss limit of"
            f" {shown(limits.max_daily_loss)} is left; that is kept for open positions.",
            veto=DAILY_LOSS_NEAR,
        )
    return None


def _narrow(context: DecisionContext, view: SymbolView, proposal: ProposedOrder) -> Ballot:
    most = context.portfolio.equity * MOST_OF_EQUITY
    held = value_held(context, view.symbol)
    room = (most - held) / view.ask
    if room < proposal.quantity * SCRAP:
        return reject(
            f"{shown(held)} of {view.symbol} is held; {shown(MOST_OF_EQUITY * PERCENT)} % of"
            f" equity ({shown(most)}) in one symbol is enough."
        )
    size, why_size = _smaller(view, proposal, room)
    stop, why_stop = _tighter(view, proposal)
    reasons = [reason for reason in (why_size, why_stop) if reason]
    kept = f"Size and stop fit: {shown(held)} of {shown(most)} in {view.symbol} so far."
    return approve(" ".join(reasons) or kept, quantity=size, stop_loss=stop)


def _smaller(
    view: SymbolView, proposal: ProposedOrder, room: Decimal
) -> tuple[Decimal | None, str]:
    """The smaller of what concentration leaves and what volatility suggests, None when it fits."""
    volatility = view.indicators.volatility_pct
    calm = proposal.quantity
    if volatility is not None and volatility > CALM_VOLATILITY_PCT:
        calm = proposal.quantity * CALM_VOLATILITY_PCT / volatility
    if min(calm, room) >= proposal.quantity:
        return None, ""
    size = max(floor_to_step(min(calm, room), view.lot_size), view.lot_size)
    why = (
        f"Volatility is {shown(volatility)} % a year against a calm {CALM_VOLATILITY_PCT} %"
        if volatility is not None and calm <= room
        else f"More than {shown(MOST_OF_EQUITY * PERCENT)} % of equity would be in one symbol"
    )
    return size, f"{why}; {shown(size)} instead of {shown(proposal.quantity)} shares."


def _tighter(view: SymbolView, proposal: ProposedOrder) -> tuple[Decimal | None, str]:
    nearest = ceil_to_step(view.last * (1 - WIDEST_STOP), view.tick_size)
    if proposal.stop_loss is None or proposal.stop_loss >= nearest:
        return None, ""
    distance = (1 - proposal.stop_loss / view.last) * PERCENT
    return nearest, (
        f"The stop is {shown(distance)} % away; {shown(WIDEST_STOP * PERCENT)} % is enough, at"
        f" {shown(nearest)}."
    )
