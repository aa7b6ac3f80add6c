from dataclasses import replace
from decimal import Decimal

import pytest

from agents.domain import rules
from agents.domain.answers import Wish
from agents.domain.states import Choice, Role
from tests.agents.builders import ballot, context, holding, known, limits, proposed, symbol_view

DIP = {"day_change_pct": Decimal("-2.5"), "indicators": known(rsi=Decimal(44))}
REBOUND = {"indicators": known(rsi=Decimal(29), sma_20=Decimal(104))}
MOMENTUM = {
    "indicators": known(
        rsi=Decimal(60),
        sma_20=Decimal(98),
        macd_histogram=Decimal("0.2"),
        macd_histogram_before=Decimal("0.1"),
    )
}


def decide(*views, **changes):
    return rules.decide(role=Role.TECHNICAL, context=context(*views, **changes))


@pytest.mark.parametrize(
    ("signal", "strategy"), [(DIP, "dip"), (REBOUND, "mean-reversion"), (MOMENTUM, "momentum")]
)
def test_each_signal_is_proposed_with_stop_target_and_a_size_from_the_risk(signal, strategy):
    answer = decide(symbol_view(**signal))

    assert (answer.decision, answer.symbol, answer.strategy) == (Wish.BUY, "AAPL", strategy)
    assert answer.stop_loss == 96
    assert answer.take_profit == 106
    assert answer.quantity == 96
    assert "96 shares risk 384 USD to the stop at 96 (2 ATR below)" in answer.reasoning


def test_the_most_confident_signal_wins_and_ties_go_by_symbol():
    weak = symbol_view("AAPL", **MOMENTUM)
    strong = symbol_view("MSFT", **DIP)

    assert decide(weak, strong).symbol == "MSFT"
    assert decide(symbol_view("IBM", **DIP), symbol_view("MSFT", **DIP)).symbol == "IBM"


def test_without_a_signal_it_holds_and_says_what_it_saw():
    answer = decide(symbol_view())

    assert answer.decision is Wish.HOLD
    assert answer.reasoning == "No dip, rebound or momentum in any symbol (AAPL RSI 45)."


@pytest.mark.parametrize("missing", ["rsi", "sma_20", "sma_50", "atr", "macd_histogram_before"])
def test_while_an_indicator_is_warming_up_nothing_is_said(missing):
    answer = decide(symbol_view(indicators=known(**{missing: None})))

    assert answer.decision is Wish.HOLD
    assert answer.reasoning.startswith("Too few candles")


def test_a_stop_is_never_more_than_15_percent_away():
    wild = symbol_view(indicators=known(rsi=Decimal(29), atr=Decimal(12)))

    assert decide(wild).stop_loss == 85


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limits": limits(entries_left=0)}, "no entry is left for today"),
        ({"limits": limits(blocked="it is off.")}, "it is off"),
        ({"limits": limits(max_order_value=Decimal(50))}, "only 48.5 USD of room is left"),
        (
            {"limits": limits(max_open_positions=1), "holdings": (holding("IBM"),)},
            "1 positions are open, which is the limit",
        ),
        (
            {"holdings": (holding(value=Decimal(24_950), strategy="dip"),)},
            "only 48.5 USD of room is left",
        ),
    ],
)
def test_a_signal_without_room_is_a_hold_that_names_the_limit(changes, why):
    answer = decide(symbol_view(**REBOUND), **changes)

    assert answer.decision is Wish.HOLD
    assert why in answer.reasoning


def test_a_flat_symbol_has_no_stop_and_is_not_bought():
    answer = decide(symbol_view(indicators=known(rsi=Decimal(29), atr=Decimal(0))))

    assert "its ATR is not known" in answer.reasoning


@pytest.mark.parametrize(
    ("strategy", "indicators", "why", "quantity"),
    [
        ("momentum", known(sma_20=Decimal(101)), "Momentum has gone", 50),
        ("dip", known(rsi=Decimal(58)), "The dip has played out", 50),
        ("mean-reversion", known(rsi=Decimal(58)), "The mean-reversion has played out", 50),
        ("momentum", known(rsi=Decimal(75), sma_20=Decimal(99)), "Overbought", 25),
        ("", known(rsi=Decimal(75)), "Overbought", 25),
    ],
)
def test_a_position_whose_reason_has_gone_is_sold(strategy, indicators, why, quantity):
    held = holding(strategy=strategy)

    answer = decide(symbol_view(indicators=indicators), holdings=(held,))

    assert (answer.decision, answer.quantity) == (Wish.SELL, quantity)
    assert answer.reasoning.startswith(why)
    assert answer.reasoning.endswith("The position stands at 2.04 %.")
    assert (answer.stop_loss, answer.take_profit) == (None, None)


@pytest.mark.parametrize(
    ("held", "indicators"),
    [
        (holding(), known(sma_20=Decimal(99))),
        (holding(), known(macd_histogram=Decimal(1))),
        (holding(strategy="dip"), known(rsi=Decimal(52))),
        (holding(unrealised_pct=Decimal(-3), strategy=""), known(rsi=Decimal(80))),
        (holding(quantity=Decimal("0.5")), known()),
    ],
)
def test_a_position_whose_reason_stands_is_kept(held, indicators):
    answer = decide(symbol_view(indicators=indicators), holdings=(held,))

    assert answer.decision is Wish.HOLD


def test_exits_come_before_entries():
    held = holding("IBM", strategy="momentum")

    answer = decide(symbol_view(**REBOUND), symbol_view("IBM"), holdings=(held,))

    assert (answer.decision, answer.symbol) == (Wish.SELL, "IBM")


def test_half_of_one_share_is_still_one_share():
    hot = symbol_view(indicators=known(rsi=Decimal(75)))

    assert decide(hot, holdings=(holding(quantity=Decimal(1)),)).quantity == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.TECHNICAL])
def test_the_other_roles_propose_nothing_and_say_so(role):
    answer = rules.decide(role=role, context=context(symbol_view(**DIP)))

    assert answer.decision is Wish.HOLD
    assert role.value in answer.reasoning


def test_technical_does_not_vote_and_nobody_judges_a_symbol_without_a_price():
    calm = context(symbol_view())

    technical = rules.vote(role=Role.TECHNICAL, context=calm, proposal=proposed())
    blind = rules.vote(role=Role.RISK, context=calm, proposal=proposed(symbol="IBM"))

    assert technical.choice is Choice.ABSTAIN
    assert blind == ballot("abstain", "There is no price of IBM in the context.")
    assert replace(blind, reason="") == ballot("abstain", "")
