"""Orders of every type as they are stored, and the book as it is loaded after each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.models import Replay
from tests.factories import NOW, make_desk, make_instrument, make_quote, wall
from tests.trading.steps import approved, decided, filled
from trading.domain.reservations import reserve
from trading.domain.risk import assess
from trading.domain.states import OrderType, RiskLevel, Source, TimeInForce
from trading.models import Order, ParentOrder, Permission
from trading.selectors.books import load_book, lock_account
from trading.services.assessments import plain_checks
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db
LIMIT: dict[str, Any] = {
    "order_type": OrderType.LIMIT,
    "limit_price": Decimal(95),
    "time_in_force": TimeInForce.GTC,
}


def test_a_limit_order_is_stored_with_its_price_as_its_worst_one():
    desk = make_desk(fee_rate=Decimal("0.001"))

    order = approved(desk, desk.buy(10, **LIMIT))

    desk.account.refresh_from_db()
    assert (order.order_type, order.time_in_force) == ("limit", "GTC")
    assert (order.limit_price, order.worst_price, order.expected_price) == (95, 95, 100)
    assert order.reserved_cash == desk.account.reserved == Decimal("950.95")
    assert (order.stop_price, order.good_until) == (None, None)


def test_a_stop_order_is_stored_with_the_collar_from_its_stop_price():
    desk = make_desk()
    filled(desk, desk.buy(10))

    order = approved(
        desk,
        desk.sell(
            10,
            order_type=OrderType.STOP,
            stop_price=Decimal(90),
            time_in_force=TimeInForce.GTC,
            trailing_pct=Decimal("2.5"),
            exit_after_seconds=3_600,
            risk=RiskLevel.LOW,
        ),
    )

    assert (order.order_type, order.stop_price, order.limit_price) == ("stop", 90, None)
    assert order.worst_price == Decimal("88.2")
    assert (order.trailing_pct, order.exit_after_seconds) == (Decimal("2.5"), 3_600)
    assert order.risk == "low"


@pytest.mark.parametrize(
    ("calendar", "ends"),
    [
        # The session in New York ends at four, the day there at midnight.
        ("XNYS", datetime(2001, 3, 7, 21, tzinfo=UTC)),
        ("24/7", datetime(2001, 3, 8, 5, tzinfo=UTC)),
    ],
)
def test_a_day_order_is_good_until_the_end_of_its_day(calendar, ends):
    desk = make_desk()
    instrument = make_instrument("IBM", calendar=calendar)
    make_quote(instrument)
    asked = desk.buy(1, **(LIMIT | {"time_in_force": TimeInForce.DAY}))

    assert approved(desk, replace(asked, instrument_id=instrument.id)).good_until == ends


def test_an_order_that_cannot_be_meant_is_denied_and_not_stored():
    desk = make_desk()
    broken = desk.buy(1, order_type=OrderType.LIMIT, time_in_force=TimeInForce.GTC)

    assert decided(desk, broken).denials == ("ORDER_TERMS",)
    assert not Order.objects.exists()


def test_a_slice_and_a_replacement_are_stored_and_take_no_entry():
    desk = make_desk(limits={"max_daily_entries": 1, "min_seconds_between_entries": 60})
    first = approved(desk, desk.buy(1, **LIMIT))
    parent = ParentOrder.objects.create(
        id=desk.account.id,
        account=desk.account,
        permission=desk.permission,
        instrument=desk.instrument,
        request={},
        side="buy",
        quantity=10,
        expected_price=100,
        slices_planned=2,
        interval_seconds=60,
        due_at=NOW,
        state="WORKING",
        actor="test",
        epoch=0,
        as_of=NOW,
        at=wall(),
    )

    part = approved(desk, desk.buy(2, key="slice", parent_id=parent.id))
    Order.objects.filter(id__in=[part.id]).update(state="EXPIRED_LOCAL")
    other = approved(desk, desk.buy(1, key="other", replaces_id=first.id, **LIMIT))

    desk.permission.refresh_from_db()
    assert (part.parent_id, other.replaces_id) == (parent.id, first.id)
    assert desk.permission.entries_today == 1


@pytest.mark.parametrize(
    ("quantity", "after", "denials"),
    [(2, 59, ("DUPLICATE",)), (2, 60, ()), (3, 59, ())],
    ids=["alike and young", "alike and old", "of another size"],
)
def test_what_has_ended_is_a_duplicate_of_the_same_size_for_a_minute(quantity, after, denials):
    desk = make_desk()
    filled(desk, desk.buy(2))

    again = decided(desk, desk.buy(quantity, key="again"), now=NOW + timedelta(seconds=after))

    assert again.denials == denials


def test_a_sell_of_more_than_is_held_is_a_duplicate_of_what_it_is_clamped_to():
    desk = make_desk()
    filled(desk, desk.buy(4))
    filled(desk, desk.sell(2, key="first"))

    assert decided(desk, desk.sell(99, key="again")).denials == ("DUPLICATE",)


def loaded(desk, request, now=NOW):
    with transaction():
        return load_book(
            account=lock_account(account_id=desk.account.id, now=now),
            request=replace(request, intent_key="nothing decided yet"),
            now=now,
        ).book


def known(book):
    """The book without what only the database knows of an order."""
    recent = sorted((replace(each, order_id=None) for each in book.recent), key=str)
    return replace(book, recent=tuple(recent))


@pytest.mark.parametrize(
    "make",
    [
        lambda desk: desk.buy(10),
        lambda desk: desk.buy(10, **LIMIT),
        lambda desk: desk.buy(10, stop_loss=Decimal("89.5")),
        lambda desk: desk.sell(3),
    ],
)
def test_the_book_after_a_decision_is_the_one_that_the_gate_foresaw(make):
    desk = make_desk(limits={"stop_required": False})
    filled(desk, desk.buy(5, key="first"))
    request = make(desk)
    before = loaded(desk, request)

    order = assess(before, request, NOW).order
    approved(desk, request)

    assert order is not None
    assert known(reserve(before, order, now=NOW)) == known(loaded(desk, request))


def test_a_book_knows_all_that_is_held_and_the_terms_of_what_is_asked_for():
    desk = make_desk(limits={"stop_required": False})
    filled(desk, desk.buy(5))
    ibm = make_instrument("IBM", sector="Technology")
    make_quote(ibm, "50", half_spread="0.5")
    filled(desk, replace(desk.buy(4, key="ibm", stop_loss=None), instrument_id=ibm.id), price="50")

    book = loaded(desk, desk.buy(1))

    assert book.sectors == {desk.instrument.id: "", ibm.id: "Technology"}
    assert book.prices[ibm.id].bid == Decimal("49.5")
    assert book.holding(ibm.id).share.quantity == 4
    assert set(book.terms) == {desk.instrument.id}
    assert (book.time_zone, book.is_ready) == ("America/New_York", True)
    assert book.usage.last_entry_as_of == NOW
    assert book.limits is not None
    assert book.limits.agent_allocation_pct == 100


def test_the_words_of_the_checks_are_written_in_canonical_form():
    desk = make_desk()
    found = assess(loaded(desk, desk.buy(1)), desk.buy(1), NOW)

    assert canonical(plain_checks(found.checks)) == canonical(found.checks)


def test_an_exit_goes_along_with_a_replay_that_has_played_on():
    desk = make_desk()
    filled(desk, desk.buy(5))
    later = NOW + timedelta(seconds=90)
    make_quote(desk.instrument, as_of=later)

    alone = decided(desk, desk.sell(5, key="alone", source=Source.PROTECTION))
    Replay.objects.create(
        id=desk.account.id,
        feed=desk.account.feed,
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        timeframe="1d",
        speed=1,
        as_of=later,
        started_at=wall(),
    )
    agents = decided(desk, desk.sell(5, key="agents"))
    stop = approved(desk, desk.sell(5, key="stop", source=Source.PROTECTION))

    assert alone.denials == agents.denials == ("STALE_PRICE",)
    assert stop.as_of == later


def test_an_agent_is_given_a_part_of_its_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal("0.5")
    desk = make_desk(limits={"max_order_value": Decimal(2_040)})

    assert decided(desk, desk.buy(11)).denials == ("ORDER_SIZE",)
    assert decided(desk, desk.buy(10, key="less")).approved


@pytest.mark.parametrize(
    ("limits", "denials"),
    [
        ({"max_position_value": Decimal(2_000)}, ("POSITION_SIZE",)),
        ({"agent_allocation_pct": Decimal(2)}, ("AGENT_ALLOCATION",)),
        ({"agent_allocation_value": Decimal(2_000)}, ("AGENT_ALLOCATION",)),
        ({"max_allocation_pct": Decimal(2)}, ()),
        ({"max_daily_entries": 1}, ()),
    ],
)
def test_the_part_is_of_sizes_and_losses(settings, limits, denials):
    settings.AGENT_RISK_MULTIPLIER = Decimal("0.5")
    desk = make_desk(limits=limits)

    assert decided(desk, desk.buy(10)).denials == denials


def test_agents_without_a_part_of_their_own_have_equal_ones():
    desk = make_desk(limits={"agent_allocation_pct": None})
    Permission.objects.create(
        id=desk.account.id,
        account=desk.account,
        agent_id=desk.account.id,
        agent_name="Second",
        agent_allocation_pct=None,
    )

    assert decided(desk, desk.buy(491)).denials == ("AGENT_ALLOCATION",)
    Permission.objects.filter(agent_name="Second").update(active=False)
    assert decided(desk, desk.buy(491, key="alone")).approved
