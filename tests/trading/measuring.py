"""Days of a desk for tests of performance: prices, trades and the equity of their ends."""

from datetime import datetime, timedelta
from decimal import Decimal

from tests.factories import NOW, Desk, make_instrument, make_permission, make_quote, wall
from tests.trading.steps import report, sent
from trading.domain.states import OrderState
from trading.models import Fill, PerformanceSnapshot
from trading.services.accounts import snapshot_equity
from trading.services.fills import ingest
from trading.services.performance import snapshot_performance

CLOSE = NOW.replace(hour=21, minute=0)


def second(desk, *, symbol="AAPL"):
    """Another agent on the same account."""
    instrument = make_instrument(symbol)
    make_quote(instrument, "100", feed=desk.account.feed_id)
    return Desk(desk.account, make_permission(desk.account, number=1), instrument)


def noon(day: float) -> datetime:
    """A moment of market time on the day with that number, while New York trades."""
    return NOW + timedelta(days=day)


def close(day: int) -> datetime:
    """The last price of a day."""
    return CLOSE + timedelta(days=day)


def ends(day: int) -> datetime:
    """When the day ends in New York, five hours behind."""
    return datetime(2001, 3, 8, 5, tzinfo=NOW.tzinfo) + timedelta(days=day)


def traded(desk, request, *, day: float, price, fee="0") -> Fill:
    """The fill of a request at the price of noon of a day, by the whole way."""
    make_quote(desk.instrument, price, feed=desk.account.feed_id, as_of=noon(day))
    order = sent(desk, request, now=noon(day))
    trade = (order.client_order_id, order.quantity, price, fee, noon(day))
    ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())
    return Fill.objects.get(order=order)


def bought(desk, quantity, *, day, price, fee="0"):
    key = f"buy {Fill.objects.count()}"
    return traded(desk, desk.buy(quantity, key=key), day=day, price=price, fee=fee)


def sold(desk, quantity, *, day, price, fee="0"):
    key = f"sell {Fill.objects.count()}"
    return traded(desk, desk.sell(quantity, key=key), day=day, price=price, fee=fee)


def closed(desk, day: int, price) -> None:
    """The day's last price, and the equity at it, as the engine stores them."""
    make_quote(desk.instrument, price, feed=desk.account.feed_id, as_of=close(day))
    snapshot_equity(feed_name=desk.account.feed_id, now=close(day))


def measured(desk, *, now, **options) -> int:
    return snapshot_performance(account_id=desk.account.id, now=now, at=wall(), **options)


def told(desk, day: int, permission=None) -> dict[str, object]:
    """The figures of the account, or of an agent, on a day."""
    rows = PerformanceSnapshot.objects.filter(account=desk.account, permission=permission)
    return dict(rows.get(as_of=ends(day)).figures)


def all_told() -> dict[object, dict[str, object]]:
    """Every row's figures, by day and scope, without how far they were measured."""
    return {
        (row.as_of, row.permission_id): {k: v for k, v in row.figures.items() if k != "state"}
        for row in PerformanceSnapshot.objects.all()
    }


def amount(value: object) -> Decimal:
    return Decimal(str(value))
