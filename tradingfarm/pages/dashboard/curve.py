"""The equity curve with the moments of its fills, as a chart wants them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.models import EquitySnapshot, Fill

POINTS = 5_000


@dataclass(frozen=True)
class Curve:
    """Equity and fills in order of market time, the newest 5,000 of each at most."""

    points: tuple[tuple[datetime, Decimal], ...]
    fills: tuple[tuple[datetime, str, str], ...]


def equity_curve(*, account_id: UUID, after: datetime | None) -> Curve:
    """What lies later than `after` (market time), or everything. Two queries."""
    equity = EquitySnapshot.objects.filter(account=account_id)
    fills = Fill.objects.filter(account=account_id)
    if after is not None:
        equity, fills = equity.filter(as_of__gt=after), fills.filter(as_of__gt=after)
    points = equity.order_by("-as_of").values_list("as_of", "equity")[:POINTS]
    marks = fills.order_by("-as_of", "-id").values_list("as_of", "side", "instrument__symbol")
    return Curve(tuple(reversed(points)), tuple(reversed(marks[:POINTS])))
