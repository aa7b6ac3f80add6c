"""No event is recorded whose kind a person cannot read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from trading.domain.states import TERMINAL, ConfirmationState
from tradingfarm.pages.journal.kinds import WORDS, kind_words
from tradingfarm.pages.risk.timeline import LOOKS

ROOT = Path(__file__).resolve().parents[2]
APPS = ("agents", "market", "trading", "triggers", "tradingfarm")
KIND = re.compile(r"[a-z]+(\.[a-z_]+)+")
STREAMS = {kind.partition(".")[0] for kind in WORDS}
MADE = {
    "order.": {state.value.lower() for state in TERMINAL},
    "risk.": {state.value.lower() for state in set(ConfirmationState) - {"WAITING"}},
}
"""Kinds that are put together where they are recorded, by what they begin with."""


def sources() -> Iterator[ast.Module]:
    """What may record: all of the product but its pages, which only read."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts and "pages" not in path.parts:
                yield ast.parse(path.read_text())


def written() -> Iterator[str]:
    """Every text that looks like a kind, whole or as the beginning of one."""
    for module in sources():
        for node in ast.walk(module):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield str(node.values[0].value)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def named() -> set[str]:
    """What is handed over as `kind`, whatever it begins with."""
    calls = (node for module in sources() for node in ast.walk(module) if is_call(node))
    values = [
        keyword.value for call in calls for keyword in call.keywords if keyword.arg == "kind"
    ]
    texts = {str(value.value) for value in values if isinstance(value, ast.Constant)}
    return {text for text in texts if KIND.fullmatch(text)}


def is_call(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call)


def recorded() -> set[str]:
    found = named()
    for text in written():
        if text in MADE:
            found |= {f"{text}{end}" for end in MADE[text]}
        elif KIND.fullmatch(text) and text.partition(".")[0] in STREAMS:
            found.add(text)
    return found


def test_every_kind_that_is_recorded_has_words() -> None:
    assert recorded() - set(WORDS) == set()


def test_no_kind_is_put_together_without_being_named_here() -> None:
    beginnings = {text for text in written() if re.fullmatch(r"[a-z]+\.", text)}

    assert {text for text in beginnings if text[:-1] in STREAMS} - set(MADE) <= KNOWN_PREFIXES


KNOWN_PREFIXES = {"account.", "agent.", "execution.", "permission.", "protection.", "session."}
"""By which events are looked for."""


def test_words_are_of_kinds_that_there_are() -> None:
    assert set(WORDS) - recorded() <= {"agent.reasoning"}  # named in advance for models that think


def test_alerts_and_the_timeline_are_of_kinds_that_there_are() -> None:
    assert set(LOOKS) <= set(WORDS)


def test_a_kind_of_a_later_release_is_still_readable() -> None:
    assert kind_words("moon.phase_changed") == "Phase changed"
