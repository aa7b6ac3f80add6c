"""The positions of an account: the open ones with live figures, and those that were closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from trading.models import Fill, Position
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.listing import Filters, Listing, Sort
from tradingfarm.pages.lists.filters import SymbolField
from tradingfarm.pages.lists.pages import AccountList

SORTS = (
    Sort("symbol", "Symbol", ("instrument__symbol", "id")),
    Sort("realised", "Realised", ("-realised", "id")),
    Sort("fees", "Fees", ("-fees", "id")),
)
HEADS = (
    *("symbol", "quantity", "cost", "realised", "fees", "fills", "bought", "first fill"),
    "last fill",
)


class PositionFilters(Filters):
    symbol = SymbolField()
    lookups: ClassVar[dict[str, str]] = {"symbol": "instrument__symbol__istartswith"}


@dataclass(frozen=True)
class ClosedRow:
    """What a position brought that is flat now, over all of its round trips."""

    instrument_id: UUID
    symbol: str
    realised: Decimal
    fees: Decimal
    bought: Decimal
    fills: int
    opened_at: datetime | None
    closed_at: datetime | None


def positions_of(page: AccountPage) -> QuerySet[Position]:
    """Every position that the account has or had, with its fills summed up."""
    fills = (
        Fill.objects.filter(account=OuterRef("account"), instrument=OuterRef("instrument"))
        .order_by()
        .values("instrument")
    )
    bought = fills.filter(side="buy").annotate(total=Sum("value"))
    return (
        Position.objects.filter(account=page.id)
        .select_related("instrument")
        .annotate(
            fill_count=Coalesce(Subquery(fills.annotate(n=Count("pk")).values("n")), 0),
            bought=Coalesce(Subquery(bought.values("total")), ZERO),
            opened_at=Subquery(fills.annotate(first=Min("as_of")).values("first")),
            closed_at=Subquery(fills.annotate(last=Max("as_of")).values("last")),
        )
    )


def closed_of(page: AccountPage) -> QuerySet[Position]:
    """The positions that are flat."""
    return positions_of(page).filter(quantity=0)


def closed_row(position: Position) -> ClosedRow:
    """A closed position as the list shows it."""
    notes = vars(position)
    return ClosedRow(
        instrument_id=position.instrument_id,
        symbol=position.instrument.symbol,
        realised=position.realised,
        fees=position.fees,
        bought=notes["bought"],
        fills=notes["fill_count"],
        opened_at=notes["opened_at"],
        closed_at=notes["closed_at"],
    )


def _more(frame: Frame, listing: Listing[Position]) -> Mapping[str, object]:
    return {
        "open_rows": frame.positions,
        "numbers": frame.numbers,
        "realised": sum((row.realised for row in frame.positions), ZERO),
    }


def _cells(position: Position) -> tuple[object, ...]:
    row = closed_row(position)
    return (
        *(row.symbol, position.quantity, position.cost, row.realised, row.fees, row.fills),
        *(row.bought, row.opened_at, row.closed_at),
    )


POSITIONS = AccountList(
    name="positions",
    section="orders",
    rows=closed_of,
    sorts=SORTS,
    filters=lambda query, page: PositionFilters(query),
    row=closed_row,
    heads=HEADS,
    cells=_cells,
    more=_more,
)
