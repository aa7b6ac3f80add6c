"""Contexts and the built-in rules over rows: candles, quotes, permissions, fills."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from agents.domain.contexts import read
from agents.models import Context, Decision, Message, ProviderCall
from agents.providers.rules import RulesProvider
from market.domain.candles import Timeframe
from market.models import Feed, Instrument
from market.services.candles import CandleToStore, store_candles
from tests.agents.floor import HOLD, NOON, make_floor, scripted, thought
from tests.factories import NOW, Desk, make_instrument, make_quote, wall
from tests.market.builders import bar
from tests.trading.steps import filled
from trading.domain.states import Source
from trading.models import Account, Permission
from trading.services.accounts import change_permission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]


def store_days(instrument, closes, *, feed="prices"):
    """Daily candles that end on the day before NOW, one for each close."""
    first = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC) - timedelta(days=len(closes))
    candles = []
    for number, close in enumerate(closes):
        start = first + timedelta(days=number)
        prices = tuple(str(round(value, 2)) for value in (close, close + 1, close - 1, close))
        candles.append(
            CandleToStore(
                instrument.id,
                bar(start, prices=prices, volume="1000000"),
                raw=None,
                closes_at=start + timedelta(days=1),
            )
        )
    store_candles(feed=feed, timeframe=Timeframe.D1, candles=candles)


def context_of(execution):
    return read(execution.context.text)


def test_a_context_holds_what_is_known_at_its_moment_and_no_candle_after_it():
    floor = make_floor()
    store_days(make_instrument(), [100 + day / 10 for day in range(300)] + [500, 600])

    execution = thought(floor.wake(as_of=NOW), scripted(HOLD))

    known = context_of(execution)
    [view] = known.symbols
    assert known.as_of == view.as_of == NOW
    assert view.indicators.candles == 303
    assert known.portfolio.equity == 100_000
    assert known.limits.entries_left == 10
    assert known.woken_by[0].title == "Every day at noon"
    assert known.costs.fee_rate == Decimal("0.001")


def test_what_was_decided_before_is_known_and_what_is_being_decided_is_not():
    floor = make_floor()
    thought(floor.wake(), scripted())

    second = thought(floor.wake(_cause("one")), scripted(HOLD))

    [past] = context_of(second).decisions
    assert (past.outcome, past.order) == ("APPROVED", "buy 20 AAPL")


def _cause(name):
    return type(NOON)(f"time:{name}", "time", name)


def test_symbols_that_the_permission_blocks_are_not_even_seen():
    floor = make_floor()
    make_quote(make_instrument("IBM"), "50")
    permission = Permission.objects.get()
    change_permission(
        permission_id=permission.id, limits={"blocked_symbols": ["AAPL"]}, actor="ada", at=wall()
    )

    execution = thought(floor.wake(), scripted(HOLD))

    assert [view.symbol for view in context_of(execution).symbols] == ["IBM"]


def test_without_a_permission_the_limits_say_so():
    floor = make_floor()
    Permission.objects.all().delete()

    execution = thought(floor.wake(), scripted(HOLD))

    assert "has no permission" in context_of(execution).limits.blocked


def test_the_rules_buy_what_is_oversold_and_the_numbers_agree():
    floor = make_floor()
    instrument = make_instrument()
    Instrument.objects.filter(id=instrument.id).update(calendar="XNYS")
    store_days(instrument, [100 + day / 50 for day in range(280)] + [104, 103, 102, 101, 100])
    make_quote(instrument, "99", half_spread="0.02", volume="500000")

    execution = thought(floor.wake(), RulesProvider())

    assert execution.decision.outcome == "APPROVED"
    assert execution.decision.proposal.strategy == "mean-reversion"
    assert execution.decision.assessment.approved, execution.decision.assessment.denials
    assert Message.objects.filter(content__contains="is oversold: RSI").exists()
    assert Message.objects.filter(content__contains="No news is known").exists()
    assert ProviderCall.objects.filter(provider="rules").count() == 5


def test_two_executions_with_the_same_knowledge_share_one_stored_context():
    floor = make_floor()
    first = thought(floor.wake(), scripted("nothing"))
    again = thought(floor.wake(NOON), scripted("nothing"))

    assert first.context_id == again.context_id
    assert Context.objects.count() == 1
    assert not Decision.objects.exists()
    assert Account.objects.count() == Feed.objects.count() == 1
    assert connection.vendor == "postgresql"


def test_the_agents_own_position_is_known_with_its_reason_and_its_protections():
    floor = make_floor()
    permission = Permission.objects.get()
    desk = Desk(floor.account, permission, make_instrument())
    filled(desk, desk.buy(20, strategy="dip", take_profit=Decimal(120)), price="98")
    filled(desk, desk.buy(5, key="by hand", permission_id=None, source=Source.PERSON))

    execution = thought(floor.wake(), scripted(HOLD))

    [held] = context_of(execution).portfolio.holdings
    assert (held.symbol, held.quantity, held.value) == ("AAPL", 20, 2_000)
    assert (held.strategy, held.opened_at) == ("dip", NOW)
    assert (held.stop_loss, held.take_profit) == (90, 120)
    assert held.unrealised_pct == Decimal("2.04")
