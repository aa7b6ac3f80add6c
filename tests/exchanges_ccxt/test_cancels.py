"""Cancels through the real classes of ccxt."""

from dataclasses import replace

import pytest

from tests.exchanges_ccxt.connecting import sent
from tests.exchanges_ccxt.questions import known, ours
from tests.exchanges_ccxt.venue_server import Says


@pytest.mark.parametrize("by_own_id", [True, False], ids=["by its own id", "by ours"])
def test_an_order_is_canceled_by_its_name(venue, by_own_id):
    server, story, exchange = venue
    story.knows(known(story))
    story.cancels()
    own_id = story.order_ids[0]

    exchange.cancel(order=sent(ours(story), exchange_order_id=own_id if by_own_id else ""))

    (asked,) = server.requests(story.canceling_path)
    words = f"{asked.text} {dict(asked.query)}"
    by_our_name = not by_own_id and story.venue != "coinbase"
    assert (story.known_as(ours(story).client_order_id) if by_our_name else own_id) in words


def test_an_order_that_is_gone_needs_no_cancel(venue):
    server, story, exchange = venue
    table = story.terms.too_late_to_cancel
    (status,) = table.statuses
    for code in [*table.codes, *table.beginnings]:
        gone = story.refused(code)
        if story.venue == "coinbase":
            gone = {"results": [{"success": False, "failure_reason": code, "order_id": "1001"}]}
        server.say(story.canceling_path, Says(gone, status=status))
        exchange.cancel(order=sent(ours(story), exchange_order_id=story.order_ids[0]))


def test_an_order_with_a_name_that_no_venue_takes_cannot_be_there(venue):
    server, story, exchange = venue
    strange = replace(sent(ours(story)), client_order_id="what is this?")

    exchange.cancel(order=strange)

    assert exchange.reports(orders=[strange]) == {}
    assert server.asked == []
