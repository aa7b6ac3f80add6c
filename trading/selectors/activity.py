"""Whether the trading that a tick caused has come to rest."""

from trading.domain.states import AT_WORK
from trading.models import Order


def is_settled(*, feed_name: str) -> bool:
    """True when no account of the feed has an order at work.

    An order leaves that state only after all of its trades were ingested, and a fired protection
    keeps its exit order at work, so this one question covers both.
    """
    return not Order.objects.filter(account__feed_id=feed_name, state__in=sorted(AT_WORK)).exists()
