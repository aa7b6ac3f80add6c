"""Breakers of real accounts: what a check trips, what that stops, and what clears by itself."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection

from tests.factories import NOW, make_permission, wall
from tests.trading.guarding import (
    account_of,
    agent_lost,
    begun,
    breaker,
    checked,
    events,
    subject_of,
    tripped,
    worth,
)
from tests.trading.locks import locks_taken
from tests.trading.steps import approved, claimed, decided, filled
from trading.domain.states import BreakerKind, HaltState
from trading.models import Account, Breaker, Permission
from trading.selectors.books import NoSuchAccount
from trading.selectors.ceilings import effective_limits
from trading.selectors.guards import guarded
from trading.services.breakers import check_breakers, clear
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
    desk = begun()
    worth(desk, 94_000)

    with locks_taken() as taken:
        checked(desk)

    assert taken == ["barrier", "row"]


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
