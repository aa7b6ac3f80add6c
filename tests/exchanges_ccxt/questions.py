"""Questions about one order of ours, and the order as the venue tells of it."""

from dataclasses import replace

from tests.exchanges_ccxt.connecting import placing, sent
from tests.exchanges_ccxt.stories import Told


def ours(story, number=1):
    return placing(number, symbol=story.symbol)


def known(story, number=1, **changes):
    """An order of ours as the venue tells of it."""
    name = story.known_as(ours(story, number).client_order_id)
    return replace(Told(story.order_ids[number - 1], name), **changes)


def ask(exchange, *orders, **named):
    return exchange.reports(orders=[sent(order, **named) for order in orders])
