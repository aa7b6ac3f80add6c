"""One order with what led to it and what came from it."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from agents.models import Decision
from market.models import Quote
from trading.domain.states import AT_WORK, CancelState, Source
from trading.models import Assessment, Order, Protection
from trading.services.canceling import AT_REST
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.dashboard.orders import why_of
from tradingfarm.pages.orders.aftermath import Aftermath, aftermath_of
from tradingfarm.pages.orders.checks import CheckTable, check_table
from tradingfarm.pages.orders.moves import Move, moves_of
from tradingfarm.pages.orders.report import Report, report_of
from tradingfarm.pages.orders.words import (
    BAD,
    FORCE_WORDS,
    KIND_WORDS,
    TYPE_WORDS,
    cancel_words,
    source_words,
    state_words,
)

PREFIX = "protection:"


@dataclass(frozen=True)
class Origin:
    """The protection that made an order by itself, and the entry that it protected.

    A time exit has no price.
    """

    kind: str
    price: Decimal | None
    entry_id: UUID


@dataclass(frozen=True)
class Terms:
    """How an order was to be filled, in words, and what was wished of it since.

    `wanted` is what takes its place once it is canceled; `may_change` that it could be replaced.
    """

    kind: str
    force: str
    canceling: str
    asked_by: str
    wanted: tuple[tuple[str, Decimal], ...]
    may_change: bool


@dataclass(frozen=True)
class OrderPage:
    """An order, the newest price `last` of what it trades, and its events in the journal.

    `execution_id` is that of the decision it followed from; `origin` the protection it came from.
    `look` is that of its state's badge.
    """

    order: Order
    who: str
    why: str
    terms: Terms
    state_words: str
    look: str
    is_at_work: bool
    execution_id: UUID | None
    origin: Origin | None
    report: Report
    checks: CheckTable | None
    moves: tuple[Move, ...]
    after: Aftermath
    last: Decimal | None
    unrealised: Decimal | None
    events: tuple[JournalEvent, ...]

    @property
    def subject(self) -> str:
        """What the journal calls it."""
        return f"order:{self.order.id}"


def owned_order(*, owner_id: int, order_id: UUID) -> Order | None:
    """The order with its gate's answer, when it is this owner's. One query."""
    decided = Decision.objects.filter(pk=OuterRef("decision_id"))
    prices = Quote.objects.filter(
        feed=OuterRef("account__feed"), instrument=OuterRef("instrument")
    )
    return (
        Order.objects.filter(id=order_id, account__owner_id=owner_id)
        .select_related("account", "instrument", "permission", "assessment", "replaced_by")
        .annotate(
            execution_id=Subquery(decided.values("execution_id")[:1]),
            last=Subquery(prices.values("last")[:1]),
        )
        .first()
    )


def order_page(*, order: Order) -> OrderPage:
    """What there is to say of an order that `owned_order` gave. Three queries, or four."""
    after, events = aftermath_of(order=order), tuple(_events(order))
    assessment: Assessment | None = getattr(order, "assessment", None)
    last: Decimal | None = vars(order)["last"]
    look = "wait" if order.state in AT_WORK else "bad" if order.state in BAD else "good"
    return OrderPage(
        order=order,
        who=source_words(order),
        why=why_of(order),
        terms=_terms(order),
        state_words=state_words(order),
        look=look,
        is_at_work=order.state in AT_WORK,
        execution_id=vars(order)["execution_id"],
        origin=_origin(order),
        report=report_of(order),
        checks=check_table(assessment, currency=order.account.base_currency)
        if assessment
        else None,
        moves=moves_of(order=order, fills=after.fills, events=events),
        after=after,
        last=last,
        unrealised=after.unrealised(last),
        events=events,
    )


WANTED = (("quantity", "quantity"), ("limit_price", "limit price"), ("stop_price", "stop price"))


def _terms(order: Order) -> Terms:
    amendment = order.amendment or {}
    is_wished = order.cancel_state != CancelState.NONE
    return Terms(
        kind=TYPE_WORDS[order.order_type],
        force=FORCE_WORDS[order.time_in_force],
        canceling=cancel_words(order),
        asked_by=order.cancel_requested_by.removeprefix("person:"),
        wanted=tuple(
            (words, Decimal(amendment[key])) for key, words in WANTED if key in amendment
        ),
        may_change=order.state in AT_REST
        and order.source in (Source.AGENT, Source.PERSON)
        and not is_wished,
    )


def _events(order: Order) -> QuerySet[JournalEvent]:
    return JournalEvent.objects.filter(subject=f"order:{order.id}").order_by("id")


def _origin(order: Order) -> Origin | None:
    """From the order's own name: what fired stays told when the protection was armed again."""
    if order.source != Source.PROTECTION or not order.intent_key.startswith(PREFIX):
        return None
    key = order.intent_key.removeprefix(PREFIX).partition(":")[0]
    protection = Protection.objects.filter(id=key, account=order.account_id).first()
    if protection is None:
        return None
    return Origin(KIND_WORDS[protection.kind], protection.price, protection.entry_id)
