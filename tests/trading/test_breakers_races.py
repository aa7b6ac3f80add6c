"""Many who check at once trip a breaker once, and nobody waits for a stop in a circle."""

import pytest

from tests.factories import wall
from tests.racing import race
from tests.trading.guarding import account_of, begun, checked, events, worth
from tests.trading.steps import decided
from trading.domain.states import HaltState, StopMode
from trading.models import Breaker
from trading.services.emergency import stop_account

pytestmark = pytest.mark.django_db(transaction=True)


def test_sixteen_who_check_trip_and_halt_once():
    desk = begun()
    worth(desk, 80_000)

    found = race(16, lambda _: checked(desk))

    account = account_of(desk)
    assert sorted(map(len, found)) == [0] * 15 + [2]
    assert (account.halt_state, account.epoch) == (HaltState.HALTED, 1)
    assert Breaker.objects.count() == len(events(desk, "risk.breaker")) == 2


def test_checks_decisions_and_stops_at_once_end_without_a_deadlock():
    desk = begun()
    worth(desk, 80_000)

    def act(place):
        if place % 3 == 0:
            return checked(desk)
        if place % 3 == 1:
            return decided(desk, desk.buy(1, key=f"{place}")).approved
        return stop_account(
            account_id=desk.account.id,
            mode=StopMode.KEEP,
            requested_by="Ada",
            reason="",
            at=wall(),
        ).epoch

    assert not [each for each in race(15, act) if isinstance(each, Exception)]
    assert account_of(desk).halt_state == HaltState.HALTED
