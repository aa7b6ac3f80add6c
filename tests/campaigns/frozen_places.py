"""The places at which the freeze campaign stops a sender, in the order of one sending."""

from tests.campaigns.points import Moment, Needs, Point

STEPS, SENDING = "trading.loop.steps", "trading.services.sending"
VENUE, WIRE = "trading.exchanges.ccxt.exchange", "trading.exchanges.ccxt.wire"

SIGNED = "signed, on the way out"
"""The request itself is frozen here: that it is refused is the exchange's part, by its expiry."""
PLACES = (
    Point("claimed", Needs.ORDERS, f"{STEPS}:claim", Moment.LEFT),
    Point("its age looked at", Needs.ORDERS, f"{STEPS}:send", Moment.ENTERED),
    Point("terms checked", Needs.ORDERS, f"{VENUE}:send", Moment.ENTERED),
    Point(SIGNED, Needs.ORDERS, f"{WIRE}:Wire._use", Moment.LEFT),
    Point("posted, nothing stored", Needs.ORDERS, f"{STEPS}:settle", Moment.ENTERED),
    Point(
        "storing, its transaction open",
        Needs.ORDERS,
        f"{SENDING}:transaction",
        Moment.BEFORE_COMMIT,
        "settle",
    ),
)
