"""The whole story of one execution, from the tick to what came of its fills."""

from dataclasses import dataclass
from decimal import Decimal

from agents.domain.states import ENDED, ExecutionState
from agents.models import Execution
from market.models import Instrument
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.executions.answers import Told, told
from tradingfarm.pages.executions.causes import CauseCard, causes_of
from tradingfarm.pages.executions.rows import Rows
from tradingfarm.pages.executions.since import Since, since_of
from tradingfarm.pages.executions.steps import Step, timed
from tradingfarm.pages.executions.telling import checked, ordered, thought, voted, woken
from tradingfarm.pages.executions.verdict import Verdict, verdict_of
from tradingfarm.pages.orders.aftermath import Aftermath
from tradingfarm.pages.orders.spans import span_words


@dataclass(frozen=True)
class Costs:
    """What the answers cost together. `is_rules`: no model was asked."""

    calls: int
    dollars: Decimal
    dollars_known: bool
    tokens: int
    is_rules: bool


@dataclass(frozen=True)
class Story:
    """One execution. `took` is wall time from its first cause to its end, in words."""

    execution: Execution
    is_running: bool
    verdict: Verdict
    causes: tuple[CauseCard, ...]
    instrument: Instrument | None
    costs: Costs
    took: str
    steps: tuple[Step, ...]
    since: Since | None
    aftermath: Aftermath | None
    subjects: tuple[tuple[str, str], ...]

    @property
    def told(self) -> str:
        """Changes whenever there may be something new to draw on the chart."""
        after = self.aftermath
        counts = (len(self.steps), *((len(after.fills), len(after.exits)) if after else ()))
        return "-".join(str(count) for count in counts)


def story_of(*, rows: Rows) -> Story:
    """The story that the rows tell. No query."""
    execution, verdict = rows.execution, verdict_of(rows=rows)
    answers = _answers(rows)
    causes, since = causes_of(rows=rows), since_of(rows=rows)
    steps = [
        *woken(rows=rows, causes=causes),
        *thought(rows=rows, answers=answers, verdict=verdict),
        *voted(rows=rows, answers=answers, verdict=verdict),
        *checked(rows=rows, verdict=verdict),
        *ordered(rows=rows, since=since, verdict=verdict),
    ]
    return Story(
        execution=execution,
        is_running=ExecutionState(execution.state) not in ENDED,
        verdict=verdict,
        causes=causes,
        instrument=_instrument(rows, causes),
        costs=_costs(answers),
        took=_took(rows, causes),
        steps=timed(steps),
        since=since,
        aftermath=rows.aftermath,
        subjects=_subjects(rows),
    )


def _answers(rows: Rows) -> tuple[Told, ...]:
    symbols = {view.symbol for view in rows.known.symbols} if rows.known else set(rows.quotes)
    return tuple(told(call=call, execution=rows.execution, symbols=symbols) for call in rows.calls)


def _instrument(rows: Rows, causes: tuple[CauseCard, ...]) -> Instrument | None:
    """What the story is about: what was proposed, else what woke the team."""
    if rows.proposal is not None:
        return rows.proposal.instrument
    named = [rows.quotes[each.symbol] for each in causes if each.symbol in rows.quotes]
    return named[0].instrument if named else None


def _costs(answers: tuple[Told, ...]) -> Costs:
    return Costs(
        calls=len(answers),
        dollars=sum((each.dollars for each in answers), ZERO),
        dollars_known=all(each.dollars_known for each in answers),
        tokens=sum(each.input_tokens + each.output_tokens for each in answers),
        is_rules=bool(answers) and all(each.is_rules for each in answers),
    )


def _took(rows: Rows, causes: tuple[CauseCard, ...]) -> str:
    execution, order = rows.execution, rows.order
    began = min((cause.at for cause in causes if cause.at), default=execution.queued_at)
    ended = order.ended_at if order and order.ended_at else execution.ended_at
    return span_words(ended - began) if ended else ""


def _subjects(rows: Rows) -> tuple[tuple[str, str], ...]:
    """What the journal calls the things of this story: a name for people, and the subject."""
    found = [("this execution", f"execution:{rows.execution.id}")]
    if rows.assessment is not None:
        found.append(("the risk gate's answer", f"assessment:{rows.assessment.id}"))
    if rows.order is not None:
        found.append(("the order", f"order:{rows.order.id}"))
    return tuple(found)
