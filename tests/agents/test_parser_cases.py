"""Model answers as they come: fenced, in prose, cut off, contradicting, hostile."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from agents.domain.answers import Answer, parse_answer
from agents.domain.replies import ParseProblem

CASES = Path(__file__).parents[3] / "shared" / "data" / "split" / "parser_cases_dev.json"
NAMES = {"action": "decision", "size_pct": "quantity", "reason": "reasoning"}


def load():
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"{CASES} is not here"))]
    return [pytest.param(case, id=case["name"]) for case in json.loads(CASES.read_text())["cases"]]


def in_our_words(text):
    """The neutral form's keys as ours; its size stands for a quantity, number for number."""
    for theirs, ours in NAMES.items():
        text = text.replace(f'"{theirs}"', f'"{ours}"').replace(f'\\"{theirs}\\"', f'\\"{ours}\\"')
    return text


def agrees(answer, expected):
    """Whether the answer is exactly what the case expects, part by part."""
    if isinstance(expected, list) or expected is None:
        return False
    wanted = {NAMES.get(name, name): value for name, value in expected.items()}
    return all(
        Decimal(str(value)) == getattr(answer, name)
        if isinstance(value, int | float)
        else value == getattr(answer, name).lower() or value == getattr(answer, name)
        for name, value in wanted.items()
    )


@pytest.mark.parametrize("case", load())
def test_a_recorded_answer_comes_out_as_it_says(case):
    symbols = frozenset({"BTC/USDT", "ETH/USDT"})

    answer = parse_answer(in_our_words(case["input"]), allowed_symbols=symbols)

    if case["outcome"] == "decision":
        assert isinstance(answer, Answer), answer
        assert agrees(answer, case["expected"])
    elif case["outcome"] == "reject":
        assert isinstance(answer, ParseProblem)
    else:
        assert isinstance(answer, ParseProblem) or agrees(answer, case["expected"])
