"""How amounts, prices and times look."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as Xml

import pytest
from django.contrib.staticfiles import finders
from django.template import Context

from tradingfarm.templatetags import farm

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("100000", "100,000.00"),
        ("1234567.895", "1,234,567.90"),
        ("-0.001", "0.00"),
        ("-1234.5", "\N{MINUS SIGN}1,234.50"),
        ("0.000000000000000001", "0.00"),
    ],
)
def test_money_has_two_places_and_separated_thousands(value: str, shown: str) -> None:
    assert farm.money(Decimal(value)) == shown


def test_an_amount_that_is_not_known_is_a_dash() -> None:
    assert farm.money(None) == farm.stepped(None, Decimal(1)) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "step", "shown"),
    [
        ("1200", "1", "1,200"),
        ("0.5", "0.00010000", "0.5000"),
        ("40.3199999", "0.01", "40.32"),
        ("1200", "100", "1,200"),
        ("7", "0.000000000000000001", "7.000000000000000000"),
    ],
)
def test_a_price_is_as_precise_as_its_step(value: str, step: str, shown: str) -> None:
    assert farm.stepped(Decimal(value), Decimal(step)) == shown


@pytest.mark.parametrize(
    ("value", "way", "shown"),
    [
        ("896", "up", "▲</span>+896.00"),
        ("-653.724", "down", "▼</span>\N{MINUS SIGN}653.72"),
        ("0", "flat", "</span>0.00"),
        ("-0.004", "flat", "</span>0.00"),
    ],
)
def test_a_profit_has_sign_arrow_and_colour(value: str, way: str, shown: str) -> None:
    drawn = farm.pnl(Decimal(value))

    assert f'class="pnl {way}"' in drawn
    assert shown in drawn


def test_a_time_is_in_the_accounts_zone_and_names_utc() -> None:
    moment = datetime(2005, 7, 1, 0, 30, tzinfo=UTC)

    drawn = farm.moment(Context(), moment, "America/New_York")

    assert ">30 Jun 2005, 20:30</time>" in drawn
    assert 'title="2005-07-01 00:30:00 UTC"' in drawn
    assert 'datetime="2005-07-01T00:30:00+00:00"' in drawn


@pytest.mark.parametrize(
    ("present", "shown"),
    [
        (datetime(2005, 12, 1, tzinfo=UTC), "30 Jun, 20:30"),
        (datetime(2006, 1, 1, 2, tzinfo=UTC), "30 Jun, 20:30"),  # still 2005 in New York
        (datetime(2006, 1, 2, tzinfo=UTC), "30 Jun 2005, 20:30"),
        (None, "30 Jun 2005, 20:30"),
    ],
)
def test_a_short_time_names_its_year_where_the_market_has_another(
    present: datetime | None, shown: str
) -> None:
    page = SimpleNamespace(clock=SimpleNamespace(as_of=present))
    moment = datetime(2005, 7, 1, 0, 30, tzinfo=UTC)

    drawn = farm.moment(
        Context({"frame": SimpleNamespace(page=page)}), moment, "America/New_York", "short"
    )

    assert f">{shown}</time>" in drawn


def test_an_unknown_colour_or_icon_cannot_leave_its_place() -> None:
    assert farm.agent_class('red" onload="x') == "agent-none"
    assert farm.agent_icon("../../secret") == "robot"


def test_every_icon_that_is_named_is_drawn() -> None:
    found = finders.find("icons.svg")
    assert isinstance(found, str)
    templates = [path.read_text() for path in (ROOT / "templates").rglob("*.html")]
    named = {name for text in templates for name in re.findall(r'{% icon "([a-z-]+)"', text)}

    drawn = {each.get("id") for each in Xml.fromstring(Path(found).read_text())}

    assert named
    assert drawn >= farm.ICONS | named
