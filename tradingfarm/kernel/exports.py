"""Rows as files for spreadsheets and programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from tradingfarm.kernel.canonical import moment
from tradingfarm.kernel.money import plain

FORMULA = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
FORMULA_TOO = ("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")


def cell(value: object) -> str:
    """A value as a spreadsheet's cell: plain numbers, UTC times, and text that is never a formula.

    Text that a spreadsheet would calculate gets an apostrophe in front. Numbers keep their minus.
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return moment(value)
    text = str(value)
    if isinstance(value, int | float):
        return text
    starts = text.lstrip().startswith(FORMULA + FORMULA_TOO) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if starts else text


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Lines of RFC 4180, each value through `cell`."""
    text = io.StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()
