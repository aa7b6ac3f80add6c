"""The rows of an execution as steps, in the order in which they happened."""

from agents.domain.states import ENDED, ExecutionState
from agents.services.calls import Round
from tradingfarm.pages.executions.answers import Told
from tradingfarm.pages.executions.causes import CauseCard
from tradingfarm.pages.executions.knowledge import knowledge_of
from tradingfarm.pages.executions.rows import Rows
from tradingfarm.pages.executions.since import Since
from tradingfarm.pages.executions.steps import Step, Tone
from tradingfarm.pages.executions.verdict import Verdict
from tradingfarm.pages.executions.votes import decision_part, vote_part
from tradingfarm.pages.orders.checks import check_table
from tradingfarm.pages.orders.moves import moves_of
from tradingfarm.pages.orders.report import report_of


def woken(*, rows: Rows, causes: tuple[CauseCard, ...]) -> list[Step]:
    """The causes, and the team that began because of them."""
    execution = rows.execution
    cause = Step(
        "cause",
        "What happened" if len(causes) == 1 else f"{len(causes)} things happened",
        "bolt",
        causes,
        at=min((each.at for each in causes if each.at), default=execution.queued_at),
        as_of=min((each.as_of for each in causes if each.as_of), default=execution.as_of),
    )
    if execution.started_at is not None:
        began = Step("woken", "The team was woken", "users", execution, at=execution.started_at)
        return [cause, began]
    if execution.state == ExecutionState.QUEUED:
        return [cause, _waiting("The team is about to begin")]
    return [cause]


def thought(*, rows: Rows, answers: tuple[Told, ...], verdict: Verdict) -> list[Step]:
    """What was known, what the proposer made of it, and what it proposed."""
    known, proposal = knowledge_of(rows=rows), rows.proposal
    steps = []
    if known is not None:
        steps.append(Step("known", "What was known", "eye", known, as_of=known.as_of))
    own = tuple(each for each in answers if each.round is not Round.VOTE)
    if own:
        title, at = f"What {own[0].speaker.name} answered", own[-1].at
        stopped = verdict.stopped if rows.execution.state == ExecutionState.ABSTAINED else ""
        steps.append(Step("answers", title, "message", own, at=at, stopped=stopped))
    if proposal is not None:
        opened = proposal.opened_at
        steps.append(Step("proposal", "The proposal", "file-description", proposal, at=opened))
    if proposal is None and rows.decision is None:
        steps += _without_proposal(rows, verdict, has_answered=bool(own))
    return steps


def voted(*, rows: Rows, answers: tuple[Told, ...], verdict: Verdict) -> list[Step]:
    """The vote and the decision that code made of it."""
    vote, decided = vote_part(rows=rows, answers=answers), decision_part(rows=rows)
    steps = []
    if vote is not None:
        title = "The vote is open" if vote.is_open else "The vote"
        tone = Tone.WAITING if vote.is_open else Tone.DONE
        at = vote.proposal.closed_at
        steps.append(Step("vote", title, "users-group", vote, at=at, tone=tone))
    if decided is not None:
        title = "Decided to hold" if decided.is_hold else "The decision, made by code"
        stopped = verdict.stopped if rows.assessment is None else ""
        at = decided.decision.at
        steps.append(Step("decision", title, "gavel", decided, at=at, stopped=stopped))
    elif vote is not None and ExecutionState(rows.execution.state) in ENDED:
        steps.append(_ended(rows, verdict))
    return steps


def checked(*, rows: Rows, verdict: Verdict) -> list[Step]:
    """What the risk gate found."""
    assessment, decision = rows.assessment, rows.decision
    if assessment is not None:
        asked = rows.confirmation
        table = check_table(
            assessment,
            currency=rows.execution.account.base_currency,
            confirmation_id=asked.id if asked else None,
        )
        stopped = "" if table.approved else verdict.stopped
        at = assessment.at
        return [Step("checks", "The risk gate", "shield-check", table, at=at, stopped=stopped)]
    thinks = rows.execution.state == ExecutionState.THINKING
    if decision is not None and thinks:
        return [_waiting("The risk gate is looking at it")]
    return []


def ordered(*, rows: Rows, since: Since | None, verdict: Verdict) -> list[Step]:
    """The order, its fills and what came of them."""
    order, after = rows.order, rows.aftermath
    if order is None or after is None:
        return []
    part = {
        "order": order,
        "report": report_of(order),
        "moves": moves_of(order=order, fills=after.fills),
        "protections": after.protections,
    }
    steps = [
        Step(
            "order",
            "The order",
            "arrows-exchange",
            part,
            at=order.approved_at,
            as_of=order.as_of,
            stopped=verdict.stopped,
        )
    ]
    if after.fills:
        last = after.fills[-1]
        title = "The fill" if len(after.fills) == 1 else f"{len(after.fills)} fills"
        filled = {"fills": after.fills, "instrument": order.instrument}
        steps.append(Step("fills", title, "receipt", filled, at=last.at, as_of=last.as_of))
    if since is not None:
        title = "What came of it since"
        steps.append(Step("since", title, "history", since, tone=Tone.SINCE))
    return steps


def _without_proposal(rows: Rows, verdict: Verdict, *, has_answered: bool) -> list[Step]:
    state = ExecutionState(rows.execution.state)
    if state is ExecutionState.THINKING:
        return [_waiting("The proposer is being asked")]
    is_told = has_answered and state is ExecutionState.ABSTAINED
    return [_ended(rows, verdict)] if state in ENDED and not is_told else []


def _waiting(title: str) -> Step:
    return Step("waiting", title, "hourglass", None, tone=Tone.WAITING)


def _ended(rows: Rows, verdict: Verdict) -> Step:
    at = rows.execution.ended_at
    return Step("ended", "It ended here", "circle-x", None, at=at, stopped=verdict.stopped)
