"""The list of fills, with what they cost and brought together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from trading.domain.states import Side
from trading.models import Fill
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.orders import why_of
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.listing import Listing, Sort
from tradingfarm.pages.lists.filters import SIDES, AgentFilters, ChoiceField
from tradingfarm.pages.lists.pages import AccountList

SORTS = (
    Sort("time", "When", ("-as_of", "-id")),
    Sort("symbol", "Symbol", ("instrument__symbol", "-as_of", "-id")),
    Sort("value", "Value", ("-value", "-id")),
    Sort("fee", "Fee", ("-fee", "-id")),
    Sort("realised", "Realised", ("-realised", "-id")),
)
HEADS = (
    *("date", "order", "symbol", "side", "quantity", "price", "value", "fee", "realised"),
    *("agent", "why", "trade"),
)


class FillFilters(AgentFilters):
    side = ChoiceField(label="Side", choices=SIDES)
    lookups: ClassVar[dict[str, str]] = AgentFilters.lookups | {"side": "side"}
    field_order = ("symbol", "side", "agent")


@dataclass(frozen=True)
class FillRow:
    """One fill, in the account's currency; `realised` is None for a buy."""

    id: int
    order_id: UUID
    symbol: str
    instrument_id: UUID
    side: str
    quantity: Decimal
    price: Decimal
    value: Decimal
    fee: Decimal
    realised: Decimal | None
    agent: str
    why: str
    as_of: datetime
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True)
class Totals:
    """All fills that the filters leave, not only those of the page."""

    count: int
    value: Decimal
    fees: Decimal
    realised: Decimal


def fills_of(page: AccountPage) -> QuerySet[Fill]:
    """The account's fills."""
    return (
        Fill.objects.filter(account=page.id)
        .select_related("instrument", "permission", "order")
        .defer("order__reasoning")
    )


def fill_row(fill: Fill) -> FillRow:
    """A fill as the list shows it."""
    return FillRow(
        id=fill.pk,
        order_id=fill.order_id,
        symbol=fill.instrument.symbol,
        instrument_id=fill.instrument_id,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        value=fill.value,
        fee=fill.fee,
        realised=fill.realised if fill.side == Side.SELL else None,
        agent=fill.permission.agent_name if fill.permission else fill.order.source,
        why=why_of(fill.order),
        as_of=fill.as_of,
        tick_size=fill.instrument.tick_size,
        lot_size=fill.instrument.lot_size,
    )


def totals_of(fills: QuerySet[Fill]) -> Totals:
    """One query."""
    found = fills.order_by().aggregate(
        count=Count("pk"), value=Sum("value"), fees=Sum("fee"), realised=Sum("realised")
    )
    return Totals(
        found["count"], found["value"] or ZERO, found["fees"] or ZERO, found["realised"] or ZERO
    )


def _more(frame: Frame, listing: Listing[Fill]) -> Mapping[str, object]:
    return {"totals": totals_of(listing.everything)}


def _cells(fill: Fill) -> tuple[object, ...]:
    row = fill_row(fill)
    return (
        *(row.as_of, row.order_id, row.symbol, row.side, row.quantity, row.price, row.value),
        *(row.fee, row.realised, row.agent, row.why, fill.trade_id),
    )


FILLS = AccountList(
    name="fills",
    section="orders",
    rows=fills_of,
    sorts=SORTS,
    filters=lambda query, page: FillFilters(query, zone=page.time_zone, account_id=page.id),
    row=fill_row,
    heads=HEADS,
    cells=_cells,
    more=_more,
)
