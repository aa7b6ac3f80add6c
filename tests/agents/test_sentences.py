from decimal import Decimal

import pytest

from agents.domain.rules.wording import shown
from agents.domain.sentences import (
    approved_words,
    decision_words,
    denied_words,
    order_words,
    proposal_words,
    silence_words,
    vote_words,
)
from agents.domain.states import Outcome
from agents.domain.voting import Counts
from tests.agents.builders import ballot, proposed
from trading.domain.states import Side


def test_an_order_is_said_as_people_say_it():
    assert order_words(proposed()) == "buy 90 AAPL, stop 96, target 106"
    bare = proposed(side=Side.SELL, stop_loss=None, take_profit=None)
    assert proposal_words(bare, reasoning="") == "Sell 90 AAPL. No reason was given."
    limited = {"limit_price": Decimal("31.50"), "stop_loss": None, "take_profit": None}
    assert order_words(proposed(**limited)) == "buy 90 AAPL at 31.5 at most"
    trailing = proposed(side=Side.SELL, **limited, trailing_pct=Decimal(5))
    assert order_words(trailing) == "sell 90 AAPL at 31.5 at least, trailing by 5 %"


def test_a_vote_says_what_it_asks_for():
    narrowing = ballot(quantity=Decimal(40), stop_loss=Decimal(97))

    assert vote_words(narrowing) == "Approve with size 40 and stop 97. Because."
    assert vote_words(ballot("reject", "Wild.", veto="NO_STOP")) == "Veto NO_STOP. Wild."
    assert vote_words(ballot("abstain", "")) == "Abstain. No reason was given."
    assert silence_words("No ballot arrived in time.") == "Abstain. No ballot arrived in time."


def test_a_decision_says_count_order_and_reasons():
    counts = Counts(approvals=3, rejections=1)

    assert decision_words(Outcome.APPROVED, counts, proposed(), ["3 of 4 approve."]) == (
        "Approved: 3 for, 1 against, 0 abstaining. Decided: buy 90 AAPL, stop 96, target 106."
        " 3 of 4 approve."
    )
    assert decision_words(Outcome.NO_QUORUM, counts, None, ["No."]).startswith("No quorum: 3 for")


def test_the_gate_is_quoted_with_its_numbers():
    assert approved_words(side="buy", quantity=Decimal("90.0"), symbol="AAPL") == (
        "The risk gate approved: buy 90 AAPL goes to the exchange."
    )
    assert denied_words([("DAILY_ENTRIES", "10", "10"), ("DAILY_LOSS", "501", "500")]) == (
        "The risk gate denied the order. DAILY_ENTRIES: 10 against 10;"
        " DAILY_LOSS: 501 against 500."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [("1234567.899", "1,234,567.9"), ("-0.001", "0"), ("-1500", "-1,500"), ("0.5", "0.5")],
)
def test_numbers_are_shown_as_people_write_them(value, text):
    assert shown(Decimal(value)) == text
