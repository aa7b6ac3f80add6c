"""Fills as lines of a table, and those of the pool that an order bought into or sold from."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, F, Min, Subquery, Sum, When

from trading.domain.states import Side
from trading.models import Fill, Order

LATER_FILLS = 400


@dataclass(frozen=True)
class FillLine:
    """One fill. `realised` is None for a buy; `after` is what its pool held then."""

    id: int
    order_id: UUID
    trade_id: str
    side: str
    quantity: Decimal
    price: Decimal
    value: Decimal
    fee: Decimal
    realised: Decimal | None
    after: Decimal
    as_of: datetime
    at: datetime


def fill_line(*, fill: Fill, after: Decimal) -> FillLine:
    return FillLine(
        id=fill.pk,
        order_id=fill.order_id,
        trade_id=fill.trade_id,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        value=fill.value,
        fee=fill.fee,
        realised=fill.realised if fill.side == Side.SELL else None,
        after=after,
        as_of=fill.as_of,
        at=fill.at,
    )


def fills_since(*, order: Order) -> list[Fill]:
    """The fills of the order's pool from its own first one on, in the order they were booked.

    Each carries `held_before` and `cost_before`: the pool before the first of them. One query."""
    pool = Fill.objects.filter(
        account=order.account_id, instrument=order.instrument_id, permission=order.permission_id
    )
    first = Fill.objects.filter(order=order.id).order_by().values("order")
    start = Subquery(first.annotate(first=Min("id")).values("first"))
    before = pool.filter(id__lt=start).order_by().values("instrument")
    bought = Case(When(side=Side.BUY, then=F("quantity")), default=-F("quantity"))
    # Cost leaves a pool with what was realised: money in, less money out, plus the P&L of it.
    spent = Case(
        When(side=Side.BUY, then=F("value") + F("fee")),
        default=F("realised") - F("value") + F("fee"),
    )
    return list(
        pool.filter(id__gte=start)
        .select_related("order__permission")
        .defer("order__reasoning")
        .annotate(
            held_before=Subquery(before.annotate(total=Sum(bought)).values("total")),
            cost_before=Subquery(before.annotate(total=Sum(spent)).values("total")),
        )
        .order_by("id")[:LATER_FILLS]
    )
