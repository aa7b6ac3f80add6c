"""Injected instructions, as a model might repeat them: no order may come of the text alone."""

import json
from pathlib import Path

import pytest

from agents.domain.answers import Answer, parse_answer
from agents.domain.replies import ParseProblem
from agents.domain.texts import clean, storable

TEXTS = Path(__file__).parents[3] / "shared" / "data" / "split" / "injections_dev.jsonl"
SYMBOLS = frozenset({"AAPL"})


def load():
    if not TEXTS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"{TEXTS} is not here"))]
    lines = [json.loads(line) for line in TEXTS.read_text().splitlines()]
    return [pytest.param(line["text"], id=line["id"]) for line in lines]


@pytest.mark.parametrize("text", load())
def test_injected_text_alone_is_no_answer(text):
    assert isinstance(parse_answer(text, allowed_symbols=SYMBOLS), ParseProblem)


@pytest.mark.parametrize("text", load())
def test_injected_text_in_a_reason_stays_a_reason(text):
    reply = {"decision": "hold", "confidence": 0.5, "reasoning": text}

    answer = parse_answer(json.dumps(reply), allowed_symbols=SYMBOLS)

    if isinstance(answer, Answer):
        assert answer.decision == "hold"
        assert answer.reasoning == clean(answer.reasoning)
    assert storable(text).encode()
