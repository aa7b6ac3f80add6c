"""An order that is sent in slices, with what was sent, filled and paid so far."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from trading.domain.states import ParentState
from trading.models import Assessment, ParentOrder
from trading.selectors.execution_reports import report_of_parent
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.numbers import Use, use_of
from tradingfarm.pages.lists.orders import OrderRow, order_row, orders_of
from tradingfarm.pages.orders.checks import CheckTable, check_table
from tradingfarm.pages.orders.report import Report, shown
from tradingfarm.pages.orders.spans import span_words
from tradingfarm.pages.orders.words import PARENT_WORDS

SLICES = 200


@dataclass(frozen=True)
class ParentPage:
    """The whole, its slices in the order they were made, and its report over all of them."""

    parent: ParentOrder
    who: str
    state_words: str
    look: str
    works: bool
    sent: Use
    every: str
    slices: tuple[OrderRow, ...]
    report: Report
    checks: CheckTable | None
    events: tuple[JournalEvent, ...]

    @property
    def subject(self) -> str:
        """What the journal calls it."""
        return f"parent:{self.parent.id}"


def owned_parent(*, owner_id: int, parent_id: UUID) -> ParentOrder | None:
    """The order with its gate's answer, when it is this owner's. One query."""
    rows = ParentOrder.objects.select_related("account", "instrument", "permission", "assessment")
    return rows.filter(id=parent_id, account__owner_id=owner_id).first()


def parent_page(*, parent: ParentOrder, page: AccountPage) -> ParentPage:
    """What there is to say of it. Four queries."""
    assessment: Assessment | None = getattr(parent, "assessment", None)
    slices = orders_of(page).filter(parent=parent.id).order_by("approved_at", "id")
    works = parent.state == ParentState.WORKING
    currency = parent.account.base_currency
    return ParentPage(
        parent=parent,
        who=parent.permission.agent_name if parent.permission else "By hand",
        state_words=PARENT_WORDS[parent.state],
        look="wait" if works else "bad" if parent.state == ParentState.STOPPED else "good",
        works=works,
        sent=use_of(used=parent.sent_quantity, limit=parent.quantity),
        every=span_words(timedelta(seconds=parent.interval_seconds)),
        slices=tuple(order_row(order) for order in slices[:SLICES]),
        report=shown(report_of_parent(parent_id=parent.id)),
        checks=check_table(assessment, currency=currency) if assessment else None,
        events=tuple(JournalEvent.objects.filter(subject=f"parent:{parent.id}").order_by("id")),
    )
