"""Whether the trading that a tick caused has come to rest."""

from django.db.models import Exists, OuterRef, Q

from trading.domain.states import OrderState, TimeInForce
from trading.models import Account, Order, PaperOrder

ON_ITS_WAY = (OrderState.APPROVED, OrderState.SUBMITTING, OrderState.UNKNOWN)
AT_REST = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
MAY_REST = (TimeInForce.GTC, TimeInForce.DAY)


def is_settled(*, feed_name: str) -> bool:
    """True when nothing moves in an account of the feed, and none waits to be reconciled.

    What rests at the paper exchange as our book knows it waits for another price, and is settled.
    Everything else that is at work moves: an order on its way, one that fills at once or not at
    all, one whose cancel was asked for or whose newest trade was not ingested yet. After a
    sender's crash a replay stands still until the next one has reconciled: no decision meets an
    account that is not ready.
    """
    accounts = Account.objects.filter(feed_id=feed_name)
    if accounts.filter(is_ready=False).exists():
        return False
    known = PaperOrder.objects.filter(
        client_order_id=OuterRef("client_order_id"),
        state=PaperOrder.State.OPEN,
        filled_quantity=OuterRef("filled_quantity"),
    )
    resting = Q(time_in_force__in=MAY_REST, cancel_state="NONE") & Exists(known)
    orders = Order.objects.filter(account__feed_id=feed_name)
    moving = orders.filter(Q(state__in=ON_ITS_WAY) | (Q(state__in=AT_REST) & ~resting))
    return not moving.exists()
