"""One order with what led to it and what came from it."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from agents.models import Decision
from market.models import Quote
from trading.domain.states import AT_WORK, Source
from trading.models import Assessment, Order, Protection
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.dashboard.orders import why_of
from tradingfarm.pages.orders.aftermath import Aftermath, aftermath_of
from tradingfarm.pages.orders.checks import CheckTable, check_table
from tradingfarm.pages.orders.moves import Move, moves_of
from tradingfarm.pages.orders.report import Report, report_of
from tradingfarm.pages.orders.words import BAD, KIND_WORDS, source_words, state_words

PREFIX = "protection:"


@dataclass(frozen=True)
class Origin:
    """The protection that made an order by itself, and the entry that it protected."""

    kind: str
    price: Decimal
    entry_id: UUID


@dataclass(frozen=True)
class OrderPage:
    """An order, the newest price `last` of what it trades, and its events in the journal.

    `execution_id` is that of the decision it followed from; `origin` the protection it came from.
    `look` is that of its state's badge.
    """

    order: Order
    who: str
    why: str
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
        .select_related("account", "instrument", "permission", "assessment")
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
