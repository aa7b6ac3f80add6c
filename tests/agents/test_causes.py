from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.causes import LONGEST_KEY, Cause, cause_key, execution_id

ACCOUNT, TEAM = UUID(int=1), UUID(int=2)


def test_causes_of_one_moment_make_one_readable_key_in_any_order():
    dip, noon = Cause("price:b", "price", "AAPL falls"), Cause("time:a", "time", "Noon")

    assert cause_key([noon, dip]) == cause_key([dip, noon, dip]) == "price:b + time:a"


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_key_is_never_too_long_and_long_ones_stay_different(keys):
    causes = [Cause(key, "price", "") for key in keys]
    longer = [Cause(key + "x" * 300, "price", "") for key in keys]

    assert len(cause_key(causes)) <= LONGEST_KEY
    assert len(cause_key(longer)) == LONGEST_KEY
    assert cause_key(longer) != cause_key([*longer, Cause("another" * 50, "time", "")])


def test_without_a_cause_nothing_wakes():
    with pytest.raises(ValueError, match="at least one cause"):
        cause_key([])


def test_the_same_cause_on_the_same_account_has_the_same_id():
    first = execution_id(account_id=ACCOUNT, team_id=TEAM, key="noon")

    assert first == execution_id(account_id=ACCOUNT, team_id=TEAM, key="noon")
    assert first != execution_id(account_id=ACCOUNT, team_id=TEAM, key="dawn")
    assert first != execution_id(account_id=TEAM, team_id=TEAM, key="noon")


def test_a_stored_cause_keeps_its_evidence():
    cause = Cause("k", "price", "AAPL falls", "AAPL", {"last": "31.2"})

    assert cause.plain() == {
        "key": "k",
        "kind": "price",
        "title": "AAPL falls",
        "symbol": "AAPL",
        "evidence": {"last": "31.2"},
    }
