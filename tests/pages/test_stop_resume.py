"""Letting a stopped account trade again: who may, knowing what, and once."""

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from agents.domain.states import SessionState
from agents.models import TradingSession
from tests.pages.farms import Farm, halt, make_farm, make_user
from tests.pages.reading import text_of
from trading.domain.states import HaltState
from trading.models import Account, StopRun
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def halted(busy: Farm) -> Farm:
    halt(busy)
    return busy


def address(farm: Farm) -> str:
    return reverse("account-resume", args=[farm.account.id])


def resume(client: Client, farm: Farm, *, reason: str = "All well", epoch: int = 0):
    return client.post(address(farm), {"reason": reason, "epoch": epoch}, follow=True)


def state(farm: Farm) -> str:
    return Account.objects.get(id=farm.account.id).halt_state


def mate(farm: Farm, role: Role) -> User:
    person = make_user("mate")
    person.role, person.desk = role.value, farm.owner
    person.save()
    return person


def test_it_says_what_will_happen(trader: Client, halted: Farm) -> None:
    page = text_of(trader.get(address(halted)))

    assert "HALTED: Emergency stop: keep positions" in page
    assert "Technical may enter again, each within its limits." in page
    assert "At once: the trading session of Demo team was never stopped and goes on" in page


def test_a_stopped_session_stays_stopped(trader: Client, halted: Farm) -> None:
    TradingSession.objects.update(state=SessionState.STOPPED)

    page = text_of(trader.get(address(halted)))

    assert "The stopped session of Demo team stays stopped." in page
    assert "No trading session is on" in page


def test_it_takes_a_reason_and_is_journaled(trader: Client, halted: Farm) -> None:
    without = resume(trader, halted, reason=" ")
    still = state(halted)
    answer = resume(trader, halted, reason="The feed is right again")

    event = JournalEvent.objects.get(kind="account.released")
    assert "Say why it may trade again" in text_of(without)
    assert (still, state(halted)) == (HaltState.HALTED, HaltState.ACTIVE)
    assert (event.actor, event.payload["reason"]) == ("person:trader", "The feed is right again")
    assert "Demo trades again." in text_of(answer)


def test_resuming_twice_is_harmless(trader: Client, halted: Farm) -> None:
    resume(trader, halted)
    answer = resume(trader, halted)

    assert "was trading already" in text_of(answer)
    assert JournalEvent.objects.filter(kind="account.released").count() == 1


def test_a_stop_that_is_being_carried_out_comes_first(trader: Client, halted: Farm) -> None:
    StopRun.objects.update(step="SETTLING", ended_at=None)

    page, answer = text_of(trader.get(address(halted))), resume(trader, halted)

    assert "A stop is still being carried out." in page
    assert "is still being stopped" in text_of(answer)
    assert state(halted) == HaltState.HALTED


def test_a_stop_by_somebody_else_meanwhile_is_not_undone(trader: Client, halted: Farm) -> None:
    Account.objects.update(epoch=7)

    answer = resume(trader, halted, epoch=6)

    assert "was stopped again since you opened the page" in text_of(answer)
    assert state(halted) == HaltState.HALTED


@pytest.mark.parametrize(
    ("role", "status"), [(Role.VIEWER, 403), (Role.TRADER, 403), (Role.OPERATOR, 200)]
)
def test_at_somebody_elses_desk_it_takes_an_operator(
    client: Client, halted: Farm, role: Role, status: int
) -> None:
    client.force_login(mate(halted, role))

    assert client.get(address(halted)).status_code == status
    assert resume(client, halted).status_code == status


def test_a_live_account_takes_a_second_factor_as_well(client: Client, halted: Farm) -> None:
    Account.objects.update(kind="live", exchange="kraken")
    client.force_login(mate(halted, Role.OPERATOR))

    looked = client.get(address(halted))
    resume(client, halted)

    assert looked.status_code == 302
    assert "second-factor" in looked["Location"]
    assert state(halted) == HaltState.HALTED


def test_a_live_account_takes_an_operator(trader: Client, halted: Farm) -> None:
    Account.objects.update(kind="live", exchange="kraken")

    assert resume(trader, halted).status_code == 403
    assert state(halted) == HaltState.HALTED


def test_the_account_of_somebody_else_is_not_found(trader: Client, wall: datetime) -> None:
    other = make_farm(owner=make_user("other"), wall=wall)
    halt(other)

    assert resume(trader, other).status_code == 404
    assert state(other) == HaltState.HALTED


def test_out_of_the_dialog_it_leads_to_the_dashboard(trader: Client, halted: Farm) -> None:
    answer = trader.post(
        address(halted), {"reason": "All well", "epoch": 0}, headers={"HX-Request": "true"}
    )

    assert answer["HX-Redirect"] == reverse("account", args=[halted.account.id])
