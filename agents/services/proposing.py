"""The second step: from the proposer's answer to a proposal, a hold, or an abstention."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid5

from agents.domain.answers import Answer, Wish, parse_answer
from agents.domain.contexts import SymbolView
from agents.domain.prompts import decide_request
from agents.domain.replies import ParseProblem
from agents.domain.sentences import proposal_words
from agents.domain.states import ExecutionState, MessageType, Outcome
from agents.domain.voting import ProposedOrder
from agents.models import Decision, Execution, Proposal
from agents.selectors.panels import Seat
from agents.services.briefings import Briefing
from agents.services.calls import Question, Round, known_reply
from agents.services.endings import end
from agents.services.leases import Lease, held
from agents.services.messages import Place, Saying, say
from agents.services.outcomes import decision_id, journal_decision
from market.models import Instrument, Quote
from trading.domain.states import Side
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain


def next_question(*, briefing: Briefing, proposer: Seat) -> Question | Answer | ParseProblem:
    """What the proposer must still be asked, or else its answer, or why it has none.

    An answer that cannot be used is asked for once more, with what was wrong.
    """
    answer = _answer(briefing, proposer, Round.DECIDE)
    if answer is None:
        return _question(briefing, proposer, Round.DECIDE)
    if isinstance(answer, Answer):
        return answer
    repaired = _answer(briefing, proposer, Round.REPAIR)
    if repaired is None:
        return _question(briefing, proposer, Round.REPAIR, repair=answer.sentence)
    return repaired


def _answer(briefing: Briefing, proposer: Seat, round: Round) -> Answer | ParseProblem | None:
    reply = known_reply(
        execution_id=briefing.execution_id, agent_id=proposer.agent_id, round=round
    )
    if isinstance(reply, str):
        return parse_answer(reply, allowed_symbols=briefing.symbols)
    return reply


def _question(briefing: Briefing, proposer: Seat, round: Round, *, repair: str = "") -> Question:
    request = decide_request(speaker=proposer.speaker, context=briefing.text, repair=repair)
    return Question(proposer, round, request)


def hold(
    *, lease: Lease, proposer: Seat, answer: Answer, moved: Sequence[str] = (), at: datetime
) -> None:
    """Store a hold as the decision, say so, and end the execution. Raises LeaseLost.

    `moved` says what came of the exits that the answer wanted to move.
    """
    with transaction():
        execution = held(lease)
        Decision.objects.create(
            id=decision_id(execution.id),
            execution=execution,
            outcome=Outcome.HOLD,
            reason=answer.reasoning or "No reason was given.",
            as_of=execution.as_of,
            at=at,
        )
        words = " ".join(["Hold.", answer.reasoning or "No reason was given.", *moved])
        payload = {"outcome": Outcome.HOLD.value, "confidence": plain(answer.confidence)}
        saying = Saying(
            Place.OPENING,
            MessageType.DECISION,
            proposer.agent_id,
            proposer.name,
            words,
            payload,
        )
        say(execution=execution, sayings=[saying], at=at)
        journal_decision(execution, payload | {"reason": words}, at=at)
        end(execution=execution, state=ExecutionState.DECIDED, at=at)


def abstain(*, lease: Lease, speaker: Seat | None, problem: str, at: datetime) -> None:
    """End the execution without a decision, and say why. Never a silent hold. Raises LeaseLost."""
    with transaction():
        execution = held(lease, "team")
        name = speaker.name if speaker else execution.team.name
        saying = Saying(
            Place.OPENING,
            MessageType.ALERT,
            speaker.agent_id if speaker else None,
            name,
            f"No decision. {problem}",
        )
        say(execution=execution, sayings=[saying], at=at)
        end(execution=execution, state=ExecutionState.ABSTAINED, problem=problem, at=at)


def propose(
    *, lease: Lease, briefing: Briefing, proposer: Seat, answer: Answer, at: datetime
) -> None:
    """Store the proposal, open its vote at wall time `at`, and say so. Raises LeaseLost."""
    view = next(view for view in briefing.context.symbols if view.symbol == answer.symbol)
    order = _order(briefing, proposer, answer, view)
    with transaction():
        execution = held(lease, "account")
        instrument = _instrument(execution, answer.symbol)
        Proposal.objects.create(
            id=uuid5(execution.id, "proposal"),
            execution=execution,
            proposer_id=proposer.agent_id,
            instrument=instrument,
            side=order.side,
            quantity=order.quantity,
            price=order.price,
            stop_loss=order.stop_loss,
            take_profit=order.take_profit,
            limit_price=order.limit_price,
            trailing_pct=order.trailing_pct,
            strategy=answer.strategy,
            risk=answer.risk_assessment.value,
            confidence=answer.confidence,
            reasoning=answer.reasoning,
            hash=order.hash(),
            opened_at=at,
            closes_at=at + timedelta(seconds=briefing.panel.vote_timeout_seconds),
        )
        saying = _proposal_saying(briefing, proposer, order, answer)
        say(execution=execution, sayings=[saying], at=at)
        record(
            stream=account_stream(execution.account_id),
            kind="agent.trade.signal",
            actor=f"agent:{proposer.name}",
            subject=f"execution:{execution.id}",
            payload={"order": order, "hash": order.hash(), "instrument": instrument.id}
            | {"strategy": answer.strategy, "confidence": answer.confidence},
            at=at,
            as_of=execution.as_of,
        )


def _order(briefing: Briefing, proposer: Seat, answer: Answer, view: SymbolView) -> ProposedOrder:
    side = Side.BUY if answer.decision is Wish.BUY else Side.SELL
    return ProposedOrder(
        execution_id=briefing.execution_id,
        proposer_id=proposer.agent_id,
        symbol=answer.symbol,
        side=side,
        quantity=answer.quantity,
        price=view.last,
        stop_loss=answer.stop_loss if side is Side.BUY else None,
        take_profit=answer.take_profit if side is Side.BUY else None,
        limit_price=answer.limit_price,
        trailing_pct=answer.trailing_pct if side is Side.BUY else None,
    )


def _instrument(execution: Execution, symbol: str) -> Instrument:
    """The instrument of that symbol which the account's feed quotes."""
    quote = Quote.objects.select_related("instrument").get(
        feed_id=execution.account.feed_id, instrument__symbol=symbol
    )
    return quote.instrument


def _proposal_saying(
    briefing: Briefing, proposer: Seat, order: ProposedOrder, answer: Answer
) -> Saying:
    return Saying(
        Place.OPENING,
        MessageType.PROPOSAL,
        proposer.agent_id,
        proposer.name,
        proposal_words(order, reasoning=answer.reasoning),
        {
            "symbol": order.symbol,
            "side": order.side.value,
            "quantity": plain(order.quantity),
            "stop_loss": _text(order.stop_loss),
            "take_profit": _text(order.take_profit),
            "limit_price": _text(order.limit_price),
            "trailing_pct": _text(order.trailing_pct),
            "strategy": answer.strategy,
            "confidence": plain(answer.confidence),
            "hash": order.hash(),
        },
        response_timeout_seconds=briefing.panel.vote_timeout_seconds,
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
