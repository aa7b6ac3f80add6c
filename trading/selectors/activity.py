"""Whether the trading that a tick caused has come to rest."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from trading.domain.states import OrderState, ParentState, TimeInForce
from trading.models import Account, Order, PaperOrder, ParentOrder

ON_ITS_WAY = (OrderState.APPROVED, OrderState.SUBMITTING, OrderState.UNKNOWN)
AT_REST = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
MAY_REST = (TimeInForce.GTC, TimeInForce.DAY)


def is_settled(*, feed_name: str, now: datetime) -> bool:
    """True when nothing moves in an account of the feed, and none waits to be reconciled.

    What rests at the paper exchange as our book knows it waits for another price, and is settled.
    Everything else that is at work moves: an order on its way, one that fills at once or not at
    all, one whose cancel was asked for or whose newest trade was not ingested yet, a slice that is
    due at market time `now`. After a sender's crash a replay stands still until the next one has
    reconciled: no decision meets an account that is not ready.
    """
    accounts = Account.objects.filter(feed_id=feed_name)
    due = ParentOrder.objects.filter(
        account=OuterRef("pk"), state=ParentState.WORKING, due_at__lte=now
    )
    if accounts.filter(Q(is_ready=False) | Exists(due)).exists():
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
