from decimal import Decimal

import pytest

from agents.domain.ballots import Ballot, parse_ballot
from agents.domain.replies import ParseProblem, Problem
from agents.domain.states import Choice


def test_an_approval_may_ask_for_a_smaller_size_and_a_tighter_stop():
    text = '{"choice": "approve", "reason": "Fine.", "quantity": 10, "stop_loss": "9.5"}'

    assert parse_ballot(text) == Ballot(Choice.APPROVE, "Fine.", Decimal(10), Decimal("9.5"))


def test_a_rejection_may_be_a_veto_and_asks_for_nothing():
    text = '{"choice": "reject", "reason": "Wild.", "quantity": 5, "veto": "VOLATILITY_TOO_HIGH"}'

    assert parse_ballot(text) == Ballot(Choice.REJECT, "Wild.", veto="VOLATILITY_TOO_HIGH")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I approve.", Problem.NO_JSON),
        ('{"choice": "yes"}', Problem.UNKNOWN_WORD),
        ('{"choice": "approve", "quantity": -1}', Problem.OUT_OF_RANGE),
        ('{"choice": "approve", "veto": "NO_STOP"}', Problem.CONTRADICTION),
        ('{"choice": "reject", "veto": "I do not like it"}', Problem.UNKNOWN_WORD),
        ('{"choice": "approve"} {"choice": "reject"}', Problem.CONTRADICTION),
    ],
)
def test_what_is_no_clear_ballot_is_refused_by_name(text, code):
    problem = parse_ballot(text)

    assert isinstance(problem, ParseProblem)
    assert problem.code is code
