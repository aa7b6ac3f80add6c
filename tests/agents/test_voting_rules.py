from decimal import Decimal

import pytest

from agents.domain import rules
from agents.domain.contexts import Benchmark, CostsView, HoursView
from agents.domain.states import Choice, Role
from tests.agents.builders import context, holding, known, limits, proposed, symbol_view
from trading.domain.states import Side

EXIT = {"side": Side.SELL, "stop_loss": None, "take_profit": None}


def vote(role, view=None, *, order=None, **changes):
    return rules.vote(
        role=role,
        context=context(view or symbol_view(), **changes),
        proposal=proposed(**(order or {})),
    )


@pytest.mark.parametrize("role", [Role.FUNDAMENTAL, Role.RISK, Role.EXECUTION])
def test_exits_pass(role):
    assert vote(role, order=EXIT).choice is Choice.APPROVE


# Fundamental


def test_fundamental_says_that_it_has_only_prices_and_approves_a_sound_trend():
    found = vote(Role.FUNDAMENTAL)

    assert found.choice is Choice.APPROVE
    assert found.reason == (
        "No fundamentals are known, only prices: 100 against 90 on average over 200 days, 12 % in"
        " that time, 5 % below the high of 250 days. The long trend carries this."
    )


@pytest.mark.parametrize(
    ("changes", "choice"),
    [
        ({"below_high_pct": Decimal(31)}, Choice.REJECT),
        ({"sma_200": Decimal(110), "change_200_pct": Decimal(-13)}, Choice.REJECT),
        ({"sma_200": Decimal(110), "change_200_pct": Decimal(-5)}, Choice.APPROVE),
        ({"sma_200": None}, Choice.ABSTAIN),
        ({"below_high_pct": None}, Choice.ABSTAIN),
    ],
)
def test_fundamental_judges_the_long_trend(changes, choice):
    assert vote(Role.FUNDAMENTAL, symbol_view(indicators=known(**changes))).choice is choice


# Sentiment


def test_sentiment_says_that_it_has_only_volume_and_breadth():
    found = vote(Role.SENTIMENT)

    assert found.choice is Choice.APPROVE
    assert found.reason.startswith("No news is known, only volume and breadth: the last full day")


@pytest.mark.parametrize(
    ("view", "breadth", "choice"),
    [
        (
            {
                "day_change_pct": Decimal(-1),
                "indicators": known(last_volume=Decimal(1_600_000)),
            },
            60,
            Choice.REJECT,
        ),
        ({"indicators": known(last_volume=Decimal(1_600_000))}, 60, Choice.APPROVE),
        ({"strength_pct": Decimal(-1)}, 25, Choice.REJECT),
        ({"strength_pct": None}, 25, Choice.REJECT),
        ({"strength_pct": Decimal(2)}, 25, Choice.APPROVE),
        ({"indicators": known(last_volume=Decimal(400_000))}, 60, Choice.ABSTAIN),
        ({"indicators": known(last_volume=None)}, 60, Choice.ABSTAIN),
        ({"indicators": known(average_volume=Decimal(0))}, 60, Choice.ABSTAIN),
        ({}, None, Choice.ABSTAIN),
    ],
)
def test_sentiment_judges_volume_and_breadth(view, breadth, choice):
    mood = Benchmark(Decimal(1), Decimal(50), None if breadth is None else Decimal(breadth))

    assert vote(Role.SENTIMENT, symbol_view(**view), benchmark=mood).choice is choice


def test_sentiment_leaves_exits_in_a_good_mood_to_others():
    good, bad = (Benchmark(None, None, Decimal(breadth)) for breadth in (75, 25))

    assert vote(Role.SENTIMENT, order=EXIT, benchmark=good).choice is Choice.ABSTAIN
    assert vote(Role.SENTIMENT, order=EXIT, benchmark=bad).choice is Choice.APPROVE


# Risk


def test_risk_lets_pass_what_fits():
    found = vote(Role.RISK)

    assert found.choice is Choice.APPROVE
    assert (found.quantity, found.stop_loss) == (None, None)
    assert found.reason == "Size and stop fit: 0 of 15,000 in AAPL so far."


@pytest.mark.parametrize(
    ("changes", "order", "code"),
    [
        ({}, {"stop_loss": None}, "NO_STOP"),
        (
            {"view": symbol_view(indicators=known(volatility_pct=Decimal(46)))},
            {},
            "VOLATILITY_TOO_HIGH",
        ),
        ({"limits": limits(daily_loss_left=Decimal(1_249))}, {}, "DAILY_LOSS_NEAR"),
    ],
)
def test_risk_vetoes_with_a_code(changes, order, code):
    found = vote(Role.RISK, changes.pop("view", None), order=order, **changes)

    assert (found.choice, found.veto) == (Choice.REJECT, code)


def test_risk_asks_for_less_of_what_moves_more():
    found = vote(Role.RISK, symbol_view(indicators=known(volatility_pct=Decimal(40))))

    assert found.quantity == 72
    assert (
        found.reason == "Volatility is 40 % a year against a calm 32 %; 72 instead of 90 shares."
    )


@pytest.mark.parametrize("volatility", [Decimal(20), None])
def test_risk_keeps_one_symbol_below_its_share_of_equity(volatility):
    view = symbol_view(indicators=known(volatility_pct=volatility))

    found = vote(Role.RISK, view, holdings=(holding(value=Decimal(10_000)),))

    assert found.quantity == 49
    assert "More than 15 % of equity would be in one symbol" in found.reason


@pytest.mark.parametrize("held", [14_000, 16_000])
def test_risk_rejects_a_scrap_on_top_of_a_full_position(held):
    found = vote(Role.RISK, holdings=(holding(value=Decimal(held)),))

    assert (found.choice, found.veto) == (Choice.REJECT, "")


def test_risk_asks_for_a_stop_within_six_percent():
    found = vote(Role.RISK, order={"stop_loss": Decimal(92)})

    assert found.stop_loss == 94
    assert found.reason == "The stop is 8 % away; 6 % is enough, at 94."


# Execution


def test_execution_approves_what_is_small_against_the_volume():
    found = vote(Role.EXECUTION)

    assert (found.choice, found.quantity) == (Choice.APPROVE, None)


@pytest.mark.parametrize(
    ("view", "choice"),
    [
        ({"hours": HoursView(is_open=False, minutes_to_close=None)}, Choice.REJECT),
        ({"hours": HoursView(is_open=True, minutes_to_close=10)}, Choice.ABSTAIN),
        ({"hours": HoursView(is_open=True, minutes_to_close=None)}, Choice.APPROVE),
        ({"spread_bps": Decimal(26)}, Choice.REJECT),
        ({"indicators": known(average_volume=None)}, Choice.ABSTAIN),
    ],
)
def test_execution_judges_hours_spread_and_volume(view, choice):
    assert vote(Role.EXECUTION, symbol_view(**view)).choice is choice


def test_execution_rejects_even_an_exit_while_the_market_is_closed():
    closed = symbol_view(hours=HoursView(is_open=False, minutes_to_close=None))

    assert vote(Role.EXECUTION, closed, order=EXIT).reason == "The market is closed."


def test_execution_rejects_a_target_that_fees_eat_up():
    dear = CostsView(Decimal("0.01"), Decimal(30))

    found = vote(Role.EXECUTION, costs=dear)

    assert found.reason == (
        "The target earns 6 a share; fees and slippage of 2.6 both ways need at least 13."
    )
    assert vote(Role.EXECUTION, costs=dear, order={"take_profit": None}).choice is Choice.APPROVE


def test_execution_asks_for_one_percent_of_a_thin_volume():
    thin = symbol_view(indicators=known(average_volume=Decimal(2_050)))

    assert vote(Role.EXECUTION, thin).quantity == 20
