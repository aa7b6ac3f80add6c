"""A request that waits for a person is read back from its JSON exactly, whatever it says."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from trading.domain.requests import OrderRequest, request_from
from trading.domain.states import OrderType, RiskLevel, Side, Source, TimeInForce
from tradingfarm.kernel.canonical import canonical

amounts = st.decimals(min_value="0.00000001", max_value=10**12, places=8)
maybe = st.one_of(st.none(), amounts)
requests = st.builds(
    OrderRequest,
    intent_key=st.text(max_size=20),
    source=st.sampled_from(Source),
    instrument_id=st.uuids(),
    side=st.sampled_from(Side),
    quantity=amounts,
    permission_id=st.one_of(st.none(), st.uuids()),
    order_type=st.sampled_from(OrderType),
    limit_price=maybe,
    stop_price=maybe,
    time_in_force=st.sampled_from(TimeInForce),
    stop_loss=maybe,
    take_profit=maybe,
    trailing_pct=maybe,
    exit_after_seconds=st.one_of(st.none(), st.integers(min_value=1, max_value=10**6)),
    reason=st.text(max_size=20),
    strategy=st.text(max_size=20),
    confidence=maybe,
    risk=st.one_of(st.none(), st.sampled_from(RiskLevel)),
    is_tainted=st.booleans(),
    reasoning=st.text(max_size=200),
    decision_id=st.one_of(st.none(), st.uuids()),
    parent_id=st.one_of(st.none(), st.uuids()),
    replaces_id=st.one_of(st.none(), st.uuids()),
)


def stored(request):
    """What the database hands back."""
    return json.loads(canonical(request))


@given(requests)
def test_it_comes_back_as_it_was_with_the_same_digest(request):
    found = request_from(stored(request))

    assert found == request
    assert found.digest == request.digest
    assert canonical(found) == canonical(request)


@given(requests, st.text(max_size=20))
def test_another_cause_is_the_same_order(request, cause):
    assert replace(request_from(stored(request)), intent_key=cause).digest == request.digest
