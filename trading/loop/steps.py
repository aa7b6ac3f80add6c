"""Single steps of the sender, which an emergency stop and the end of a run take by themselves."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Exists, OuterRef

from market.selectors.clocks import is_owned, market_time
from market.selectors.quotes import quotes
from trading.domain.exchange import Exchange
from trading.domain.states import AT_WORK, OrderState
from trading.exchanges.paper import match
from trading.models import Account, Order, PaperOrder
from trading.services.leases import Ownership
from trading.services.recovery import follow_up
from trading.services.sending import claim, send, settle
from trading.worlds import exchange_for
from tradingfarm.kernel.clock import Clock


def send_approved(
    *,
    account: Account,
    ownership: Ownership,
    exchange: Exchange,
    clock: Clock,
    sender: str,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Claim and send what is approved, oldest first; what another sender claimed is left to it.

    Raises OwnershipLost.
    """
    orders = account.orders.filter(state=OrderState.APPROVED).order_by("approved_at", "id")
    for order_id in orders.values_list("id", flat=True):
        if stopping():
            return
        claimed = claim(order_id=order_id, ownership=ownership, sender=sender, exchange=exchange)
        if claimed is not None:
            outcome = send(claimed=claimed, exchange=exchange, at=clock.now())
            settle(order_id=order_id, token=ownership.token, outcome=outcome, at=clock.now())


def ingest_reports(*, clock: Clock) -> None:
    """Ask every exchange about the orders at work, once, and send nothing.

    For whoever counts after the senders have stopped: a trade of the last moment may not have been
    ingested yet. Raises ExchangeUnavailable.
    """
    at_work = Order.objects.filter(account=OuterRef("pk"), state__in=sorted(AT_WORK))
    for account in Account.objects.filter(Exists(at_work)).order_by("id"):
        follow_up(account=account, exchange=exchange_for(account, clock=clock), at=clock.now())


def match_unowned(*, account: Account, at: datetime) -> None:
    """Fill paper orders at the last quotes when no engine owns the feed: a replay has ended."""
    waiting = PaperOrder.objects.filter(account_key=account.id, state=PaperOrder.State.OPEN)
    if not waiting.exists() or is_owned(feed_name=account.feed_id, at=at):
        return
    now = market_time(feed_name=account.feed_id, at=at)
    match(feed_name=account.feed_id, quotes=quotes(feed=account.feed_id), now=now, at=at)
