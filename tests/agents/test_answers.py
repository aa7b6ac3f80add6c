import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.domain.answers import Answer, Wish, parse_answer
from agents.domain.replies import LONGEST_REPLY, ParseProblem, Problem
from trading.domain.states import OrderType, RiskLevel

SYMBOLS = frozenset({"AAPL", "IBM"})
GOOD = {"decision": "buy", "symbol": "AAPL", "quantity": 10, "confidence": 0.7}


def parsed(text):
    return parse_answer(text, allowed_symbols=SYMBOLS)


def changed(**changes):
    return parsed(json.dumps(GOOD | changes))


def test_a_full_answer_keeps_every_part_and_every_digit():
    text = """{"decision": "buy", "symbol": "AAPL", "quantity": 12.50, "order_type": "market",
      "stop_loss": 30.10, "take_profit": "36.4", "confidence": 0.7255, "risk_assessment": "low",
      "strategy": "dip", "reasoning": "RSI 28."}"""

    answer = parsed(text)

    assert answer == Answer(
        decision=Wish.BUY,
        symbol="AAPL",
        quantity=Decimal("12.50"),
        order_type=OrderType.MARKET,
        stop_loss=Decimal("30.10"),
        take_profit=Decimal("36.4"),
        confidence=Decimal("0.726"),
        risk_assessment=RiskLevel.LOW,
        strategy="dip",
        reasoning="RSI 28.",
    )
    assert str(answer.quantity) == "12.50"


@pytest.mark.parametrize(
    "wrapped",
    [
        "{}",
        "```json\n{}\n```",
        "```json\n{}",
        "For {{symbol}} the range is {{low}}-{{high}}. So: {} That is all.",
        '<think>Perhaps {{"decision": "sell"}}?</think>\n{}',
        "so I thought</THINK> {}",
        "<decision>[{}]</decision>",
        "{0} I repeat: {0}",
    ],
)
def test_the_object_is_found_in_what_models_write_around_it(wrapped):
    text = wrapped.format(json.dumps(GOOD)) if wrapped != "{}" else json.dumps(GOOD)

    answer = parsed(text)

    assert isinstance(answer, Answer)
    assert (answer.decision, answer.quantity) == (Wish.BUY, Decimal(10))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" \n\t ", Problem.EMPTY),
        ("x" * (LONGEST_REPLY + 1), Problem.TOO_LONG),
        ('<think>Let me see. {"decision": "buy"}', Problem.UNFINISHED),
        ("Rating: do not buy yet", Problem.NO_JSON),
        ("FINAL PROPOSAL: **BUY/HOLD/SELL**", Problem.NO_JSON),
        ("{'decision': 'buy'}", Problem.NO_JSON),
        ('{"decision": "buy", "reasoning": "RSI 28 and risin', Problem.BROKEN_JSON),
        ('{"decision": "buy", "quantity": 10,000}', Problem.BROKEN_JSON),
        ('{"orders": [{"decision": "buy"}], oops', Problem.BROKEN_JSON),
        ('{"decision": "hold", "decision": "buy"}', Problem.DUPLICATE_KEY),
        ('{"decision": "buy", "quantity": NaN}', Problem.NOT_A_NUMBER),
        ('{"decision": "buy", "quantity": -Infinity}', Problem.NOT_A_NUMBER),
        ('{"decision": "buy"} or {"decision": "sell"}', Problem.CONTRADICTION),
        ('{"name": "place_order", "arguments": {"decision": "buy"}}', Problem.MISSING),
        ('{"a":' * 9_000, Problem.TOO_DEEP),
        ('{"a":' * 8_000 + "1" + "}" * 8_000, Problem.TOO_DEEP),
    ],
)
def test_what_is_no_single_clear_object_is_refused_by_name(text, code):
    problem = parsed(text)

    assert isinstance(problem, ParseProblem)
    assert problem.code is code
    assert problem.sentence.endswith(".")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decision": "open_long"}, Problem.UNKNOWN_WORD),
        ({"decision": "buy/sell"}, Problem.UNKNOWN_WORD),
        ({"decision": 1}, Problem.WRONG_TYPE),
        ({"decision": None}, Problem.MISSING),
        ({"symbol": None}, Problem.MISSING),
        ({"symbol": ["AAPL"]}, Problem.WRONG_TYPE),
        ({"symbol": "\u0410\u0410PL"}, Problem.UNKNOWN_SYMBOL),
        ({"quantity": None}, Problem.MISSING),
        ({"quantity": True}, Problem.WRONG_TYPE),
        ({"quantity": "10%"}, Problem.WRONG_TYPE),
        ({"quantity": "5-10"}, Problem.WRONG_TYPE),
        ({"quantity": {"shares": 3}}, Problem.WRONG_TYPE),
        ({"quantity": 0}, Problem.OUT_OF_RANGE),
        ({"quantity": -3}, Problem.OUT_OF_RANGE),
        ({"quantity": 1e300}, Problem.OUT_OF_RANGE),
        ({"quantity": 1e-30}, Problem.OUT_OF_RANGE),
        ({"confidence": None}, Problem.MISSING),
        ({"confidence": 172}, Problem.OUT_OF_RANGE),
        ({"confidence": "72%"}, Problem.WRONG_TYPE),
        ({"risk_assessment": "extreme"}, Problem.UNKNOWN_WORD),
        ({"order_type": "limit"}, Problem.MISSING),
        ({"order_type": "stop"}, Problem.UNKNOWN_WORD),
        (
            {"order_type": "limit", "limit_price": 30, "stop_loss": 30},
            Problem.OUT_OF_RANGE,
        ),
        ({"limit_price": 30}, Problem.UNSUPPORTED),
        ({"trailing_pct": 100}, Problem.OUT_OF_RANGE),
        ({"trailing_pct": 0.0001}, Problem.OUT_OF_RANGE),
        ({"decision": "sell", "trailing_pct": 5}, Problem.UNSUPPORTED),
        ({"stop_loss": 0}, Problem.OUT_OF_RANGE),
        ({"stop_loss": 40, "take_profit": 30}, Problem.OUT_OF_RANGE),
        ({"reasoning": ["because"]}, Problem.WRONG_TYPE),
    ],
)
def test_a_part_that_is_wrong_is_refused_by_name(changes, code):
    problem = changed(**changes)

    assert isinstance(problem, ParseProblem)
    assert problem.code is code


def test_a_limit_order_without_its_price_is_refused_with_what_to_do():
    assert changed(order_type="limit").sentence == (
        '"limit_price" is missing; a limit order needs one.'
    )


def test_a_limit_order_has_its_price_and_what_is_bought_may_trail():
    answer = changed(order_type="limit", limit_price=31.5, trailing_pct="2.50049")

    assert (answer.order_type, answer.limit_price) == (OrderType.LIMIT, Decimal("31.5"))
    assert answer.trailing_pct == Decimal("2.500")
    assert not answer.adjusts


@pytest.mark.parametrize(
    ("exits", "adjusts"),
    [
        ({"symbol": "AAPL", "stop_loss": 30}, True),
        ({"symbol": "AAPL", "trailing_pct": 3}, True),
        ({"symbol": "AAPL"}, False),
        ({"symbol": None, "stop_loss": 30}, False),
    ],
)
def test_a_hold_that_names_a_symbol_and_exits_moves_them(exits, adjusts):
    assert changed(decision="hold", **exits).adjusts is adjusts


def test_an_exponent_beyond_all_floats_is_out_of_range():
    assert parsed(json.dumps(GOOD).replace("10", "1e999")).code is Problem.OUT_OF_RANGE


def test_a_hold_needs_no_symbol_and_no_size():
    answer = parsed('{"decision": "HOLD", "symbol": "", "confidence": 1, "quantity": "all"}')

    assert answer == parsed('{"decision": "hold", "confidence": 1}')
    assert (answer.decision, answer.symbol, answer.quantity) == (Wish.HOLD, "", Decimal(0))


def test_hidden_characters_and_what_no_database_holds_are_dropped_from_reasons():
    answer = changed(reasoning="up\u200b\u202e \ud83d\x00now", strategy="d" * 60)

    assert answer.reasoning == "up now"
    assert answer.strategy == "d" * 39 + "…"


def test_symbols_are_read_in_any_case():
    assert changed(symbol=" ibm ").symbol == "IBM"


@given(st.text())
@example('{"decision"')
@example('{"decision": "buy", "confidence": "1"}')
def test_any_text_gives_an_answer_or_a_named_problem(text):
    assert isinstance(parsed(text), Answer | ParseProblem)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "stop_loss", "take_profit"]), VALUES))
def test_any_object_gives_an_answer_within_bounds_or_a_named_problem(changes):
    answer = parsed(json.dumps(GOOD | changes))

    if isinstance(answer, Answer):
        assert answer.symbol in SYMBOLS | {""}
        assert 0 <= answer.confidence <= 1
        assert answer.quantity.is_finite()
        assert (answer.quantity > 0) == (answer.decision is not Wish.HOLD)
