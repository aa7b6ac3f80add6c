"""The list of executions: why a team was woken, what it proposed, how it voted, what followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import QueryDict

from agents.domain.states import ExecutionState, Outcome
from agents.models import Decision, Execution, Proposal, ProviderCall, Team
from trading.domain.states import OrderState
from trading.models import Order
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.decisions import WHY_NOT
from tradingfarm.pages.dashboard.orders import STATE_WORDS
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.listing import M, Sort
from tradingfarm.pages.lists.filters import ANY, ChoiceField, DayFilters, SymbolField, agents_of
from tradingfarm.pages.lists.pages import AccountList

APPROVED = Q(decision__outcome=Outcome.APPROVED)
OUTCOMES: Mapping[str, tuple[str, Q]] = {
    "ordered": ("Ordered", APPROVED & Q(decision__assessment__approved=True)),
    "refused": ("Refused by the risk gate", APPROVED & Q(decision__assessment__approved=False)),
    "unordered": ("Approved, no order", APPROVED & Q(decision__assessment__isnull=True)),
    "no-quorum": ("Too few approvals", Q(decision__outcome=Outcome.NO_QUORUM)),
    "vetoed": ("Vetoed", Q(decision__outcome=Outcome.VETOED)),
    "too-small": ("Too small after the votes", Q(decision__outcome=Outcome.BELOW_MINIMUM)),
    "hold": ("Hold", Q(decision__outcome=Outcome.HOLD)),
    "at-work": ("Waiting or thinking", Q(state__in=["QUEUED", "THINKING"])),
    "abstained": ("Abstained", Q(state=ExecutionState.ABSTAINED)),
    "failed": ("Failed", Q(state=ExecutionState.FAILED)),
    "abandoned": ("Abandoned", Q(state=ExecutionState.ABANDONED)),
}
TONES = {
    "ordered": "good",
    "refused": "wait",
    "unordered": "wait",
    "vetoed": "bad",
    "failed": "bad",
    "abstained": "wait",
    "at-work": "accent",
}
STATES = {
    ExecutionState.QUEUED: "at-work",
    ExecutionState.THINKING: "at-work",
    ExecutionState.ABSTAINED: "abstained",
    ExecutionState.FAILED: "failed",
    ExecutionState.ABANDONED: "abandoned",
}
DECISIONS = {
    Outcome.NO_QUORUM: "no-quorum",
    Outcome.VETOED: "vetoed",
    Outcome.BELOW_MINIMUM: "too-small",
    Outcome.HOLD: "hold",
}
DOLLAR_STEP = Decimal("0.0001")
SORTS = (Sort("time", "When", ("-as_of", "-id")),)
HEADS = (
    *("date", "execution", "team", "cause", "proposer", "side", "quantity", "symbol", "outcome"),
    *("for", "against", "abstained", "decided quantity", "order", "order state", "reason"),
    *("model dollars", "questions", "seconds"),
)


class ExecutionFilters(DayFilters):
    outcome = ChoiceField(
        label="Outcome", choices=[ANY, *((name, words) for name, (words, _) in OUTCOMES.items())]
    )
    symbol = SymbolField()
    agent = ChoiceField(label="Proposed by")
    team = ChoiceField(label="Team")
    lookups: ClassVar[dict[str, str]] = {
        "symbol": "proposal__instrument__symbol__istartswith",
        "agent": "proposal__proposer",
        "team": "team",
    }

    def __init__(self, query: QueryDict, *, page: AccountPage) -> None:
        super().__init__(query, zone=page.time_zone)
        self._offer("agent", agents_of(page.id))
        teams = Team.objects.filter(sessions__account=page.id).order_by("name", "id").distinct()
        self._offer("team", [(str(key), name) for key, name in teams.values_list("id", "name")])

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        outcome = self.found.get("outcome")
        return super().narrow(rows.filter(OUTCOMES[outcome][1]) if outcome else rows)

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = [ANY, *choices]


@dataclass(frozen=True)
class Proposed:
    """The order that was wanted, and by whom."""

    side: str
    quantity: Decimal
    symbol: str
    instrument_id: UUID
    proposer: str
    colour: str
    icon: str
    lot_size: Decimal


@dataclass(frozen=True)
class Followed:
    """The order that followed, and how far it has come."""

    id: UUID
    quantity: Decimal
    state: str
    words: str


@dataclass(frozen=True)
class ExecutionRow:
    """One execution. `outcome` is a key of OUTCOMES; `took` is None until it has ended.

    `votes` are approvals, rejections and abstentions, None where nobody voted.
    """

    id: UUID
    causes: tuple[str, ...]
    team: str
    proposed: Proposed | None
    outcome: str
    votes: tuple[int, int, int] | None
    order: Followed | None
    reason: str
    dollars: Decimal
    questions: int
    took: timedelta | None
    as_of: datetime

    @property
    def outcome_words(self) -> str:
        return OUTCOMES[self.outcome][0]

    @property
    def tone(self) -> str:
        """Which badge says it: good, bad, wait, accent or, for none, ''."""
        return TONES.get(self.outcome, "")

    @property
    def seconds(self) -> Decimal | None:
        """How long it took, in wall time."""
        if self.took is None:
            return None
        return (Decimal(self.took // timedelta(milliseconds=1)) / 1000).quantize(Decimal("0.01"))


def executions_of(page: AccountPage) -> QuerySet[Execution]:
    """The account's executions with all that a row says."""
    calls = ProviderCall.objects.filter(execution=OuterRef("pk")).order_by().values("execution")
    return (
        Execution.objects.filter(account=page.id)
        .select_related(
            "team",
            "proposal__instrument",
            "proposal__proposer",
            "decision__assessment__order",
        )
        .defer("proposal__reasoning", "decision__assessment__order__reasoning", "versions")
        .annotate(
            dollars=Subquery(calls.annotate(total=Sum("dollars")).values("total")),
            questions=Subquery(calls.annotate(total=Count("pk")).values("total")),
        )
    )


def execution_row(execution: Execution) -> ExecutionRow:
    """An execution as the list shows it."""
    decision: Decision | None = getattr(execution, "decision", None)
    proposal: Proposal | None = getattr(execution, "proposal", None)
    notes = vars(execution)
    order = decision.assessment.order if decision and decision.assessment else None
    return ExecutionRow(
        id=execution.id,
        causes=tuple(str(cause.get("title") or cause["kind"]) for cause in execution.causes),
        team=execution.team.name,
        proposed=_proposed(proposal) if proposal else None,
        outcome=_outcome(execution, decision),
        votes=_votes(decision) if decision and proposal else None,
        order=_followed(order) if order else None,
        reason=_reason(execution, decision),
        dollars=notes["dollars"] or ZERO,
        questions=notes["questions"] or 0,
        took=execution.ended_at - execution.queued_at if execution.ended_at else None,
        as_of=execution.as_of,
    )


def _outcome(execution: Execution, decision: Decision | None) -> str:
    if decision is None:
        return STATES.get(ExecutionState(execution.state), "hold")
    outcome = Outcome(decision.outcome)
    if outcome is not Outcome.APPROVED:
        return DECISIONS[outcome]
    if decision.assessment is None:
        return "unordered"
    return "ordered" if decision.assessment.approved else "refused"


def _proposed(proposal: Proposal) -> Proposed:
    return Proposed(
        side=proposal.side,
        quantity=proposal.quantity,
        symbol=proposal.instrument.symbol,
        instrument_id=proposal.instrument_id,
        proposer=proposal.proposer.name,
        colour=proposal.proposer.colour,
        icon=proposal.proposer.icon,
        lot_size=proposal.instrument.lot_size,
    )


def _votes(decision: Decision) -> tuple[int, int, int]:
    return decision.approvals, decision.rejections, decision.abstentions


def _followed(order: Order) -> Followed:
    state = OrderState(order.state)
    return Followed(order.id, order.quantity, order.state, STATE_WORDS[state])


def _reason(execution: Execution, decision: Decision | None) -> str:
    if decision is None:
        return execution.problem
    if decision.assessment and not decision.assessment.approved:
        found = decision.assessment
        return " ".join(sentences_of(denials=found.denials, checks=found.checks))
    if decision.outcome in WHY_NOT:
        return decision.reason
    return execution.problem


def _cells(execution: Execution) -> tuple[object, ...]:
    row = execution_row(execution)
    wanted, order = row.proposed, row.order
    return (
        *(row.as_of, row.id, row.team, "; ".join(row.causes), wanted and wanted.proposer),
        *(wanted and wanted.side, wanted and wanted.quantity, wanted and wanted.symbol),
        *(row.outcome_words, *(row.votes or (None, None, None)), order and order.quantity),
        *(order and order.id, order and order.state, row.reason, row.dollars, row.questions),
        row.seconds,
    )


EXECUTIONS = AccountList(
    name="executions",
    section="executions",
    rows=executions_of,
    sorts=SORTS,
    filters=lambda query, page: ExecutionFilters(query, page=page),
    row=execution_row,
    heads=HEADS,
    cells=_cells,
    more=lambda frame, listing: {"dollar_step": DOLLAR_STEP},
)
