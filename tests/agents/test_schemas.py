"""The form that services are told, against the parsers that have the word."""

import json

import pytest

from agents.domain.answers import parse_answer
from agents.domain.ballots import parse_ballot
from agents.domain.replies import ParseProblem
from agents.domain.schemas import reply_schema
from agents.domain.states import Purpose
from tests.agents.floor import APPROVE, BUY, HOLD, REJECT


def fits(value, schema):
    """Whether a value has the form, for the few words of JSON Schema that are used."""
    if "anyOf" in schema:
        return any(fits(value, each) for each in schema["anyOf"])
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds = {"string": (str,), "number": (int, float), "null": (type(None),)}
    return isinstance(value, kinds[schema["type"]])


def example(purpose, **changes):
    """A reply of the form: every field, from the first that each allows."""
    properties = reply_schema(purpose)["properties"]
    return {name: _first(schema) for name, schema in properties.items()} | changes


def _first(schema):
    if "anyOf" in schema:
        return None
    return schema.get("enum", [{"string": "AAPL", "number": 0.5}[schema["type"]]])[0]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_form_is_closed_and_asks_for_every_field(purpose):
    schema = reply_schema(purpose)

    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])
    assert json.loads(json.dumps(schema)) == schema


def test_words_are_the_ones_that_the_parser_knows():
    answer, ballot = reply_schema(Purpose.DECIDE), reply_schema(Purpose.VOTE)

    assert answer["properties"]["decision"]["enum"] == ["buy", "sell", "hold"]
    assert answer["properties"]["order_type"]["enum"] == ["market", "limit"]
    assert answer["properties"]["stop_loss"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}
    assert ballot["properties"]["choice"]["enum"] == ["approve", "reject", "abstain"]
    assert ballot["properties"]["veto"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_what_has_the_form_can_be_parsed():
    answer = json.dumps(example(Purpose.DECIDE))
    ballot = json.dumps(example(Purpose.VOTE))

    assert not isinstance(parse_answer(answer, allowed_symbols={"AAPL"}), ParseProblem)
    assert not isinstance(parse_ballot(ballot), ParseProblem)


@pytest.mark.parametrize(
    ("purpose", "reply"),
    [
        (Purpose.DECIDE, BUY),
        (Purpose.DECIDE, HOLD),
        (Purpose.VOTE, APPROVE),
        (Purpose.VOTE, REJECT | {"veto": "NO_STOP"}),
    ],
)
def test_what_agents_say_in_tests_has_the_form(purpose, reply):
    properties = reply_schema(purpose)["properties"]

    assert all(fits(value, properties[name]) for name, value in reply.items())
