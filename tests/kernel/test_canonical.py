"""Equal values have equal text, whoever wrote them down."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.kernel.canonical import canonical, digest, payload_of


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    ONE = 1


class Plain(Enum):
    PAIR = (1, "x")


class Mixed(str, Enum):  # noqa: UP042 - as Django's own choices are made
    ONE = "one"


@dataclass(frozen=True)
class Point:
    x: Decimal
    on: date | None = None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (12, "12"),
        ("é\n", '"é\\n"'),
        (Decimal("1.500"), '"1.5"'),
        (Decimal("1E+2"), '"100"'),
        (date(2001, 3, 7), '"2001-03-07"'),
        (time(9, 30), '"09:30:00"'),
        (datetime(2001, 3, 7, 15, 30, tzinfo=UTC), '"2001-03-07T15:30:00.000000+00:00"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Word.ONE, '"one"'),
        (Mixed.ONE, '"one"'),
        (Number.ONE, "1"),
        (Plain.PAIR, '[1,"x"]'),
        ((1, [2, "3"]), '[1,[2,"3"]]'),
        ({"b", "a"}, '["a","b"]'),
        (frozenset({Decimal("2.0")}), '["2"]'),
        ({"b": 1, "a": Word.ONE}, '{"a":"one","b":1}'),
        ({Word.ONE: 1, Mixed.ONE: 2}, '{"one":2}'),
        ({Decimal("1.0"): UUID(int=0)}, '{"1":"00000000-0000-0000-0000-000000000000"}'),
        (Point(Decimal("0.10")), '{"on":null,"x":"0.1"}'),
        ([Point(Decimal(1), date(2001, 1, 1))], '[{"on":"2001-01-01","x":"1"}]'),
    ],
)
def test_values_have_one_text(value, text):
    assert canonical(value) == text


@pytest.mark.parametrize("value", [0.1, float("nan"), b"x", object(), Point, {"deep": [1.0]}])
def test_what_has_no_single_text_is_refused(value):
    with pytest.raises(TypeError, match="no canonical text"):
        canonical(value)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(TypeError, match="no time zone"):
        canonical(datetime(2001, 3, 7, 15, 30))  # noqa: DTZ001 - that is what is refused


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-12, 12))
def test_a_moment_has_the_same_text_in_every_zone(moment, hours):
    try:
        elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
    except OverflowError:
        return

    assert canonical(elsewhere) == canonical(moment)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.integers(0, 6))
def test_equal_decimals_have_the_same_text(value, zeros):
    longer = Decimal(f"{value:f}" + "0" * zeros)

    assert longer == value
    assert canonical(longer) == canonical(value)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(places=3, allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_the_text_is_json_and_the_same_for_reordered_keys(value):
    json.loads(canonical(value))
    if isinstance(value, dict):
        assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_a_digest_is_the_sha256_of_the_text():
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest({"a": 1}) != digest({"a": "1"})


def test_the_payload_is_read_back_from_an_entry():
    assert payload_of(canonical({"kind": "k", "payload": {"price": Decimal("1.50")}})) == {
        "price": "1.5"
    }
