import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.processes.logs import LineAssembler, Terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class ClosedTerminal(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def pieces_of(content: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    return [content[start:end] for start, end in pairwise(places)]


@given(
    lines=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))),
    cuts=st.lists(st.integers(min_value=0)),
)
def test_lines_are_the_same_however_their_bytes_are_cut(lines, cuts):
    content = "".join(f"{line}\n" for line in lines).encode()
    assembler = LineAssembler()

    found = [line for piece in pieces_of(content, cuts) for line in assembler.feed(piece)]

    assert found + assembler.finish() == lines


def test_a_last_line_without_an_end_is_not_lost():
    assembler = LineAssembler()

    whole = assembler.feed(b"first\nsec")

    assert (whole, assembler.finish(), assembler.finish()) == (["first"], ["sec"], [])


def test_a_line_that_never_ends_is_cut():
    assembler = LineAssembler()

    found = assembler.feed(b"x" * 70_000)

    assert [len(line) for line in found] == [70_000]
    assert assembler.finish() == []


def test_bytes_that_are_no_text_are_shown_as_unknown():
    assert LineAssembler().feed(b"caf\xe9\n") == ["caf\ufffd"]


def test_a_screen_gets_the_childs_colour():
    screen = Screen()

    Terminal(stream=screen, environment={}).write(name="web", line="up", colour="36")

    assert screen.getvalue() == "\x1b[36mweb      |\x1b[0m up\n"


@pytest.mark.parametrize(
    ("stream", "environment"), [(Screen(), {"NO_COLOR": "1"}), (io.StringIO(), {})]
)
def test_without_a_screen_or_with_no_color_nothing_is_coloured(stream, environment):
    terminal = Terminal(stream=stream, environment=environment)

    terminal.write(name="web", line="\x1b[31mred\x1b[0m", colour="36")

    assert stream.getvalue() == "web      | red\n"


def test_a_line_cannot_speak_to_the_terminal():
    screen = Screen()
    hostile = "\x1b]0;title\x07\x1b[2J\x1b[1;32mgreen\rover\x9b5A\ttab"

    Terminal(stream=screen, environment={}).write(name="web", line=hostile, colour="36")

    line = screen.getvalue().partition(" | ")[2] or screen.getvalue()
    assert r"\x1b]0;title\x07\x1b[2J" in line
    assert "\x1b[1;32mgreen\\x0dover\\x9b5A\ttab\x1b[0m\n" in line


def test_a_terminal_that_was_closed_ends_the_lines_and_nothing_else():
    terminal = Terminal(stream=ClosedTerminal(), environment={})

    terminal.write(name="web", line="one")
    terminal.write(name="web", line="two")
