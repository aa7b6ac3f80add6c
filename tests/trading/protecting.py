"""Holders of protected shares, and what happens to a protection, each by one call."""

from decimal import Decimal

from tests.factories import NOW, make_desk, make_quote, wall
from tests.trading.steps import approved, claimed, filled, report
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import OrderState, OrderType, ProtectionKind, TimeInForce
from trading.models import Account, Order, Protection
from trading.services.fills import ingest
from trading.services.protections import fire
from trading.services.sending import send, settle
from tradingfarm.kernel.models import JournalEvent

STOP, TRAIL = ProtectionKind.STOP_LOSS, ProtectionKind.TRAILING_STOP
TARGET, TIME = ProtectionKind.TAKE_PROFIT, ProtectionKind.TIME_EXIT


def holder(*, asked=None, **options):
    """A desk that holds ten with a stop at 90 and whatever else was asked for."""
    desk = make_desk(**options)
    filled(desk, desk.buy(10, **(asked or {})))
    return desk


def live_holder(**asked):
    """The same, on an account with a real venue."""
    desk = holder(asked=asked)
    Account.objects.update(kind="live", exchange="venue")
    desk.account.refresh_from_db()
    return desk


def the(kind):
    """The only protection of its kind."""
    return Protection.objects.select_related("resting").get(kind=kind)


def fired(kind, last, *, now=NOW, at=None):
    """The verdict of one try to fire, or None."""
    return fire(protection_id=the(kind).id, last=Decimal(last), now=now, at=at or wall())


def gone(order_id, **outcome):
    """Claim and send an order; the exchange accepts it unless told otherwise."""
    order = Order.objects.get(id=order_id)
    exchange = RecordingExchange(outcome=Outcome(**outcome) if outcome else None)
    won = claimed(order, exchange)
    assert won is not None
    sent = send(claimed=won, exchange=exchange, at=wall())
    settle(order_id=order.id, token=won.ownership.token, outcome=sent, at=wall())
    return Order.objects.get(id=order.id)


def rejected(order_id):
    """Send the order and have the exchange refuse it."""
    return gone(order_id, kind=OutcomeKind.REJECTED, problem="No.")


def traded(order_id, quantity=None, *, price=89, state=OrderState.FILLED):
    """Send the order unless it was, and let it trade `quantity`, or all of it."""
    order = Order.objects.get(id=order_id)
    if order.state == OrderState.APPROVED:
        order = gone(order_id)
    amount = order.quantity if quantity is None else quantity
    trades = [(f"{order.client_order_id}-{amount}", amount, price)] if amount else []
    ingest(order_id=order.id, report=report(order, *trades, state=state), at=wall())
    return Order.objects.get(id=order.id)


def ended(order_id, state=OrderState.CANCELED):
    """The exchange says that the order ended without a trade."""
    return traded(order_id, 0, state=state)


def limit_sell(desk, quantity, *, price="120", key="offer"):
    """A sell of the agent that rests at the exchange."""
    request = desk.sell(
        quantity,
        key=key,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(price),
        time_in_force=TimeInForce.GTC,
    )
    return gone(approved(desk, request).id)


def priced(desk, last, **changes):
    return make_quote(desk.instrument, last, **changes)


def events(kind):
    """The payloads of the journal's events of a kind, oldest first."""
    return [event.payload for event in JournalEvent.objects.filter(kind=kind).order_by("id")]
