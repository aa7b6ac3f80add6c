"""The steps of an order, each one call, so that a test names only the one it is about."""

from datetime import timedelta
from decimal import Decimal

from tests.factories import NOW, make_desk, wall
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Report, Trade
from trading.domain.states import OrderState, StopMode
from trading.loop.sender import SendingLoop
from trading.models import Account, Order
from trading.selectors.books import lock_account
from trading.services.decisions import decide
from trading.services.emergency import stop_account
from trading.services.fills import ingest
from trading.services.leases import Ownership
from trading.services.sending import claim, send, settle
from trading.services.slicing import decide_in_slices
from tradingfarm.kernel.clock import ManualClock
from tradingfarm.kernel.journal import transaction


def decided(desk, request, *, now=NOW, at=None):
    """The gate's verdict on the request."""
    return decide(
        account_id=desk.account.id, request=request, actor="test", now=now, at=at or wall()
    )


def begun_in_slices(desk, request, slicing):
    """The gate's verdict on the whole of a request that is to go out in these slices."""
    with transaction():
        account = lock_account(account_id=desk.account.id, now=NOW)
        return decide_in_slices(account, request, slicing, actor="test", now=NOW, at=wall())


def approved(desk, request, **times):
    """The order that the gate made of the request."""
    verdict = decided(desk, request, **times)
    assert verdict.approved, verdict.denials
    return Order.objects.get(id=verdict.order_id)


def claimed(order, exchange=None, *, sender="sender"):
    """The one claim of the order, or None."""
    token = Account.objects.values_list("fencing_token", flat=True).get(id=order.account_id)
    return claim(
        order_id=order.id,
        ownership=Ownership(order.account_id, token),
        sender=sender,
        exchange=exchange or RecordingExchange(),
    )


def sent(desk, request, exchange=None, **times):
    """The order of the request, at the exchange by the whole way."""
    order = approved(desk, request, **times)
    exchange = exchange or RecordingExchange()
    won = claimed(order, exchange)
    outcome = send(claimed=won, exchange=exchange, at=wall())
    settle(order_id=order.id, token=won.ownership.token, outcome=outcome, at=wall())
    order.refresh_from_db()
    return order


def make_sender(clock=None):
    """A sender whose clock stands still, unless another is handed in."""
    return SendingLoop(clock=clock or ManualClock(wall()), stopping=lambda: False)


def make_holder():
    """A desk that bought ten shares at the paper exchange, by the whole way."""
    desk = make_desk()
    approved(desk, desk.buy(10))
    make_sender().work()
    return desk


def stopped(desk, mode=StopMode.FLATTEN, *, by="Ada", reason=""):
    """The stop run of an emergency stop that somebody asked for just now."""
    return stop_account(
        account_id=desk.account.id, mode=mode, requested_by=by, reason=reason, at=wall()
    )


def report(order, *trades, state=OrderState.OPEN):
    """What an exchange says of the order. Each trade is (id, quantity, price) or with a fee."""
    return Report(
        client_order_id=order.client_order_id,
        exchange_order_id="at-the-exchange",
        state=state,
        trades=tuple(_trade(*parts) for parts in trades),
    )


def _trade(trade_id, quantity, price, fee="0", as_of=NOW + timedelta(seconds=1)):
    return Trade(str(trade_id), Decimal(quantity), Decimal(price), Decimal(fee), as_of)


def filled(desk, request, *, price="100", fee="0", trade_id=None, **times):
    """The order of the request, filled in one trade."""
    order = sent(desk, request, **times)
    trade = (trade_id or order.client_order_id, order.quantity, price, fee)
    ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())
    order.refresh_from_db()
    return order
