"""Which denials a person may override."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.checks import OVERRIDABLE, Code
from trading.domain.overrides import SHORTEST_REASON, NotOverridden, refusal

WHY = "The board agreed to this one"
codes = st.sampled_from([code.value for code in Code])


@pytest.mark.parametrize(
    "code",
    ["HALT_STATE", "BUYING_POWER", "UNRESOLVED", "STALE_PRICE", "AGENT_TRADING_ENABLED", "READY"],
)
def test_some_checks_are_never_overridden(code):
    found = refusal(approved=False, denials=[code], code=code, reason=WHY)

    assert found is NotOverridden.NEVER


@given(st.booleans(), st.lists(codes, max_size=4), codes, st.text(max_size=20))
def test_only_what_was_denied_may_pass_and_only_with_a_reason(approved, denials, code, reason):
    found = refusal(approved=approved, denials=denials, code=code, reason=reason)

    may = not approved and code in denials and Code(code) in OVERRIDABLE
    assert (found is None) == (may and len(reason.strip()) >= SHORTEST_REASON)
