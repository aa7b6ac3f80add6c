"""An agent moves the exits of its own open position: tighter, never wider, without a vote."""

from datetime import datetime

from agents.domain.answers import Answer
from agents.models import Agent, Execution
from agents.selectors.panels import Seat
from agents.services.briefings import Briefing, permission_id
from agents.services.ordering import held_back
from market.models import Quote
from trading.services.adjusting import Change, adjust
from tradingfarm.kernel.money import plain


def move_exits(
    *, briefing: Briefing, proposer: Seat, answer: Answer, at: datetime
) -> tuple[str, ...]:
    """Move what `answer` names, each part by itself; returns what came of each, in words.

    Nothing is moved without a session in AUTO_TRADING. Repeating it moves nothing more. `at` is
    wall time.
    """
    if not answer.adjusts:
        return ()
    execution = Execution.objects.select_related("account", "session").get(
        id=briefing.execution_id
    )
    agent = Agent.objects.get(id=proposer.agent_id)
    if problem := held_back(execution.session, agent):
        return (problem,)
    quote = Quote.objects.filter(
        feed=execution.account.feed_id, instrument__symbol=answer.symbol
    ).get()
    changes = adjust(
        permission_id=permission_id(account_id=briefing.account_id, panel=briefing.panel),
        instrument_id=quote.instrument_id,
        stop_loss=answer.stop_loss,
        take_profit=answer.take_profit,
        trailing_pct=answer.trailing_pct,
        actor=f"agent:{proposer.name}",
        by_person=False,
        now=briefing.as_of,
        at=at,
    )
    return tuple(_words(change, answer.symbol) for change in changes)


def _words(change: Change, symbol: str) -> str:
    name = change.kind.value.replace("_", " ").replace("loss", "").strip()
    if not change.accepted:
        return f"The {name} of {symbol} stays: {change.reason}"
    if change.after is None:
        return f"The {name} of {symbol} is set."
    before = "" if change.before is None else f" from {plain(change.before)}"
    return f"The {name} of {symbol} moves{before} to {plain(change.after)}."
