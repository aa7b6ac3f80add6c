"""What an approval sets aside in a book, until the order has ended."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.domain.book import Book, Holding, RecentOrder, Usage
from trading.domain.requests import OrderRequest
from trading.domain.risk import ApprovedOrder
from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO


def reserve(book: Book, order: ApprovedOrder, *, now: datetime) -> Book:
    """The book after the approval at market time `now`, as the one loaded next will be.

    The order counts at its worst price until it fills or ends.
    """
    request = order.request
    held = _held(book.holding(request.instrument_id), order)
    return replace(
        book,
        reserved=book.reserved + order.reserved_cash,
        holdings={**book.holdings, request.instrument_id: held},
        usage=_used(book.usage, request, now=now),
        recent=(*book.recent, _recent(request, now=now)),
        orders_last_minute=book.orders_last_minute + (request.parent_id is None),
    )


def risk_of(order: ApprovedOrder) -> Decimal:
    """What a buy may lose from its worst price down to its stop-loss; nothing without a stop."""
    stop = order.request.stop_loss
    if stop is None or order.request.reduces:
        return ZERO
    return order.request.quantity * max(order.worst_price - stop, ZERO)


def _held(holding: Holding, order: ApprovedOrder) -> Holding:
    quantity = order.request.quantity
    if order.request.side is Side.SELL:
        return replace(holding, share_reserved=holding.share_reserved + quantity)
    risk = risk_of(order)
    return replace(
        holding,
        buying_quantity=holding.buying_quantity + quantity,
        buying_cash=holding.buying_cash + order.reserved_cash,
        share_buying_cash=holding.share_buying_cash + order.reserved_cash,
        buying_risk=holding.buying_risk + risk,
        share_buying_risk=holding.share_buying_risk + risk,
    )


def _used(usage: Usage, request: OrderRequest, *, now: datetime) -> Usage:
    """An agent's entries are counted: not slices of one, nor what takes the place of one."""
    counted = request.parent_id is not None or request.replaces_id is not None
    if request.permission_id is None or request.reduces or counted:
        return usage
    return replace(usage, entries=usage.entries + 1, last_entry_as_of=now)


def _recent(request: OrderRequest, *, now: datetime) -> RecentOrder:
    return RecentOrder(request.instrument_id, request.side, request.quantity, now, at_work=True)
