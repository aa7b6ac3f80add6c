"""Limit orders, trailing stops and exits that an agent moves, from its answer to the exchange."""

from decimal import Decimal

import pytest

from agents.domain.causes import Cause
from agents.domain.states import SessionState
from agents.models import Message, Proposal, TradingSession
from market.models import Instrument
from tests.agents.floor import BUY, HOLD, Floor, make_floor, scripted, thought
from tests.trading.steps import make_sender
from trading.models import Order, Permission, Protection

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]
ONE = Cause("time:one", "time", "Every day at one")
MOVE = HOLD | {"symbol": "AAPL"}


@pytest.fixture
def holding() -> Floor:
    """A floor whose proposer holds 20 AAPL, with a stop at 95 and a target at 110."""
    floor = make_floor()
    thought(floor.wake(), scripted())
    make_sender().work()
    return floor


def price_of(kind):
    return Protection.objects.get(kind=kind, state="ARMED").price


def test_a_limit_order_rests_until_its_market_closes():
    floor = make_floor()
    Instrument.objects.update(calendar="XNYS")

    thought(floor.wake(), scripted(BUY | {"order_type": "limit", "limit_price": 99}))

    order = Order.objects.get()
    assert (order.order_type, order.limit_price, order.time_in_force) == ("limit", 99, "DAY")
    assert Proposal.objects.get().limit_price == 99
    said = Message.objects.get(message_type="PROPOSAL").content
    assert said.startswith("Buy 20 AAPL at 99 at most, stop 95, target 110.")


def test_where_the_market_never_closes_it_rests_until_it_is_canceled():
    floor = make_floor()

    thought(floor.wake(), scripted(BUY | {"order_type": "limit", "limit_price": 99}))

    assert Order.objects.get().time_in_force == "GTC"


def test_what_is_bought_trails_and_its_risk_is_as_the_agent_rates_it():
    floor = make_floor()

    thought(floor.wake(), scripted(BUY | {"trailing_pct": 4, "risk_assessment": "high"}))

    order = Order.objects.get()
    assert (order.trailing_pct, order.risk) == (4, "high")


def test_an_order_that_is_riskier_than_allowed_waits_for_a_person():
    floor = make_floor()
    Permission.objects.update(risk_level="low")

    execution = thought(floor.wake(), scripted(BUY | {"risk_assessment": "medium"}))

    assert execution.decision.assessment.denials == ["CONFIRMATION"]


def test_a_tighter_stop_is_set_without_a_vote(holding):
    execution = thought(holding.wake(ONE), scripted(MOVE | {"stop_loss": 97, "take_profit": 120}))

    assert (price_of("stop_loss"), price_of("take_profit")) == (97, 120)
    said = Message.objects.get(execution=execution).content
    assert "The stop of AAPL moves from 95 to 97." in said
    assert "The take profit of AAPL moves from 110 to 120." in said


def test_a_wider_stop_is_refused_and_the_rest_is_done(holding):
    execution = thought(holding.wake(ONE), scripted(MOVE | {"stop_loss": 90, "take_profit": 120}))

    assert (price_of("stop_loss"), price_of("take_profit")) == (95, 120)
    assert "The stop of AAPL stays:" in Message.objects.get(execution=execution).content


def test_without_a_session_nothing_is_moved(holding):
    execution = holding.wake(ONE)
    TradingSession.objects.update(state=SessionState.STOPPED)

    thought(execution, scripted(MOVE | {"stop_loss": 97}))

    assert "the session is not in AUTO_TRADING" in Message.objects.get(execution=execution).content
    assert price_of("stop_loss") == Decimal(95)
