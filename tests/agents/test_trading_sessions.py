from datetime import timedelta
from uuid import uuid5

import pytest

from agents.models import Execution, TradingSession
from agents.services.sessions import (
    LOST,
    AlreadyTrading,
    RiskNotAccepted,
    start_session,
    stop_losers,
    stop_session,
)
from tests.agents.floor import make_floor
from tests.factories import NOW, wall
from trading.domain.states import BreakerKind
from trading.models import Breaker

pytestmark = pytest.mark.django_db


def start(floor, **changes):
    parts = {"team": floor.team, "account": floor.account, "accepted_by": "ada", "at": wall()}
    return start_session(**(parts | changes))


def test_a_session_starts_in_auto_trading_and_says_who_accepted_the_risk():
    floor = make_floor()

    assert (floor.session.state, floor.session.accepted_by) == ("AUTO_TRADING", "ada")
    assert floor.events()[-1] == "session.started"


def test_a_team_trades_an_account_once():
    floor = make_floor()

    with pytest.raises(AlreadyTrading, match="stop that session first"):
        start(floor)


def test_nobody_trades_without_accepting_the_risk():
    floor = make_floor()

    with pytest.raises(RiskNotAccepted):
        start(floor, accepted_by=" ")


def test_stopping_abandons_what_waits_and_stopping_twice_is_nothing():
    floor = make_floor()
    floor.wake()

    for _ in range(2):
        stop_session(session=floor.session, reason="Enough.", actor="ada", at=wall())

    session = TradingSession.objects.get()
    assert (session.state, session.stop_reason) == ("STOPPED", "Enough.")
    assert Execution.objects.get().state == "ABANDONED"
    assert floor.events()[-2:] == ["session.stopped", "execution.ended"]


def test_after_a_stop_another_session_may_start():
    floor = make_floor()
    stop_session(session=floor.session, reason="Enough.", actor="ada", at=wall())

    again = start(floor)

    assert again.id != floor.session.id
    assert again.state == "AUTO_TRADING"


def lost(floor, *, at):
    Breaker.objects.create(
        id=uuid5(floor.account.id, f"lost {at}"),
        account=floor.account,
        kind=BreakerKind.ACCOUNT_DAILY_LOSS,
        number="6 %",
        limit="5 %",
        as_of=NOW,
        at=at,
    )


def test_the_daily_loss_stops_the_session_for_a_person_to_look_at():
    floor = make_floor()
    lost(floor, at=wall() + timedelta(seconds=10))

    assert [stop_losers(at=wall() + timedelta(seconds=11)) for _ in range(2)] == [1, 0]

    session = TradingSession.objects.get()
    assert (session.state, session.stop_reason) == ("STOPPED", LOST)


def test_who_starts_after_the_loss_goes_on():
    floor = make_floor()
    lost(floor, at=wall() + timedelta(seconds=-10))

    assert stop_losers(at=wall()) == 0
