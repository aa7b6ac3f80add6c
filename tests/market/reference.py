"""Real material by others, kept beside a checkout, never in it; tests skip where it is absent."""

import csv
import gzip
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from market.domain.candles import Bar, Bars

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def rows_of(path):
    """The rows of a packed CSV; skips the test, with the reason, where the file is absent."""
    full = FOLDER / path
    if not full.exists():
        pytest.skip(f"the reference file {path} is not beside this checkout")
    with gzip.open(full, "rt") as text:
        return list(csv.DictReader(text))


def bars_in(path):
    """A file of candles as Bars."""
    return Bars.of(
        [
            Bar(
                datetime.fromisoformat(row["timestamp_utc"]),
                *(Decimal(row[name]) for name in ("open", "high", "low", "close", "volume")),
            )
            for row in rows_of(path)
        ]
    )


def column_in(path, name):
    """One column as floats; empty cells are NaN."""
    return np.array([float(row[name] or "nan") for row in rows_of(path)])
