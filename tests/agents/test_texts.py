from hypothesis import given
from hypothesis import strategies as st

from agents.domain.texts import clean, storable


def test_lines_and_tabs_stay_and_ends_are_trimmed():
    assert clean("  one\n\ttwo  ") == "one\n\ttwo"


@given(st.text(), st.integers(1, 20))
def test_cleaned_text_is_short_enough_and_cleaning_it_again_changes_nothing(text, longest):
    cleaned = clean(text, longest=longest)

    assert len(cleaned) <= longest
    assert clean(cleaned, longest=longest) == cleaned


@given(st.text(st.characters()))
def test_storable_text_can_be_encoded_and_holds_no_nul(text):
    assert b"\x00" not in storable(text).encode()
