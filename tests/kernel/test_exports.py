"""Files for spreadsheets: numbers stay numbers, and no text becomes a formula."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.kernel.exports import cell, csv_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Decimal("-148.000000000000000000"), "-148"),
        (Decimal("1E+3"), "1000"),
        (-7, "-7"),
        ("plain", "plain"),
        ("a-b", "a-b"),
        (datetime(2026, 1, 5, 12, tzinfo=UTC), "2026-01-05T12:00:00.000000+00:00"),
    ],
)
def test_a_value_is_written_as_it_is(value, text):
    assert cell(value) == text


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\N{NO-BREAK SPACE}=1",
        "\N{FULLWIDTH EQUALS SIGN}1",
    ],
)
def test_a_formula_becomes_text(text):
    assert cell(text) == f"'{text}"


@given(st.text())
def test_no_text_ever_begins_like_a_formula(text):
    assert not cell(text).lstrip().startswith(("=", "+", "-", "@"))


CELL = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.lists(CELL, min_size=2, max_size=2)))
def test_a_reader_gets_the_cells_back(rows):
    text = csv_text(rows)

    # Without universal newlines, as files are to be opened for csv.
    found = list(csv.reader(io.StringIO(text, newline="")))

    assert found == [[cell(value) for value in row] for row in rows]
