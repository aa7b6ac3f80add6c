"""What is worked out before it is shown: sentences, gauges, bars, paces."""

from decimal import Decimal

import pytest

from trading.domain.checks import Code
from tradingfarm.pages.dashboard.clock import pace
from tradingfarm.pages.dashboard.numbers import use_of
from tradingfarm.pages.dashboard.positions import gauge_of
from tradingfarm.pages.dashboard.refusals import SENTENCES, sentences_of


def test_every_code_of_the_gate_has_a_sentence() -> None:
    assert set(SENTENCES) == {code.value for code in Code}


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_carries_the_number_that_was_stored(code: str) -> None:
    check = {"code": code, "number": "NUMBER", "limit": "LIMIT", "passed": False}

    (sentence,) = sentences_of(denials=[code], checks=[check])

    assert sentence.endswith(".")
    assert "{" not in sentence
    assert ("NUMBER" in sentence) == ("{number}" in SENTENCES[code])


def test_a_code_of_a_later_release_is_still_readable() -> None:
    assert sentences_of(denials=["MOON_PHASE"], checks=[]) == ("Refused: moon phase.",)


def test_a_gauge_orders_its_prices_between_stop_and_target() -> None:
    gauge = gauge_of(stop=Decimal(90), target=Decimal(120), entry=Decimal(100), last=Decimal(110))

    assert gauge is not None
    assert gauge.stop is not None
    assert gauge.target is not None
    assert 0 <= gauge.stop < gauge.entry < gauge.last < gauge.target <= 100


def test_a_gauge_holds_a_price_that_fell_through_the_stop() -> None:
    gauge = gauge_of(stop=Decimal(90), target=None, entry=Decimal(100), last=Decimal(70))

    assert gauge is not None
    assert gauge.stop is not None
    assert 0 <= gauge.last < gauge.stop < gauge.entry <= 100


def test_a_gauge_of_equal_prices_is_drawn_in_the_middle() -> None:
    price = Decimal(100)

    gauge = gauge_of(stop=price, target=None, entry=price, last=price)

    assert gauge is not None
    assert gauge.last == gauge.entry == 50


def test_nothing_protects_what_has_neither_stop_nor_target() -> None:
    assert gauge_of(stop=None, target=None, entry=Decimal(1), last=Decimal(1)) is None


@pytest.mark.parametrize(
    ("used", "limit", "percent", "level"),
    [
        ("0", "100", 0, "calm"),
        ("59.9", "100", 59, "calm"),
        ("60", "100", 60, "watch"),
        ("90", "100", 90, "full"),
        ("250", "100", 100, "full"),
        ("0", "0", 0, "calm"),
        ("1", "0", 100, "full"),
    ],
)
def test_the_use_of_a_limit_has_three_levels(
    used: str, limit: str, percent: int, level: str
) -> None:
    use = use_of(used=Decimal(used), limit=Decimal(limit))

    assert (use.percent, use.level) == (percent, level)


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        ("4", "1 day a second"),
        ("2", "0.5 days a second"),
        ("40", "10 days a second"),
        ("0", "as fast as the farm keeps up"),
    ],
)
def test_a_replays_speed_is_told_in_days(speed: str, words: str) -> None:
    assert pace(Decimal(speed)) == words
