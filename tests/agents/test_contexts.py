from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.domain.contexts import LookAhead, PastDecision, read, render
from tests.agents.builders import NOON, context, holding, known, symbol_view

LATER = NOON + timedelta(microseconds=1)


def test_a_context_is_read_back_as_the_very_value_that_was_rendered():
    past = PastDecision(NOON, "HOLD", "", "Quiet.")
    full = context(symbol_view("IBM"), symbol_view(), holdings=(holding(),), decisions=(past,))

    assert read(render(full)) == full
    assert render(read(render(full))) == render(full)


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=6),
    st.none() | st.decimals(-500, 500, places=2),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_numbers_and_texts_survive_the_text(price, change, title):
    view = symbol_view(title, last=price, day_change_pct=change, indicators=known(rsi=change))

    assert read(render(context(view))) == context(view)


def test_equal_contexts_have_one_text_whatever_digits_their_numbers_have():
    exact = context(symbol_view(last=Decimal("100.00")))

    assert render(exact) == render(context(symbol_view(last=Decimal(100))))


def test_every_price_is_stamped():
    text = render(context(symbol_view("AAPL"), symbol_view("IBM")))

    assert text.count('"as_of": "2005-03-01T17:00:00.000000+00:00"') == 3


@pytest.mark.parametrize(
    "late",
    [
        lambda: context(symbol_view(as_of=LATER)),
        lambda: context(decisions=(PastDecision(LATER, "HOLD", "", ""),)),
        lambda: context(holdings=(holding(opened_at=LATER),)),
    ],
)
def test_nothing_later_than_the_context_can_be_in_it(late):
    with pytest.raises(LookAhead, match="later than the context"):
        late()


def test_a_damaged_text_is_refused():
    with pytest.raises(ValidationError):
        read(render(context()).replace('"last": "100"', '"last": "dear"'))


def test_symbols_and_holdings_are_found_by_name():
    found = context(symbol_view("IBM"), holdings=(holding("IBM"),))

    assert found.symbol("IBM") == found.symbols[0]
    assert found.holding("IBM") == found.portfolio.holdings[0]
    assert found.symbol("AAPL") is None
    assert found.holding("AAPL") is None
    assert replace(found, as_of=LATER).as_of == LATER
