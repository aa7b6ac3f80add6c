"""Executions that traded nothing: told the same way, up to where they stopped."""

from datetime import timedelta

import pytest
from django.test import Client

from agents.domain.states import ExecutionState, SessionState
from agents.models import Execution, ProviderCall, TradingSession
from agents.services.leases import LeaseLost
from tests.pages import told
from tests.pages.farms import Farm
from tests.pages.told import opened, read, steps
from trading.domain.states import OrderState
from trading.models import Order

pytest_plugins = ("tests.pages.fixtures",)

STOPPED = "It stopped here."
VOTE_FOR = {"choice": "approve", "reason": "Fine."}


@pytest.fixture
def market(farm: Farm) -> Farm:
    """A farm half an hour before the close, whose agents can be asked."""
    return told.prepare(farm)


def test_a_hold_stops_at_the_decision(trader: Client, market: Farm) -> None:
    markup = opened(trader, execution := told.thought(market, technical=told.HOLD))

    assert steps(markup) == ["cause", "woken", "known", "answers", "decision"]
    page = read(trader, execution)
    assert "Hold: no order was proposed hold" in page
    assert f"{STOPPED} It was decided to do nothing." in page


def test_a_vote_without_quorum_stops_at_the_decision(trader: Client, market: Farm) -> None:
    execution = told.thought(market, risk=told.AGAINST, fundamental=told.AGAINST)

    page = read(trader, execution)

    assert "No trade in AAPL: too few approvals" in page
    assert "2 of 4 for, 2 against" in page
    assert f"{STOPPED} The vote did not carry it." in page
    assert steps(opened(trader, execution))[-1] == "decision"


def test_a_veto_is_told_with_its_code(trader: Client, market: Farm) -> None:
    page = read(trader, told.thought(market, risk=told.VETO))

    assert "No trade in AAPL: vetoed" in page
    assert "Risk against veto VOLATILITY_TOO_HIGH" in page


def test_what_the_gate_refused_stops_at_the_checks(trader: Client, market: Farm) -> None:
    execution = told.thought(market, technical=told.BUY | {"quantity": 900}, risk=VOTE_FOR)

    markup, page = opened(trader, execution), read(trader, execution)

    assert steps(markup)[-1] == "checks"
    assert "Buy 900 AAPL: refused by the risk gate" in page
    assert "3 of 36 checks refused it. Asked for 900" in page
    assert (
        "Is the order small enough? ORDER_SIZE no 37,017.00 USD 10,000.00 -27,017.00 243" in page
    )
    assert f"{STOPPED} The risk gate refused it. Nothing was sent." in page
    # What failed is told first.
    assert page.index("ORDER_SIZE") < page.index("AGENT_TRADING_ENABLED")


def test_an_abstention_says_what_could_not_be_used(trader: Client, market: Farm) -> None:
    execution = told.thought(market, technical=["Buy!", "Buy, I said!"])

    page = read(trader, execution)

    assert "No decision: no answer could be used abstained" in page
    assert page.count("Technical could not be used") == 2
    assert f"{STOPPED} The reply holds no JSON object." in page
    assert steps(opened(trader, execution)) == ["cause", "woken", "known", "answers"]


def test_an_agent_that_is_paused_ends_it_before_it_is_asked(trader: Client, market: Farm) -> None:
    market.agents["Technical"].status = "PAUSED"
    market.agents["Technical"].save()

    execution = told.thought(market)

    assert steps(opened(trader, execution)) == ["cause", "woken", "known", "ended"]
    assert f"{STOPPED} The proposer is paused." in read(trader, execution)


def test_a_decision_that_was_held_back_says_by_what(trader: Client, market: Farm) -> None:
    execution = told.woken(market)
    TradingSession.objects.update(state=SessionState.STOPPED)
    told.think_about(execution, told.Voices({"technical": told.BUY} | dict(told.VOTES)))

    page = read(trader, execution)

    assert "Buy 160 AAPL: not ordered held back" in page
    assert f"{STOPPED} Not ordered: the session is not in AUTO_TRADING any more." in page


def test_an_order_that_was_rejected_stops_there_with_what_the_exchange_said(
    trader: Client, market: Farm
) -> None:
    execution = told.thought(market)
    Order.objects.update(state=OrderState.SUBMITTING, attempt_at=market.wall)
    Order.objects.update(state=OrderState.REJECTED, ended_at=market.wall, problem="Not today")

    page = read(trader, execution)

    assert "Buy 160 AAPL: rejected by the exchange" in page
    assert f"{STOPPED} The order was rejected by the exchange. Not today" in page
    assert steps(opened(trader, execution))[-1] == "order"


def test_a_failed_execution_says_why(trader: Client, market: Farm) -> None:
    execution = told.woken(market)
    Execution.objects.update(
        state=ExecutionState.FAILED,
        problem="Given up after 5 attempts that were cut short.",
        attempts=6,
        started_at=execution.queued_at,
        ended_at=execution.queued_at + timedelta(seconds=90),
    )

    page = read(trader, execution)

    assert "The execution was failed" in page
    assert "It took 6 attempts" in page
    assert f"{STOPPED} Given up after 5 attempts" in page


def test_one_that_waits_says_so_and_that_the_page_follows(trader: Client, market: Farm) -> None:
    execution = told.woken(market)

    page = read(trader, execution)

    assert "Woken, and not yet at work queued" in page
    assert "It is still running; this page follows." in page
    assert "The team is about to begin" in page


def test_ballots_are_secret_until_the_vote_has_closed(
    trader: Client, market: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.loop.thinking.close_vote", _lose)
    execution = told.thought(market)

    markup, page = opened(trader, execution), read(trader, execution)

    assert ProviderCall.objects.filter(round=1).count() == 4
    assert "Buy 200 AAPL is voted on thinking" in page
    assert "The vote is open" in page
    assert "4 of 4 have answered. Ballots are secret until the vote closes" in page
    assert "smaller size suits" not in markup


def _lose(**_: object) -> None:
    """What happens to a worker whose execution was taken over by another."""
    raise LeaseLost("Taken over.")
