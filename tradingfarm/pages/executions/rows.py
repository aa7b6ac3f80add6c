"""The rows of one execution's story, in a number of queries that no story changes."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import CharField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat
from pydantic import ValidationError

from agents.domain.contexts import DecisionContext, read
from agents.models import Decision, Execution, Member, Message, Proposal, ProviderCall
from agents.services.calls import Round
from market.models import Quote
from trading.models import Assessment, Confirmation, Order, ParentOrder
from tradingfarm.kernel.models import JournalStream
from tradingfarm.pages.orders.aftermath import Aftermath, aftermath_of
from triggers.models import Firing


@dataclass(frozen=True)
class Rows:
    """What is stored of an execution. Ballots of an open vote are not among the calls.

    `known` is its context, None before it was gathered or where its text is of another release.
    `firings` are by cause key, `quotes` the newest prices of its feed by symbol; `cast` of `seats`
    have voted. `seq` is how far the account's journal had come before any of this was read.
    """

    execution: Execution
    known: DecisionContext | None
    calls: tuple[ProviderCall, ...]
    messages: tuple[Message, ...]
    firings: dict[str, Firing]
    quotes: dict[str, Quote]
    aftermath: Aftermath | None
    cast: int
    seats: int
    seq: int

    @property
    def proposal(self) -> Proposal | None:
        return getattr(self.execution, "proposal", None)

    @property
    def decision(self) -> Decision | None:
        return getattr(self.execution, "decision", None)

    @property
    def assessment(self) -> Assessment | None:
        return self.decision.assessment if self.decision else None

    @property
    def confirmation(self) -> Confirmation | None:
        """What a person was asked, where the gate wanted one."""
        return getattr(self.assessment, "confirmation", None) if self.assessment else None

    @property
    def order(self) -> Order | None:
        """What the gate made of it, or what it became when a person had said yes."""
        if self.assessment is None:
            return None
        confirmed = self.confirmation.order if self.confirmation else None
        return self.assessment.order or confirmed

    @property
    def parent(self) -> ParentOrder | None:
        """What the gate let out in slices."""
        return self.assessment.parent if self.assessment else None

    @property
    def is_voting(self) -> bool:
        return is_voting(self.execution)


def rows_of(*, owner_id: int, execution_id: UUID) -> Rows | None:
    """The rows of an execution of this owner, or None.

    Five queries, and two more where an order was made.
    """
    execution = owned_execution(owner_id=owner_id, execution_id=execution_id)
    if execution is None:
        return None
    calls = _calls(execution_id)
    shown = [call for call in calls if not (is_voting(execution) and call.round == Round.VOTE)]
    known = _known(execution)
    rows = Rows(
        execution=execution,
        known=known,
        calls=tuple(shown),
        messages=_messages(execution_id),
        firings=_firings(execution_id),
        quotes=_quotes(execution, known),
        aftermath=None,
        cast=sum(call.round == Round.VOTE for call in calls),
        seats=vars(execution)["voters"],
        seq=vars(execution)["journal_seq"],
    )
    order = rows.order
    if order is None:
        return rows
    return Rows(**vars(rows) | {"aftermath": aftermath_of(order=order)})


def owned_execution(*, owner_id: int, execution_id: UUID) -> Execution | None:
    """The execution with all that there is one of, when it is this owner's. One query."""
    voters = Member.objects.filter(team=OuterRef("team"), proposes=False).order_by()
    count = voters.values("team").annotate(count=Count("id")).values("count")
    return (
        Execution.objects.filter(id=execution_id, account__owner_id=owner_id)
        .select_related(
            "team",
            "account",
            "context",
            "proposal__instrument",
            "proposal__proposer",
            "decision__assessment__order__instrument",
            "decision__assessment__order__permission",
            "decision__assessment__parent__instrument",
            "decision__assessment__confirmation__order__instrument",
            "decision__assessment__confirmation__order__permission",
        )
        .annotate(
            voters=Coalesce(Subquery(count), 0),
            journal_seq=Coalesce(Subquery(_journal().values("seq")), 0),
        )
        .first()
    )


def _journal() -> QuerySet[JournalStream]:
    """The head of the account's journal, in the statement that reads everything else first."""
    name = Concat(Value("account:"), Cast(OuterRef("account_id"), CharField()))
    return JournalStream.objects.filter(name=name)


def is_voting(execution: Execution) -> bool:
    """Ballots are secret until the vote has closed, also from who owns the farm."""
    proposal: Proposal | None = getattr(execution, "proposal", None)
    return (
        proposal is not None
        and proposal.closed_at is None
        and getattr(execution, "decision", None) is None
    )


def _calls(execution_id: UUID) -> list[ProviderCall]:
    found = ProviderCall.objects.filter(execution=execution_id).select_related("agent")
    return list(found.order_by("at", "id"))


def _messages(execution_id: UUID) -> tuple[Message, ...]:
    found = Message.objects.filter(execution=execution_id).select_related("sender")
    return tuple(found.order_by("place"))


def _known(execution: Execution) -> DecisionContext | None:
    if execution.context is None:
        return None
    try:
        return read(execution.context.text)
    except ValidationError:
        return None


def _firings(execution_id: UUID) -> dict[str, Firing]:
    found = Firing.objects.filter(executions=execution_id).select_related("trigger")
    return {firing.cause_key: firing for firing in found}


def _quotes(execution: Execution, known: DecisionContext | None) -> dict[str, Quote]:
    """Of every symbol that was looked at, proposed, or a cause."""
    symbols = {view.symbol for view in known.symbols} if known else set()
    symbols |= {str(cause["symbol"]) for cause in execution.causes if cause.get("symbol")}
    proposal: Proposal | None = getattr(execution, "proposal", None)
    if proposal is not None:
        symbols.add(proposal.instrument.symbol)
    found = Quote.objects.filter(
        feed=execution.account.feed_id, instrument__symbol__in=sorted(symbols)
    )
    return {quote.instrument.symbol: quote for quote in found.select_related("instrument")}
