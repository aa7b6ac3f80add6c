"""Agents tighten, people move a stop either way; what is refused is told with its reason."""

from decimal import Decimal

import pytest

from tests.factories import NOW, make_feed, make_permission, wall
from tests.trading.protecting import (
    STOP,
    TARGET,
    TIME,
    TRAIL,
    events,
    fired,
    holder,
    priced,
    the,
    traded,
)
from trading.domain.states import HaltState
from trading.models import Account, Order, Permission, Protection
from trading.services.adjusting import Refusal, adjust, cancel_protection
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db
ALL = {"take_profit": Decimal(120), "trailing_pct": Decimal(5)}
D = Decimal


def by_agent(desk, **wishes):
    return adjust(
        permission_id=desk.permission.id,
        instrument_id=desk.instrument.id,
        actor="agent:Ada",
        by_person=False,
        now=NOW,
        at=wall(),
        **wishes,
    )


def by_person(desk, **wishes):
    return adjust(
        share_id=desk.share().id, actor="Ada", by_person=True, now=NOW, at=wall(), **wishes
    )


def refusals(changes):
    return [change.refusal for change in changes]


def canceled(kind):
    return cancel_protection(protection_id=the(kind).id, actor="Ada", now=NOW, at=wall())


def test_an_agent_tightens_its_stop_and_takes_a_new_target():
    desk = holder(asked=ALL)

    changes = by_agent(desk, stop_loss=D("95.005"), take_profit=D(110), trailing_pct=D(3))

    assert [change.accepted for change in changes] == [True, True, True]
    assert [(change.before, change.after) for change in changes] == [
        (90, D("95.01")),
        (95, 97),
        (120, 110),
    ]
    assert (the(STOP).price, the(TRAIL).price, the(TARGET).price) == (D("95.01"), 97, 110)


@pytest.mark.parametrize("wish", [{"stop_loss": D("89.99")}, {"trailing_pct": D("5.001")}])
def test_an_agent_never_widens_a_stop(wish):
    desk = holder(asked=ALL)

    (change,) = by_agent(desk, **wish)

    assert change.refusal is Refusal.WIDER
    assert change.reason.startswith("Agents only tighten: it is ")
    assert (the(STOP).price, the(TRAIL).price) == (90, 95)
    assert events("protection.adjusted") == []


def test_an_agent_takes_a_target_that_is_further_away():
    desk = holder(asked=ALL)

    (change,) = by_agent(desk, take_profit=D(150))

    assert (change.accepted, the(TARGET).price) == (True, 150)


def test_an_agents_smaller_percent_never_lowers_a_price_that_was_reached():
    desk = holder(asked=ALL)
    Protection.objects.filter(kind="trailing_stop").update(price=D("98.50"))

    (change,) = by_agent(desk, trailing_pct=D(4))

    assert (change.after, the(TRAIL).trailing_pct) == (D("98.50"), 4)


def test_one_part_is_refused_and_the_others_hold():
    desk = holder(asked=ALL)

    changes = by_agent(desk, stop_loss=D(80), take_profit=D(130))

    assert refusals(changes) == [Refusal.WIDER, None]
    assert (the(STOP).price, the(TARGET).price) == (90, 130)


@pytest.mark.parametrize(
    ("wish", "kind"),
    [({"take_profit": D(130)}, TARGET), ({"trailing_pct": D(10)}, TRAIL)],
)
def test_what_was_not_there_is_armed(wish, kind):
    desk = holder()

    (change,) = by_agent(desk, **wish)

    assert (change.before, change.accepted) == (None, True)
    assert (the(kind).state, the(kind).share) == ("ARMED", desk.share())
    assert the(kind).price == change.after


def test_a_person_moves_a_stop_down_and_the_journal_names_both_prices():
    desk = holder(asked=ALL)

    changes = by_person(desk, stop_loss=D(70), trailing_pct=D(20))

    assert refusals(changes) == [None, None]
    assert (the(STOP).price, the(TRAIL).price, the(TRAIL).trailing_pct) == (70, 80, 20)
    told = events("protection.adjusted")
    assert [(each["before"], each["price"]) for each in told] == [("90", "70"), ("95", "80")]
    assert (told[1]["before_pct"], told[1]["trailing_pct"]) == ("5", "20")
    assert JournalEvent.objects.filter(kind="protection.adjusted", actor="Ada").count() == 2


@pytest.mark.parametrize("adjusted", [by_agent, by_person])
@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"stop_loss": D("99.5")}, "the bid is 99.5"),
        ({"stop_loss": D(105)}, "the bid is 99.5"),
        ({"take_profit": D("100.5")}, "the ask is 100.5"),
        ({"trailing_pct": D("0.1")}, "the bid is 99.5"),
    ],
)
def test_what_would_fire_at_once_is_refused_to_everybody(adjusted, wish, told):
    desk = holder(asked=ALL)
    priced(desk, "100", half_spread="0.5")

    (change,) = adjusted(desk, **wish)

    assert change.refusal is Refusal.WOULD_FIRE
    assert told in change.reason
    assert "Sell now" in change.reason


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        ({"stop_loss": D(0)}, Refusal.NOT_A_PRICE),
        ({"stop_loss": D(-5)}, Refusal.NOT_A_PRICE),
        ({"stop_loss": D("NaN")}, Refusal.NOT_A_PRICE),
        ({"take_profit": D("Infinity")}, Refusal.NOT_A_PRICE),
        ({"take_profit": D("0.001")}, Refusal.NOT_A_PRICE),
        ({"trailing_pct": D(100)}, Refusal.NOT_A_PERCENT),
    ],
)
def test_what_is_no_price_and_no_percent_is_refused(wish, refusal):
    desk = holder(asked=ALL)

    assert refusals(by_person(desk, **wish)) == [refusal]


def test_nothing_that_an_agent_asks_for_is_done_in_a_halted_account():
    desk = holder(asked=ALL)
    Account.objects.update(halt_state=HaltState.HALTED)

    assert refusals(by_agent(desk, stop_loss=D(95))) == [Refusal.ACCOUNT_HALTED]
    assert refusals(by_person(desk, stop_loss=D(95))) == [None]


def test_an_agent_may_tighten_while_the_account_is_reducing():
    desk = holder(asked=ALL)
    Account.objects.update(halt_state=HaltState.REDUCING)

    assert refusals(by_agent(desk, stop_loss=D(95))) == [None]


def test_an_agent_whose_permission_is_switched_off_changes_nothing():
    desk = holder(asked=ALL)
    Permission.objects.update(active=False)

    assert refusals(by_agent(desk, stop_loss=D(95))) == [Refusal.PERMISSION_INACTIVE]


def test_one_that_has_fired_is_not_moved():
    desk = holder(asked=ALL)
    fired(STOP, "89")

    assert refusals(by_person(desk, stop_loss=D(80))) == [Refusal.EXIT_AT_WORK]


def test_where_nothing_is_held_nothing_is_changed():
    desk = holder()
    traded(fired(STOP, "89").order_id)

    assert refusals(by_person(desk, stop_loss=D(80))) == [Refusal.NOTHING_HELD]


def test_of_another_agents_share_nothing_is_known():
    desk = holder()
    other = make_permission(desk.account, number=1)

    changes = adjust(
        permission_id=other.id,
        instrument_id=desk.instrument.id,
        stop_loss=D(95),
        actor="agent",
        by_person=False,
        now=NOW,
        at=wall(),
    )

    assert refusals(changes) == [Refusal.NOTHING_HELD]
    assert the(STOP).price == 90


def test_without_a_price_nothing_is_moved():
    desk = holder()
    Account.objects.update(feed=make_feed("silent"))

    assert refusals(by_person(desk, stop_loss=D(80))) == [Refusal.NO_PRICE]


def test_what_no_order_of_ours_bought_has_nothing_to_arm_it_by():
    desk = holder()
    Order.objects.update(side="sell")

    assert refusals(by_person(desk, take_profit=D(130))) == [Refusal.NO_ENTRY]


def test_a_person_ends_a_target_and_the_journal_says_who():
    holder(asked=ALL)

    change = canceled(TARGET)

    assert (change.accepted, the(TARGET).state) == (True, "CANCELED")
    event = JournalEvent.objects.get(kind="protection.ended")
    assert (event.actor, event.payload["state"]) == ("Ada", "CANCELED")


def test_the_last_stop_stays_where_the_permission_demands_one():
    holder()

    assert canceled(STOP).refusal is Refusal.STOP_REQUIRED
    assert the(STOP).state == "ARMED"


def test_a_stop_may_go_when_another_one_is_there_and_then_not_that_one():
    holder(asked=ALL)

    assert canceled(STOP).accepted
    assert canceled(TRAIL).refusal is Refusal.STOP_REQUIRED


def test_the_last_stop_may_go_where_none_is_demanded():
    holder(limits={"stop_required": False})

    assert canceled(STOP).accepted


def test_one_whose_exit_is_at_work_or_that_has_ended_is_not_canceled():
    holder(asked={**ALL, "exit_after_seconds": 60})
    order = fired(TARGET, "121").order_id

    assert canceled(TARGET).refusal is Refusal.EXIT_AT_WORK
    traded(order, price=121)
    assert canceled(TARGET).refusal is Refusal.ENDED_BEFORE
    assert canceled(TIME).refusal is Refusal.ENDED_BEFORE
