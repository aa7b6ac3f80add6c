"""The list of orders."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from agents.models import Decision
from trading.domain.states import AT_WORK, TERMINAL, OrderState
from trading.models import Order
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.orders import STATE_WORDS, why_of
from tradingfarm.pages.listing import M, Sort
from tradingfarm.pages.lists.filters import ANY, SIDES, AgentFilters, ChoiceField
from tradingfarm.pages.lists.pages import AccountList

STATES = {
    "at-work": ("At work", Q(state__in=sorted(AT_WORK))),
    "ended": ("Ended", Q(state__in=sorted(TERMINAL))),
    **{state.value: (STATE_WORDS[state].capitalize(), Q(state=state)) for state in OrderState},
}
SORTS = (
    Sort("time", "When", ("-approved_at", "-id")),
    Sort("symbol", "Symbol", ("instrument__symbol", "-approved_at", "-id")),
    Sort("quantity", "Quantity", ("-quantity", "-id")),
    Sort("value", "Filled value", ("-filled_value", "-id")),
    Sort("state", "State", ("state", "-approved_at", "-id")),
)
HEADS = (
    *("date", "order", "symbol", "side", "quantity", "filled", "expected price", "worst price"),
    *("average price", "value", "fees", "state", "problem", "source", "agent", "why"),
)


class OrderFilters(AgentFilters):
    side = ChoiceField(label="Side", choices=SIDES)
    state = ChoiceField(
        label="State", choices=[ANY, *((name, words) for name, (words, _) in STATES.items())]
    )
    lookups: ClassVar[dict[str, str]] = AgentFilters.lookups | {"side": "side"}
    field_order = ("symbol", "side", "state", "agent")

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        state = self.found.get("state")
        return super().narrow(rows.filter(STATES[state][1]) if state else rows)


@dataclass(frozen=True)
class OrderRow:
    """One order. Prices in the account's currency; `average` is None before a fill."""

    id: UUID
    symbol: str
    instrument_id: UUID
    side: str
    quantity: Decimal
    filled: Decimal
    expected: Decimal
    average: Decimal | None
    value: Decimal
    fees: Decimal
    state: str
    state_words: str
    problem: str
    agent: str
    why: str
    execution_id: UUID | None
    as_of: datetime
    tick_size: Decimal
    lot_size: Decimal


def orders_of(page: AccountPage) -> QuerySet[Order]:
    """The account's orders, with the execution that each came from where there is one."""
    decided = Decision.objects.filter(pk=OuterRef("decision_id"))
    return (
        Order.objects.filter(account=page.id)
        .select_related("instrument", "permission")
        .defer("reasoning")
        .annotate(execution_id=Subquery(decided.values("execution_id")[:1]))
    )


def order_row(order: Order) -> OrderRow:
    """An order as the list shows it."""
    return OrderRow(
        id=order.id,
        symbol=order.instrument.symbol,
        instrument_id=order.instrument_id,
        side=order.side,
        quantity=order.quantity,
        filled=order.filled_quantity,
        expected=order.expected_price,
        average=average_of(order),
        value=order.filled_value,
        fees=order.fees,
        state=order.state,
        state_words=STATE_WORDS[OrderState(order.state)],
        problem=order.problem,
        agent=order.permission.agent_name if order.permission else order.source,
        why=why_of(order),
        execution_id=vars(order).get("execution_id"),
        as_of=order.as_of,
        tick_size=order.instrument.tick_size,
        lot_size=order.instrument.lot_size,
    )


def average_of(order: Order) -> Decimal | None:
    """The average price of what was filled, None before."""
    return order.filled_value / order.filled_quantity if order.filled_quantity else None


def _cells(order: Order) -> tuple[object, ...]:
    row = order_row(order)
    return (
        *(row.as_of, row.id, row.symbol, row.side, row.quantity, row.filled, row.expected),
        *(order.worst_price, row.average, row.value, row.fees, row.state, row.problem),
        *(order.source, row.agent, row.why),
    )


ORDERS = AccountList(
    name="orders",
    section="orders",
    rows=orders_of,
    sorts=SORTS,
    filters=lambda query, page: OrderFilters(query, zone=page.time_zone, account_id=page.id),
    row=order_row,
    heads=HEADS,
    cells=_cells,
)
