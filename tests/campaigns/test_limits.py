"""Limits that break for an instant, planted in made-up tables and found."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tests.campaigns.limits import Caps, Limit, Walk, World, overblocked, walk
from tests.campaigns.rows import PaperOrder, PaperTrade

APPLE, IBM = UUID(int=1), UUID(int=2)
NOON = datetime(2010, 1, 4, 12, 0, tzinfo=UTC)
LASTS = {APPLE: Decimal(10), IBM: Decimal(10)}
ADA, BOB = UUID(int=11), UUID(int=12)
WORLD = World(LASTS, {APPLE: "Tech", IBM: "Tech"}, {"a": ADA, "b": BOB, "c": ADA})
WIDE = Caps(deposit=Decimal(1_000_000))


def order(
    name: str,
    quantity: int,
    *,
    second: int,
    side: str = "buy",
    of: UUID = APPLE,
    state: str = "FILLED",
) -> PaperOrder:
    return PaperOrder(
        number=second,
        client_order_id=name,
        instrument=of,
        side=side,
        quantity=Decimal(quantity),
        worst_price=Decimal(11),
        fee_rate=Decimal(0),
        state=state,
        placed_at=NOON + timedelta(seconds=second),
    )


def trade(of: PaperOrder, *, second: int, price: int = 10) -> PaperTrade:
    return PaperTrade(
        number=second,
        client_order_id=of.client_order_id,
        trade_id=f"{of.client_order_id}-1",
        instrument=of.instrument,
        side=of.side,
        quantity=of.quantity,
        price=Decimal(price),
        fee=Decimal(0),
        at=NOON + timedelta(seconds=second),
    )


def walked(*what: PaperOrder | PaperTrade, caps: Caps) -> Walk:
    orders = [each for each in what if isinstance(each, PaperOrder)]
    trades = [each for each in what if isinstance(each, PaperTrade)]
    return walk(orders, trades, caps=caps, world=WORLD)


def broken(*what: PaperOrder | PaperTrade, caps: Caps = WIDE) -> list[str]:
    return [breach.kind for breach in walked(*what, caps=caps).breaches]


def test_entries_up_to_the_limit_are_no_breach():
    caps = Caps(deposit=Decimal(1000), entries=2)

    assert broken(order("a", 1, second=1), order("b", 1, second=2), caps=caps) == []


def test_one_entry_more_is_a_breach_also_when_it_was_canceled():
    caps = Caps(deposit=Decimal(1000), entries=1)

    found = broken(order("a", 1, second=1), order("b", 1, second=2, state="CANCELED"), caps=caps)

    assert found == [Limit.ENTRIES]


def test_exits_are_no_entries():
    caps = Caps(deposit=Decimal(1000), entries=1)
    bought = order("a", 1, second=1)

    found = broken(
        bought, trade(bought, second=2), order("b", 1, second=3, side="sell"), caps=caps
    )

    assert found == []


def test_orders_at_work_count_at_their_worst_price():
    caps = Caps(deposit=Decimal(10_000), notional=Decimal(109))

    assert broken(order("a", 10, second=1), caps=caps) == [Limit.NOTIONAL]


def test_what_is_held_and_what_is_at_work_count_together():
    caps = Caps(deposit=Decimal(10_000), notional=Decimal(125))
    held = order("a", 10, second=1)

    found = broken(held, trade(held, second=2), order("b", 3, second=3), caps=caps)

    assert found == [Limit.NOTIONAL]


def test_a_breach_that_lasts_counts_once_and_a_new_one_again():
    caps = Caps(deposit=Decimal(10_000), notional=Decimal(105))
    first, second = order("a", 10, second=1), order("b", 10, second=5)
    exit_ = order("c", 10, second=3, side="sell")

    found = broken(
        *(first, trade(first, second=2), exit_, trade(exit_, second=4)),
        *(second, trade(second, second=6)),
        caps=caps,
    )

    assert found == [Limit.NOTIONAL, Limit.NOTIONAL]


def test_a_breach_between_two_moments_is_seen_though_the_end_is_within_the_limit():
    caps = Caps(deposit=Decimal(10_000), notional=Decimal(105))
    resting = order("a", 10, second=1)

    run = walked(resting, trade(resting, second=2), caps=caps)

    assert run.notional(APPLE) == 100
    assert [breach.kind for breach in run.breaches] == [Limit.NOTIONAL]


def test_each_instrument_has_a_limit_of_its_own():
    caps = Caps(deposit=Decimal(10_000), notional=Decimal(110))

    assert broken(order("a", 10, second=1), order("b", 10, second=2, of=IBM), caps=caps) == []


def test_cash_counts_what_orders_at_work_may_cost():
    caps = Caps(deposit=Decimal(219))

    assert broken(order("a", 10, second=1), order("b", 10, second=2), caps=caps) == [Limit.CASH]


def test_cash_that_a_sale_brings_back_can_be_spent():
    caps = Caps(deposit=Decimal(115))
    bought, sold = order("a", 10, second=1), order("b", 10, second=3, side="sell")

    run = walked(
        *(bought, trade(bought, second=2), sold, trade(sold, second=4)),
        order("c", 10, second=5),
        caps=caps,
    )

    assert run.breaches == []
    assert run.free_cash == 5


def test_offering_more_than_is_held_is_a_breach_before_it_trades():
    bought = order("a", 10, second=1)

    found = broken(
        *(bought, trade(bought, second=2)),
        *(order("b", 6, second=3, side="sell"), order("c", 6, second=4, side="sell")),
    )

    assert found == [Limit.OVERSOLD]


def test_a_trade_that_is_stamped_before_its_order_follows_it():
    bought = order("a", 10, second=2)

    assert walked(bought, trade(bought, second=1), caps=WIDE).held[APPLE] == 10


def test_room_for_more_than_the_largest_order_is_overblocking():
    limit = Decimal(100)

    wide = overblocked(name="cap", limit=limit, reached=Decimal(89), largest=Decimal(10))
    close = overblocked(name="cap", limit=limit, reached=Decimal(90), largest=Decimal(10))

    assert [breach.kind for breach in wide] == [Limit.OVERBLOCKED]
    assert close == []


def test_one_order_above_its_size_is_a_breach_though_others_are_smaller():
    caps = Caps(deposit=Decimal(10_000), order_value=Decimal(110))

    found = broken(order("a", 10, second=1), order("b", 11, second=2), caps=caps)

    assert found == [Limit.ORDER_VALUE]


def test_instruments_of_a_sector_count_together():
    caps = Caps(deposit=Decimal(10_000), notional=Decimal(110), of_sector=Decimal(200))

    found = broken(order("a", 10, second=1), order("b", 10, second=2, of=IBM), caps=caps)

    assert found == [Limit.SECTOR]


def test_an_agents_part_counts_its_own_orders_only():
    caps = Caps(deposit=Decimal(10_000), of_agent=Decimal(150))
    first = order("a", 10, second=1)

    alone = broken(first, trade(first, second=2), order("b", 10, second=3, of=IBM), caps=caps)
    again = broken(first, trade(first, second=2), order("c", 10, second=3, of=IBM), caps=caps)

    assert (alone, again) == ([], [Limit.AGENT])


def test_positions_are_what_is_held_or_being_bought():
    caps = Caps(deposit=Decimal(10_000), positions=1)
    held = order("a", 10, second=1)

    found = broken(held, trade(held, second=2), order("b", 1, second=3, of=IBM), caps=caps)

    assert found == [Limit.POSITIONS]


def test_an_entry_after_the_loss_is_a_breach_and_the_loss_itself_is_none():
    caps = Caps(deposit=Decimal(10_000), loss=Decimal(5))
    dear = order("a", 10, second=1)

    assert broken(dear, trade(dear, second=2, price=11), caps=caps) == []
    found = broken(dear, trade(dear, second=2, price=11), order("b", 1, second=3), caps=caps)
    assert found == [Limit.LOSS]
