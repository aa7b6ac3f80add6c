"""Breakers of real accounts: what a check trips, what that stops, and what clears by itself."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection

from tests.factories import NOW, make_account, make_feed, make_instrument, make_permission, wall
from tests.trading.guarding import (
    account_of,
    agent_lost,
    begun,
    breaker,
    checked,
    events,
    rejected,
    subject_of,
    tripped,
    worth,
)
from tests.trading.steps import approved, claimed, decided, filled
from trading.domain.breakers import Trip
from trading.domain.states import BreakerKind, HaltState, Source
from trading.models import Account, Breaker, Order, Permission
from trading.selectors.books import NoSuchAccount
from trading.selectors.ceilings import effective_limits
from trading.selectors.guards import guarded
from trading.services.barrier import STOP
from trading.services.breakers import check_breakers, clear, trip_jumps
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db
TOMORROW = NOW + timedelta(days=1)
AGES = 1_000_000


@pytest.fixture(autouse=True)
def _whole_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal(1)


def test_an_account_that_lost_too_much_today_only_reduces():
    desk = begun()
    worth(desk, 94_000)

    assert checked(desk) == [BreakerKind.ACCOUNT_DAILY_LOSS]
    account, found = account_of(desk), breaker()
    assert (account.halt_state, account.epoch) == (HaltState.REDUCING, 0)
    assert account.halt_reason == "Account daily loss: 6 %, limit 5 %"
    assert (found.number, found.limit, found.day, found.as_of) == ("6 %", "5 %", NOW.date(), NOW)


def test_it_is_journaled_with_what_was_measured():
    desk = begun()
    worth(desk, 94_000)

    checked(desk)

    (trip,), (halt,) = events(desk, "risk.breaker"), events(desk, "account.halted")
    assert trip.payload["breaker_kind"] == "account_daily_loss"
    assert (trip.payload["number"], trip.payload["limit"]) == ("6 %", "5 %")
    assert (halt.payload["state"], halt.payload["breaker"]) == ("REDUCING", str(breaker().id))
    assert (trip.as_of, halt.as_of, halt.actor) == (NOW, NOW, "farm")


def test_an_entry_approved_before_is_not_claimed_after_an_exit_is():
    desk = begun()
    filled(desk, desk.buy(10))
    entry, leaving = approved(desk, desk.buy(5, key="more")), approved(desk, desk.sell(3))
    worth(desk, 90_000)

    checked(desk)

    assert claimed(entry) is None
    assert claimed(leaving) is not None


def test_the_barrier_is_owned_before_the_account_is_locked():
    desk, seen = begun(), []
    worth(desk, 94_000)

    def watched(execute, sql, params, *args):
        is_barrier = "pg_advisory_xact_lock(" in sql and params[0] == STOP
        seen.extend(["barrier"] if is_barrier else [])
        seen.extend(["row"] if "FOR NO KEY UPDATE" in sql else [])
        return execute(sql, params, *args)

    with connection.execute_wrapper(watched):
        checked(desk)

    assert seen == ["barrier", "row"]


def test_a_breaker_that_is_tripped_stays_one():
    desk = begun()
    worth(desk, 94_000)
    checked(desk)
    worth(desk, 93_000)

    assert checked(desk) == []
    assert Breaker.objects.count() == len(events(desk, "risk.breaker")) == 1


def test_a_stronger_halt_keeps_its_state_and_its_reason():
    desk = begun()
    Account.objects.update(halt_state=HaltState.HALTED, halt_reason="Ada said so")
    worth(desk, 94_000)

    assert checked(desk) == [BreakerKind.ACCOUNT_DAILY_LOSS]
    assert account_of(desk).halt_reason == "Ada said so"
    assert events(desk, "account.halted") == []


def test_a_fall_from_the_top_reduces_then_halts_by_one_breaker():
    desk = begun(max_daily_loss_pct=Decimal(90))
    worth(desk, 89_000)
    checked(desk)
    reducing = account_of(desk).halt_state
    worth(desk, 84_000)

    assert checked(desk) == [BreakerKind.DRAWDOWN]
    account, found = account_of(desk), breaker()
    assert (reducing, account.halt_state) == (HaltState.REDUCING, HaltState.HALTED)
    assert account.epoch == 1
    assert (found.number, found.limit, found.day) == ("16 %", "15 %", None)
    assert len(events(desk, "account.halted")) == 2


def test_the_mark_follows_the_equity_up_and_not_down():
    desk = begun()
    worth(desk, 110_000)
    checked(desk)
    worth(desk, 105_000)
    checked(desk)

    assert account_of(desk).high_water_equity == 110_000


def test_the_mark_does_not_follow_what_was_withdrawn_meanwhile():
    desk = begun()
    worth(desk, 110_000)

    def withdrawn(execute, sql, *args):
        if sql.startswith("UPDATE") and "high_water_equity" in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute("UPDATE trading_account SET cash = cash - 50000")
        return execute(sql, *args)

    with connection.execute_wrapper(withdrawn):
        checked(desk)

    assert account_of(desk).high_water_equity == 100_000


def test_an_agent_that_lost_its_limit_enters_no_more_and_others_do():
    desk = begun(limits={"max_daily_loss": Decimal(1_000)})
    other = make_permission(desk.account, number=1)
    agent_lost(desk, 1_000)

    assert checked(desk) == [BreakerKind.AGENT_DAILY_LOSS]
    Permission.objects.update(max_daily_loss=Decimal(50_000))
    assert decided(desk, desk.buy(1)).denials == ("BREAKERS",)
    assert decided(desk, desk.buy(1, key="other", permission_id=other.id)).approved
    assert account_of(desk).halt_state == HaltState.ACTIVE
    assert events(desk, "risk.breaker")[0].subject == f"permission:{desk.permission.id}"


def test_what_an_agent_lost_before_today_does_not_count():
    desk = begun(limits={"max_daily_loss": Decimal(1_000)}, max_price_age_seconds=AGES)
    agent_lost(desk, 999)
    checked(desk)

    assert checked(desk, now=TOMORROW) == []
    agent_lost(desk, 1_998)
    assert checked(desk, now=TOMORROW) == []
    agent_lost(desk, 1_999)
    assert checked(desk, now=TOMORROW) == [BreakerKind.AGENT_DAILY_LOSS]


def test_an_agent_whose_day_has_not_begun_has_lost_nothing_today():
    desk = begun(limits={"max_daily_loss": Decimal(1_000)})
    agent_lost(desk, 1_000)
    Permission.objects.update(day=None)

    assert checked(desk) == []


@pytest.mark.parametrize("multiplier", ["0.5", "1", "3"])
def test_an_agents_limit_is_the_one_that_the_gate_counts(settings, multiplier):
    desk = begun(limits={"max_daily_loss": Decimal(1_000)})
    settings.AGENT_RISK_MULTIPLIER = Decimal(multiplier)
    settings.MAX_DAILY_LOSS_CEILING = Decimal(800)

    (agent,) = guarded(account_id=desk.account.id, now=NOW).affairs.agents

    assert agent.max_daily_loss == effective_limits(desk.permission).max_daily_loss


def test_five_rejects_in_a_row_stop_the_accounts_entries():
    desk = begun()
    for quantity in range(1, 5):
        rejected(desk, quantity)
    four = checked(desk)
    rejected(desk, 5)

    assert (four, checked(desk)) == ([], [BreakerKind.REJECTS])
    assert decided(desk, desk.buy(6, key="next")).denials == ("BREAKERS",)
    assert account_of(desk).halt_state == HaltState.ACTIVE


def test_a_trade_between_rejects_begins_the_count_anew():
    desk = begun()
    for quantity in range(1, 4):
        rejected(desk, quantity)
    filled(desk, desk.buy(9, key="filled"))
    for quantity in range(4, 7):
        rejected(desk, quantity)

    assert checked(desk) == []


def test_what_was_traded_before_the_rejects_does_not_excuse_them():
    desk = begun()
    filled(desk, desk.buy(9, key="filled"))
    for quantity in range(1, 6):
        rejected(desk, quantity)

    assert checked(desk) == [BreakerKind.REJECTS]


def test_an_order_that_nobody_here_made_is_no_answer():
    desk = begun()
    for quantity in range(1, 6):
        rejected(desk, quantity)
    strange = filled(desk, desk.buy(9, key="strange"))
    Order.objects.filter(id=strange.id).update(source="external")

    assert checked(desk) == [BreakerKind.REJECTS]


def test_rejects_count_for_an_hour_of_market_time():
    desk = begun(max_price_age_seconds=AGES)
    for quantity in range(1, 6):
        rejected(desk, quantity)

    assert checked(desk, now=NOW + timedelta(hours=1, seconds=1)) == []


def test_an_agent_that_asks_again_and_again_is_stopped_also_when_it_is_denied():
    desk = begun(max_orders_per_minute=2, limits={"max_order_value": Decimal(50)})
    for number in range(2):
        decided(desk, desk.buy(1, key=f"{number}"))
    two = checked(desk)
    decided(desk, desk.buy(1, key="2"))

    assert (two, checked(desk)) == ([], [BreakerKind.ORDER_RATE])
    assert breaker().permission_id == desk.permission.id
    assert (breaker().number, breaker().day) == ("3 a minute", None)


def test_what_protects_a_position_is_no_attempt_of_its_agent():
    desk = begun(max_orders_per_minute=2)
    for number in range(3):
        decided(desk, desk.buy(1 + number, key=f"{number}", source=Source.PROTECTION))

    assert checked(desk) == []


def test_attempts_count_for_a_minute_of_market_time():
    desk = begun(max_orders_per_minute=2)
    for number in range(3):
        decided(desk, desk.buy(1 + number, key=f"{number}"))

    assert checked(desk, now=NOW + timedelta(minutes=1)) == []


def test_a_feed_that_has_gone_silent_stops_entries_until_it_is_back():
    desk = begun()
    late = NOW + timedelta(seconds=61)

    assert checked(desk, now=late) == [BreakerKind.STALE_FEED]
    assert checked(desk, now=late) == []
    assert (breaker().number, breaker().limit) == ("61 s", "60 s")
    checked(desk, now=NOW + timedelta(seconds=60))
    assert (breaker().released_by, breaker().release_reason) == (
        "farm",
        "The feed is fresh again.",
    )
    assert events(desk, "risk.released")[0].payload["reason"] == "The feed is fresh again."


def test_a_closed_market_is_not_silent():
    desk = begun()
    type(desk.instrument).objects.update(calendar="XNYS")

    # Five in the evening in New York, and half past nine to the second on the next day.
    assert checked(desk, now=NOW.replace(hour=22)) == []
    assert checked(desk, now=TOMORROW.replace(hour=14, minute=30)) == []
    assert checked(desk, now=TOMORROW.replace(hour=14, minute=32)) == [BreakerKind.STALE_FEED]


def jump(desk):
    return Trip(BreakerKind.PRICE_JUMP, "25 %", "less than 20 %", instrument_id=desk.instrument.id)


def test_a_jump_stops_the_instrument_on_every_account_of_the_feed():
    desk, other = begun(), make_account(number=1)
    make_account(number=2, feed=make_feed("another"))
    ibm = make_instrument("IBM")

    assert trip_jumps(feed_name="prices", jumps=[jump(desk)], now=NOW, at=wall()) == 2
    assert trip_jumps(feed_name="prices", jumps=[jump(desk)], now=NOW, at=wall()) == 0
    assert set(Breaker.objects.values_list("account", flat=True)) == {desk.account.id, other.id}
    assert decided(desk, desk.buy(1)).denials == ("BREAKERS",)
    assert "BREAKERS" not in decided(desk, desk.buy(1, key="ibm", instrument_id=ibm.id)).denials


def test_no_jump_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert trip_jumps(feed_name="prices", jumps=(), now=NOW, at=wall()) == 0


def test_a_jump_is_forgotten_after_a_day():
    desk = begun(max_price_age_seconds=AGES)
    trip_jumps(feed_name="prices", jumps=[jump(desk)], now=NOW, at=wall())

    checked(desk, now=TOMORROW - timedelta(seconds=1))
    before = breaker().released_at
    checked(desk, now=TOMORROW)

    assert before is None
    assert breaker().release_reason == "Its time is over."


@pytest.mark.parametrize("kind", BreakerKind)
def test_code_trips_a_breaker_of_any_kind_once(kind):
    desk = begun()
    subject = subject_of(desk, kind)

    first, second = tripped(desk, kind, **subject), tripped(desk, kind, **subject)

    assert (first, second) == (True, False)
    assert Breaker.objects.count() == 1


def test_another_scope_than_the_kinds_is_an_error():
    desk = begun()

    with pytest.raises(ValueError, match="permission"):
        tripped(desk, BreakerKind.FAILED_ANSWERS)


def test_words_that_are_too_long_are_cut():
    desk = begun()

    tripped(desk, BreakerKind.DIFFERENCE, number="9" * 99, limit="1" * 99)

    assert (len(breaker().number), len(breaker().limit)) == (60, 60)
    assert account_of(desk).halt_state == HaltState.REDUCING


def test_what_code_tripped_code_clears():
    desk = begun()
    tripped(desk, BreakerKind.FAILED_ANSWERS, permission_id=desk.permission.id)

    def cleared():
        with transaction():
            return clear(
                account=desk.account,
                kind=BreakerKind.FAILED_ANSWERS,
                permission_id=desk.permission.id,
                reason="It answered.",
                at=wall(),
            )

    assert (cleared(), cleared()) == (True, False)
    assert breaker().release_reason == "It answered."


def test_a_breaker_is_named_by_its_place_among_its_like():
    desk = begun()
    tripped(desk, BreakerKind.REJECTS)
    first = breaker().id
    Breaker.objects.update(released_at=wall())

    tripped(desk, BreakerKind.REJECTS)
    second = breaker(released_at=None).id
    Breaker.objects.all().delete()
    tripped(desk, BreakerKind.REJECTS)

    assert first != second
    assert breaker().id == first


def test_an_account_without_trouble_is_one_statement_and_no_lock(django_assert_num_queries):
    desk = begun()

    with django_assert_num_queries(1):
        checked(desk)


def test_who_does_not_exist_has_no_affairs():
    with pytest.raises(NoSuchAccount):
        check_breakers(account_id=UUID(int=4), now=NOW, at=wall())
