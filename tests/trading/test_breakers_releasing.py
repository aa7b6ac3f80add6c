"""Breakers released by a person, by resuming the account, and by the next day."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories import NOW, make_permission, make_quote, wall
from tests.trading.guarding import (
    account_of,
    agent_lost,
    begun,
    breaker,
    checked,
    events,
    rejected,
    tripped,
    worth,
)
from tests.trading.steps import decided
from trading.domain.states import BreakerKind, HaltState
from trading.models import Account, Breaker
from trading.services.breakers import ReasonMissing, release
from trading.services.days import roll_days
from trading.services.resuming import Resumed, resume_account
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _whole_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal(1)


def released(found=None, *, reason="I have looked at it"):
    return release(
        breaker_id=(found or breaker(released_at=None)).id, actor="Ada", reason=reason, at=wall()
    )


def resumed(desk):
    return resume_account(account_id=desk.account.id, actor="Ada", reason="Go on", at=wall())


def rolled(now=TOMORROW):
    with transaction():
        return roll_days(feed_name="prices", now=now)


def lost(cash=94_000, **options):
    """A desk that only reduces, because it lost too much today."""
    desk = begun(**options)
    worth(desk, cash)
    checked(desk)
    return desk


def test_a_person_releases_it_once_and_says_why():
    desk = begun()
    tripped(desk, BreakerKind.REJECTS)
    found = breaker()

    assert (released(found), released(found)) == (True, False)
    (event,) = events(desk, "risk.released")
    assert (event.actor, event.payload["reason"]) == ("Ada", "I have looked at it")
    assert (breaker().released_by, breaker().release_reason) == ("Ada", "I have looked at it")
    assert decided(desk, desk.buy(1)).approved


def test_without_a_reason_it_stays():
    desk = begun()
    tripped(desk, BreakerKind.REJECTS)

    with pytest.raises(ReasonMissing):
        released(reason="  ")

    assert breaker().released_at is None


def test_what_does_not_exist_cannot_be_released():
    with pytest.raises(Breaker.DoesNotExist):
        release(breaker_id=UUID(int=4), actor="Ada", reason="Why not", at=wall())


def test_rejects_of_before_are_forgiven_and_new_ones_count():
    desk = begun()
    for quantity in range(1, 6):
        rejected(desk, quantity)
    checked(desk)
    released()

    assert checked(desk) == []
    for quantity in range(6, 11):
        rejected(desk, quantity)
    assert checked(desk) == [BreakerKind.REJECTS]


def test_attempts_of_before_are_forgiven_and_new_ones_count():
    desk = begun(max_orders_per_minute=1)
    for number in range(2):
        decided(desk, desk.buy(1 + number, key=f"{number}"))
    checked(desk)
    released()

    assert checked(desk) == []
    for number in range(2, 4):
        decided(desk, desk.buy(1 + number, key=f"{number}"))
    assert checked(desk) == [BreakerKind.ORDER_RATE]


def test_what_one_agent_is_forgiven_another_is_not():
    desk = begun(max_orders_per_minute=1)
    other = make_permission(desk.account, number=1)
    for number in range(2):
        decided(desk, desk.buy(1 + number, key=f"{number}"))
        decided(desk, desk.buy(1 + number, key=f"other {number}", permission_id=other.id))
    checked(desk)
    released(breaker(permission=desk.permission))
    Breaker.objects.filter(permission=other).delete()

    assert checked(desk) == [BreakerKind.ORDER_RATE]
    assert breaker(released_at=None).permission_id == other.id


def test_a_loss_that_was_released_may_grow_by_the_limit_once_more():
    desk = lost()
    resumed(desk)
    same = checked(desk)
    worth(desk, 89_001)
    nearly = checked(desk)
    worth(desk, 89_000)

    assert (same, nearly) == ([], [BreakerKind.DRAWDOWN])
    assert checked(desk) == [BreakerKind.ACCOUNT_DAILY_LOSS]
    assert breaker(released_at=None, kind="account_daily_loss").limit == "11 %"


def test_an_agents_loss_that_was_released_may_grow_by_the_limit_once_more():
    desk = begun(limits={"max_daily_loss": Decimal(1_000)})
    agent_lost(desk, 1_200)
    checked(desk)
    released()
    agent_lost(desk, 2_199)
    nearly = checked(desk)
    agent_lost(desk, 2_200)

    assert (nearly, checked(desk)) == ([], [BreakerKind.AGENT_DAILY_LOSS])


def test_releasing_what_halted_an_account_does_not_resume_it():
    desk = lost()

    released()

    assert account_of(desk).halt_state == HaltState.REDUCING


def test_a_drawdown_is_measured_anew_from_where_it_was_released():
    desk = lost(84_000, max_daily_loss_pct=Decimal(90))
    released()

    assert account_of(desk).high_water_equity == 84_000
    assert checked(desk) == []


def test_resuming_releases_what_halted_the_account_and_nothing_else():
    desk = lost(84_000)
    tripped(desk, BreakerKind.REJECTS)
    tripped(desk, BreakerKind.ORDER_RATE, permission_id=desk.permission.id)

    assert resumed(desk) is Resumed.RESUMED
    still = set(Breaker.objects.filter(released_at=None).values_list("kind", flat=True))
    assert still == {"rejects", "order_rate"}
    assert account_of(desk).halt_state == HaltState.ACTIVE
    assert {event.payload["reason"] for event in events(desk, "risk.released")} == {"Go on"}
    assert checked(desk) == []


def test_an_account_that_is_not_resumed_keeps_its_breakers():
    desk = lost()
    Account.objects.update(halt_state=HaltState.ACTIVE)

    assert resumed(desk) is Resumed.ALREADY_ACTIVE
    assert breaker().released_at is None


def test_a_new_day_ends_its_breakers_and_lifts_what_they_latched():
    desk = lost(limits={"max_daily_loss": Decimal(1_000)})
    agent_lost(desk, 2_000)
    checked(desk)

    rolled()

    account = account_of(desk)
    assert (account.halt_state, account.halt_reason) == (HaltState.ACTIVE, "")
    assert set(Breaker.objects.values_list("released_by", "release_reason")) == {
        ("farm", "A new day began.")
    }
    assert [event.as_of for event in events(desk, "risk.released")] == [TOMORROW] * 2
    assert events(desk, "account.released")[0].payload["was"] == "REDUCING"
    assert checked(desk, now=NOW) == []


def test_a_decision_of_the_new_day_counts_what_was_lifted():
    desk = lost()
    make_quote(desk.instrument, as_of=TOMORROW)

    assert decided(desk, desk.buy(1), now=TOMORROW).approved


def test_a_new_day_leaves_what_waits_for_a_person():
    desk = lost(89_000)

    rolled()

    account = account_of(desk)
    assert breaker(released_at=None).kind == BreakerKind.DRAWDOWN
    assert account.halt_state == HaltState.REDUCING
    assert account.halt_reason == "Drawdown: 11 %, limit 10 %"


def test_a_new_day_does_not_overrule_a_halt_for_another_reason():
    desk = lost()
    Account.objects.update(halt_reason="Ada wants to look at it")

    rolled()

    assert account_of(desk).halt_state == HaltState.REDUCING
    assert events(desk, "account.released") == []


def test_a_new_day_does_not_lift_a_halt():
    desk = lost(84_000)

    rolled()

    assert account_of(desk).halt_state == HaltState.HALTED


def test_a_new_day_does_not_lift_a_halt_with_the_words_of_a_breaker():
    desk = lost()
    Account.objects.update(halt_state=HaltState.HALTED)

    rolled()

    assert account_of(desk).halt_state == HaltState.HALTED


def test_what_is_lost_on_the_next_day_trips_another_breaker():
    desk = lost(max_price_age_seconds=1_000_000)
    rolled()
    worth(desk, 90_100)

    assert checked(desk, now=TOMORROW) == []
    worth(desk, 89_300)
    assert checked(desk, now=TOMORROW) == [BreakerKind.ACCOUNT_DAILY_LOSS, BreakerKind.DRAWDOWN]
    assert Breaker.objects.filter(kind="account_daily_loss").count() == 2


def test_a_check_begins_the_day_that_nobody_has_begun():
    desk = lost(max_price_age_seconds=1_000_000)

    assert checked(desk, now=TOMORROW) == []
    account = account_of(desk)
    assert (account.day, account.day_start_equity) == (TOMORROW.date(), 94_000)
    assert account.halt_state == HaltState.ACTIVE
