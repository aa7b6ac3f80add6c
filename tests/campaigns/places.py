"""The places at which the kill campaign strikes, in the order of an order's life."""

from tests.campaigns.points import Moment, Needs, Point

ENTERED, LEFT = Moment.ENTERED, Moment.LEFT
BEFORE, AFTER = Moment.BEFORE_COMMIT, Moment.AFTER_COMMIT

STEPS, SENDER = "trading.loop.steps", "trading.loop.sender"
SENDING, FILLS = "trading.services.sending", "trading.services.fills"
CANCELING, RECOVERY = "trading.services.canceling", "trading.services.recovery"
LEASES, RECONCILING = "trading.services.leases", "trading.services.reconciling"
EMERGENCY, DECISIONS = "trading.services.emergency", "trading.services.decisions"
PAPER = "trading.exchanges.paper"
PLACE, CANCEL = (f"{PAPER}.adapter:PaperExchange.{name}" for name in ("place", "cancel"))
ORDERING = "agents.services.ordering"
MARKET_LOOP, THINKING = "triggers.loop.market_loop", "agents.loop.thinking"

CLAIMED = Point("claim committed, nothing sent", Needs.ORDERS, f"{STEPS}:claim", LEFT)

LANES = (
    # Whoever decides: a web process or a worker.
    Point(
        "decision before its commit", Needs.DECISION, f"{DECISIONS}:transaction", BEFORE, most=1
    ),
    Point("decision after its commit", Needs.DECISION, f"{DECISIONS}:transaction", AFTER, most=1),
    # A new owner.
    Point("takeover before its commit", Needs.ORDERS, f"{LEASES}:transaction", BEFORE, most=1),
    Point("takeover after its commit", Needs.ORDERS, f"{SENDER}:take_over", LEFT, most=1),
    Point("before the reconciliation", Needs.ORDERS, f"{SENDER}:reconcile", ENTERED, most=1),
    Point(
        "in the middle of the reconciliation",
        Needs.ORDERS,
        f"{RECONCILING}:compare",
        ENTERED,
        most=1,
    ),
    Point(
        "reconciliation before its commit",
        Needs.ORDERS,
        f"{RECONCILING}:transaction",
        BEFORE,
        "_store",
        most=1,
    ),
    Point("after the reconciliation", Needs.ORDERS, f"{SENDER}:reconcile", LEFT, most=1),
    # Claim, send, settle.
    Point("before the claim", Needs.ORDERS, f"{STEPS}:claim", ENTERED),
    Point("claim before its commit", Needs.ORDERS, f"{SENDING}:transaction", BEFORE, "claim"),
    CLAIMED,
    Point("before the post", Needs.ORDERS, PLACE, ENTERED),
    Point("the post has left", Needs.ORDERS, PLACE, LEFT),
    Point("answered, nothing stored", Needs.ORDERS, f"{STEPS}:settle", ENTERED),
    Point("outcome before its commit", Needs.ORDERS, f"{SENDING}:transaction", BEFORE, "settle"),
    Point("after the outcome", Needs.ORDERS, f"{STEPS}:settle", LEFT),
    # Trades and their booking.
    Point("trades before their commit", Needs.ORDERS, f"{PAPER}.matching:_store", LEFT, most=1),
    Point("traded, nothing booked", Needs.ORDERS, f"{SENDER}:match_unowned", LEFT, most=1),
    Point("fill: order moved, position not", Needs.ORDERS, f"{FILLS}:_store_order", LEFT),
    Point("fill: position moved, cash not", Needs.ORDERS, f"{FILLS}:_move_money", ENTERED),
    Point("fill: cash moved, no fill stored", Needs.ORDERS, f"{FILLS}:_move_money", LEFT),
    Point("fill: stop armed, order not ended", Needs.ORDERS, f"{FILLS}:arm", LEFT),
    Point("fill before its commit", Needs.ORDERS, f"{FILLS}:transaction", BEFORE, "ingest"),
    Point("fill after its commit", Needs.ORDERS, f"{FILLS}:transaction", AFTER, "ingest"),
    # Cancels.
    Point("cancel wished, not asked", Needs.CANCELS, CANCEL, ENTERED),
    Point("cancel asked, not stored", Needs.CANCELS, f"{CANCELING}:_store", ENTERED),
    Point("cancel stored, not answered", Needs.CANCELS, f"{CANCELING}:_store", LEFT),
    Point(
        "cancel before its end's commit", Needs.CANCELS, f"{FILLS}:transaction", BEFORE, "ingest"
    ),
    # What an earlier death left: claimed, and never sent.
    Point(
        "unknown before its commit",
        Needs.DOUBT,
        f"{RECOVERY}:transaction",
        BEFORE,
        "_mark_unknown",
        most=1,
    ),
    Point("unknown", Needs.DOUBT, f"{RECOVERY}:_mark_unknown", LEFT, most=1),
    Point("before the proof of absence", Needs.DOUBT, f"{RECOVERY}:_end_absent", ENTERED, most=1),
    Point(
        "absence before its commit",
        Needs.DOUBT,
        f"{RECOVERY}:transaction",
        BEFORE,
        "_end_absent",
        most=1,
    ),
    Point("after the proof of absence", Needs.DOUBT, f"{RECOVERY}:_end_absent", LEFT, most=1),
    # An emergency stop, by whoever asks for it and by the sender that carries it out.
    Point(
        "halt before its commit",
        Needs.HALT,
        f"{EMERGENCY}:transaction",
        BEFORE,
        "stop_account",
        most=1,
    ),
    Point(
        "halt after its commit",
        Needs.HALT,
        f"{EMERGENCY}:transaction",
        AFTER,
        "stop_account",
        most=1,
    ),
    Point("stop: before a step", Needs.STOP, f"{EMERGENCY}:_go", ENTERED, most=4),
    Point(
        "stop: step before its commit",
        Needs.STOP,
        f"{EMERGENCY}:transaction",
        BEFORE,
        "_go",
        most=4,
    ),
    Point("stop: after a step", Needs.STOP, f"{EMERGENCY}:_go", LEFT, most=4),
    Point(
        "stop: some orders canceled",
        Needs.STOP,
        CANCEL,
        LEFT,
        most=2,
    ),
    Point(
        "stop: sales before their commit",
        Needs.STOP,
        f"{EMERGENCY}:transaction",
        BEFORE,
        "_flatten",
        most=2,
    ),
    Point(
        "stop: sales approved", Needs.STOP, f"{EMERGENCY}:transaction", AFTER, "_flatten", most=2
    ),
    Point(
        "stop: found flat, before its commit",
        Needs.STOP,
        f"{EMERGENCY}:_confirm_flat",
        LEFT,
        most=2,
    ),
)

FARM = (
    Point(
        "engine: prices before their commit",
        Needs.ENGINE,
        f"{MARKET_LOOP}:transaction",
        BEFORE,
        "_store_prices",
    ),
    Point(
        "engine: between the two commits", Needs.ENGINE, f"{MARKET_LOOP}:MarketLoop._fire", ENTERED
    ),
    Point(
        "engine: firings before their commit",
        Needs.ENGINE,
        f"{MARKET_LOOP}:transaction",
        BEFORE,
        "_fire",
    ),
    Point(
        "engine: after the second commit", Needs.ENGINE, f"{MARKET_LOOP}:MarketLoop._fire", LEFT
    ),
    Point("engine: trades before their commit", Needs.ENGINE, f"{PAPER}.matching:_store", LEFT),
    Point("worker: execution claimed", Needs.WORKER, f"{THINKING}:claim", LEFT),
    Point("worker: before the vote is closed", Needs.WORKER, f"{THINKING}:close_vote", ENTERED),
    Point("worker: decided, nothing ordered", Needs.WORKER, f"{THINKING}:order", ENTERED),
    Point("worker: ordered, barrier not released", Needs.WORKER, f"{THINKING}:conclude", ENTERED),
    Point(
        "worker: release before its commit",
        Needs.WORKER,
        f"{ORDERING}:transaction",
        BEFORE,
        "conclude",
    ),
)
