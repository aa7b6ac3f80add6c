"""The last step: the decided order goes through the risk gate once, whatever crashes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agents.domain.sentences import approved_words, denied_words
from agents.domain.states import (
    AgentStatus,
    ExecutionState,
    MessageType,
    Outcome,
    Role,
    SessionState,
)
from agents.models import Agent, Decision, Proposal, TradingSession
from agents.selectors.panels import Seat
from agents.services.briefings import Briefing, permission_id
from agents.services.endings import end
from agents.services.leases import Lease, held
from agents.services.messages import Place, Saying, say
from market.models import Instrument
from trading.domain.requests import OrderRequest
from trading.domain.states import ExitReason, OrderType, RiskLevel, Side, Source, TimeInForce
from trading.models import Assessment
from trading.services.assessments import Verdict
from trading.services.slicing import decide_sized
from tradingfarm.kernel.journal import transaction

NEEDED = (
    *("quantity", "stop_loss", "take_profit", "execution__session__state"),
    *("proposal__side", "proposal__limit_price", "proposal__trailing_pct", "proposal__risk"),
    *("proposal__strategy", "proposal__confidence", "proposal__reasoning"),
    *("proposal__instrument__symbol", "proposal__instrument__calendar"),
    *("proposal__proposer__name", "proposal__proposer__status"),
)
"""The columns of a decision, and of what it points to, that an order is made of."""
NO_SESSION = "Not ordered: the session is not in AUTO_TRADING any more. A person may start one."
PAUSED = "Not ordered: the proposing agent was paused meanwhile. A person may activate it."


@dataclass(frozen=True)
class Decided:
    """A stored decision as what it asks of the gate, or why it is held back from it."""

    request: OrderRequest
    symbol: str
    actor: str
    held_back: str = ""


def decided(*, briefing: Briefing) -> Decided | None:
    """The execution's approved decision; None when there is none or it was refused by the vote.

    Whether it is held back is read anew: its session may have stopped, its agent been paused.
    """
    decision = (
        Decision.objects.filter(execution=briefing.execution_id, outcome=Outcome.APPROVED)
        .select_related("proposal__instrument", "proposal__proposer", "execution__session")
        .only(*NEEDED)
        .first()
    )
    if decision is None or decision.proposal is None:
        return None
    return Decided(
        request=_request(decision, briefing),
        symbol=decision.proposal.instrument.symbol,
        actor=f"agent:{decision.proposal.proposer.name}",
        held_back=held_back(decision.execution.session, decision.proposal.proposer),
    )


def order(*, decided: Decided, account_id: UUID, now: datetime, at: datetime) -> Verdict | None:
    """Ask the gate, in its own transaction; None, and nothing asked, when it is held back.

    Repeating it gives the first verdict again. `now` is market time, `at` wall time.
    """
    if decided.held_back:
        return None
    return decide_sized(
        account_id=account_id, request=decided.request, actor=decided.actor, now=now, at=at
    )


def conclude(
    *, lease: Lease, briefing: Briefing, decided: Decided, verdict: Verdict | None, at: datetime
) -> None:
    """Link the gate's assessment, say what came of it, and end the execution. Raises LeaseLost."""
    with transaction():
        execution = held(lease)
        if verdict is not None:
            Decision.objects.filter(execution=execution).update(assessment=verdict.assessment_id)
        speaker = _speaker(briefing)
        saying = Saying(
            Place.GATE,
            MessageType.UPDATE,
            speaker.agent_id if speaker else None,
            speaker.name if speaker else briefing.panel.team_name,
            _words(decided, verdict),
            _payload(verdict),
            reply_to=Place.DECISION,
        )
        say(execution=execution, sayings=[saying], at=at)
        end(execution=execution, state=ExecutionState.DECIDED, at=at)


def _request(decision: Decision, briefing: Briefing) -> OrderRequest:
    proposal = decision.proposal
    if proposal is None:
        raise ValueError(f"Decision {decision.id} has no proposal to order.")
    side, limit_price = Side(proposal.side), proposal.limit_price
    return OrderRequest(
        intent_key=f"decision:{decision.id}",
        source=Source.AGENT,
        instrument_id=proposal.instrument_id,
        side=side,
        quantity=decision.quantity,
        permission_id=permission_id(account_id=briefing.account_id, panel=briefing.panel),
        order_type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
        limit_price=limit_price,
        time_in_force=_time_in_force(proposal),
        stop_loss=decision.stop_loss,
        take_profit=decision.take_profit,
        trailing_pct=proposal.trailing_pct,
        risk=RiskLevel(proposal.risk) if proposal.risk else None,
        reason=ExitReason.EXIT_SIGNAL.value if side is Side.SELL else "",
        strategy=proposal.strategy,
        confidence=proposal.confidence,
        reasoning=proposal.reasoning,
        decision_id=decision.id,
    )


def _time_in_force(proposal: Proposal) -> TimeInForce:
    """A limit order rests until its market closes; where it never does, until it is canceled."""
    if proposal.limit_price is None:
        return TimeInForce.IOC
    never_closes = proposal.instrument.calendar == Instrument.Calendar.ALWAYS
    return TimeInForce.GTC if never_closes else TimeInForce.DAY


def held_back(session: TradingSession | None, proposer: Agent) -> str:
    """Why nothing of the proposer's is carried out, by rows read just now; empty when it is."""
    if session is None or session.state != SessionState.AUTO_TRADING:
        return NO_SESSION
    return "" if proposer.status == AgentStatus.ACTIVE else PAUSED


def _speaker(briefing: Briefing) -> Seat | None:
    """The Execution agent speaks of orders; a team without one speaks itself."""
    seats = briefing.panel.seats
    return next((seat for seat in seats if seat.speaker.role is Role.EXECUTION), None)


def _words(decided: Decided, verdict: Verdict | None) -> str:
    if verdict is None:
        return decided.held_back
    if verdict.approved:
        side = decided.request.side.value
        return approved_words(side=side, quantity=verdict.quantity, symbol=decided.symbol)
    checks = Assessment.objects.values_list("checks", flat=True).get(id=verdict.assessment_id)
    return denied_words(
        [(each["code"], each["number"], each["limit"]) for each in checks if not each["passed"]]
    )


def _payload(verdict: Verdict | None) -> dict[str, object]:
    if verdict is None:
        return {"ordered": False}
    return {
        "ordered": verdict.approved,
        "order": str(verdict.order_id) if verdict.order_id else None,
        "assessment": str(verdict.assessment_id),
        "denials": list(verdict.denials),
    }
