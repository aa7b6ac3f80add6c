"""STOP from a page: what it says it will do, what it does, and how far it is."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.pages import farms
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.reading import text_of
from trading.domain.states import HaltState, OrderState, StopMode
from trading.models import Account, Assessment, Order, StopRun
from tradingfarm.kernel.models import Heartbeat, JournalEvent
from tradingfarm.pages.stopping import halting
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)

HTMX = {"HX-Request": "true"}


def address(farm: Farm, name: str = "account-stop") -> str:
    return reverse(name, args=[farm.account.id])


def stop(client: Client, farm: Farm, mode: str, **fields: str):
    return client.post(address(farm), {"mode": mode, **fields})


def finish(farm: Farm, step: str = "DONE", **changes: object) -> StopRun:
    StopRun.objects.filter(account=farm.account).update(step=step, **changes)
    return StopRun.objects.get(account=farm.account)


def reload(farm: Farm) -> Account:
    farm.account.refresh_from_db()
    return farm.account


def test_every_page_of_a_trader_has_the_stop(trader: Client, farm: Farm) -> None:
    page = trader.get("/").content.decode()

    assert f'href="{address(farm)}"' in page
    assert 'aria-keyshortcuts="Alt+Shift+S"' in page


def test_it_says_in_numbers_what_each_choice_would_do(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(address(busy)))

    assert "1 order at the exchange stays and may still fill." in page
    assert "1 approved order that was not sent yet never leaves." in page
    assert "1 order in flight: the exchange is asked what became of it." in page
    assert "Cancel 1 order at the exchange; what turns up there meanwhile is canceled too." in page
    assert (
        "Sell 3 positions worth 56,187.80 USD at market: AAPL 560, GOOG 118, IBM 140."
        " Fees about 56.19 USD." in page
    )
    assert "3 positions worth 56,187.80 USD stay" in page
    assert "armed stops and targets stay armed and still sell" in page


def test_an_account_with_nothing_says_so(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "No order is at the exchange." in page
    assert "There is no position to sell at this moment." in page


def test_looking_stops_nothing(trader: Client, busy: Farm) -> None:
    trader.get(address(busy))

    assert reload(busy).halt_state == HaltState.ACTIVE
    assert not StopRun.objects.exists()


@pytest.mark.parametrize("mode", [StopMode.KEEP, StopMode.CANCEL])
def test_keeping_and_canceling_take_one_confirmation(
    trader: Client, busy: Farm, mode: StopMode
) -> None:
    answer = stop(trader, busy, mode.value, reason="Strange prices")

    run = StopRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (
        303,
        address(busy, "account-stop-progress"),
    )
    assert reload(busy).halt_state == HaltState.HALTED
    assert (run.mode, run.requested_by, run.reason) == (mode, "person:trader", "Strange prices")
    assert JournalEvent.objects.get(kind="account.halted").actor == "person:trader"


def test_selling_everything_takes_the_accounts_name(trader: Client, busy: Farm) -> None:
    asked = stop(trader, busy, "flatten", confirm="yes", reason="Get me out")
    kept = StopRun.objects.get().mode
    stop(trader, busy, "flatten", confirm=" demo ")

    assert "To sell everything as well, type Demo here" in text_of(asked)
    assert 'value="Get me out"' in asked.content.decode()
    assert kept == StopMode.KEEP
    assert StopRun.objects.latest("at").mode == StopMode.FLATTEN


@pytest.mark.parametrize("sent", [{"mode": "flatten", "confirm": "no"}, {"mode": "sell"}, {}])
def test_whatever_is_wrong_with_the_form_the_account_is_halted(
    trader: Client, busy: Farm, sent: dict[str, str]
) -> None:
    page = text_of(trader.post(reverse("account-stop", args=[busy.account.id]), sent))

    assert reload(busy).halt_state == HaltState.HALTED
    assert "HALTED. Nothing new is sent." in page


def test_words_without_end_do_not_fail_a_stop(trader: Client, busy: Farm) -> None:
    stop(trader, busy, "keep", reason="why " * 500)

    assert len(StopRun.objects.get().reason) == 200


@pytest.mark.parametrize("mode", ["", "sell"])
def test_a_stop_without_a_choice_asks_for_one(trader: Client, busy: Farm, mode: str) -> None:
    answer = stop(trader, busy, mode)

    assert answer.status_code == 200
    assert "Choose" in text_of(answer)
    assert StopRun.objects.get().mode == StopMode.KEEP


def test_pressing_twice_is_one_stop(trader: Client, busy: Farm) -> None:
    stop(trader, busy, "cancel")
    stop(trader, busy, "cancel")

    assert StopRun.objects.count() == 1


def test_of_two_people_the_one_who_asks_for_more_counts(
    trader: Client, busy: Farm, wall: datetime
) -> None:
    colleague = Client()
    colleague.force_login(desk_mate(busy, Role.TRADER))

    stop(colleague, busy, "flatten", confirm="Demo")
    stop(trader, busy, "keep")

    run = StopRun.objects.get()
    assert (run.mode, run.requested_by) == (StopMode.FLATTEN, "person:mate")


def desk_mate(farm: Farm, role: Role):
    mate = make_user("mate")
    mate.role, mate.desk = role.value, farm.owner
    mate.save()
    return mate


def test_a_viewer_may_watch_a_stop_and_not_press_it(client: Client, busy: Farm) -> None:
    client.force_login(desk_mate(busy, Role.VIEWER))

    looked, pressed = client.get(address(busy)), stop(client, busy, "keep")

    assert (looked.status_code, pressed.status_code) == (403, 403)
    assert "stop-button" not in client.get("/").content.decode()
    assert reload(busy).halt_state == HaltState.ACTIVE


def test_the_account_of_somebody_else_is_not_found(trader: Client, wall: datetime) -> None:
    other = make_farm(owner=make_user("other"), wall=wall)

    looked, pressed = trader.get(address(other)), stop(trader, other, "keep")
    watched = trader.get(address(other, "account-stop-progress"))

    assert {looked.status_code, pressed.status_code, watched.status_code} == {404}
    assert reload(other).halt_state == HaltState.ACTIVE


def test_a_stop_without_the_forms_mark_is_refused(busy: Farm) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(busy.owner)

    assert stop(careful, busy, "keep").status_code == 403
    assert reload(busy).halt_state == HaltState.ACTIVE


def test_in_the_dialog_it_answers_with_the_progress_and_the_new_button(
    trader: Client, busy: Farm
) -> None:
    answer = trader.post(address(busy), {"mode": "keep"}, headers=HTMX)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert 'id="stop-steps"' in page
    assert 'id="stop" hx-swap-oob="true"' in page
    assert "HALTED" in page


def test_the_progress_names_its_steps_and_what_is_left(trader: Client, busy: Farm) -> None:
    stop(trader, busy, "flatten", confirm="Demo", reason="Strange prices")
    finish(busy, "FLATTENING", confirmations=1)

    answer = trader.get(address(busy, "account-stop-progress"))

    page = text_of(answer)
    assert (
        "Nothing new is sent Cancel orders Wait for orders in flight Sell positions Done" in page
    )
    assert "Orders at the exchange 1" in page
    assert "Positions held 3, 56,187.80 USD" in page
    assert "Found flat 1 of 2" in page
    assert "Left to sell: AAPL 560, GOOG 118, IBM 140." in page
    assert "Asked for by trader: Strange prices" in page
    assert 'hx-trigger="every 1s"' in answer.content.decode()


def test_a_reload_finds_the_stop_again_until_it_is_done(trader: Client, busy: Farm) -> None:
    stop(trader, busy, "keep")

    underway = text_of(trader.get(address(busy)))
    finish(busy)
    afterwards = trader.get(address(busy, "account-stop-progress")).content.decode()

    assert "Halted. Carrying out the rest" in underway
    assert "hx-trigger" not in afterwards.partition('id="stop-steps"')[2].partition(">")[0]
    assert "trade again" in afterwards


def test_a_stop_that_is_carried_out_can_be_made_stronger(trader: Client, busy: Farm) -> None:
    stop(trader, busy, "cancel")

    page = text_of(trader.get(address(busy), {"more": "1"}))

    assert "HALTED. Nothing new is sent. You can do more" in page
    assert "Sell 3 positions worth 56,187.80 USD" in page
    assert "halt only" not in page


def test_a_sale_that_the_gate_refuses_is_explained(trader: Client, busy: Farm) -> None:
    stop(trader, busy, "flatten", confirm="Demo")
    run = finish(busy, "FLATTENING")
    Assessment.objects.create(
        id=farms.key(run.id, "refused"),
        account=busy.account,
        instrument=busy.instruments["AAPL"],
        intent_key=f"stop:{run.id}:1:1",
        request={"source": "liquidation"},
        approved=False,
        denials=["TRADING_HOURS"],
        checks=[{"code": "TRADING_HOURS", "number": "market closed", "limit": "market open"}],
        largest=0,
        as_of=farms.MARKET_NOW,
        at=busy.wall,
    )

    page = text_of(trader.get(address(busy, "account-stop-progress")))

    assert "The sale waits and is tried again every 5 s:" in page


def test_a_silent_sender_is_said(trader: Client, busy: Farm) -> None:
    Heartbeat.objects.create(process="sender", pid=1, at=busy.wall - timedelta(seconds=40))
    stop(trader, busy, "flatten", confirm="Demo")

    page = text_of(trader.get(address(busy, "account-stop-progress")))

    assert "The sender has said nothing for 40 s." in page or "for 41 s." in page
    assert "manage.py emergency_stop" in page


class Busy:
    """A database that lets nobody at the account."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, **given: object) -> None:
        self.left -= 1
        if self.left >= 0:
            raise OperationalError("canceling statement due to lock timeout")


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_was_not_had_is_asked_for_again(
    trader: Client, busy: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halting, "stop_account", Busy(1))

    assert stop(trader, busy, "keep").status_code == 303


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_did_not_succeed_says_so_loudly(
    trader: Client, busy: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halting, "stop_account", Busy(99))

    page, dialog = (
        stop(trader, busy, "keep"),
        trader.post(address(busy), {"mode": "keep"}, headers=HTMX),
    )

    assert (page.status_code, dialog.status_code) == (503, 200)
    for answer in (page, dialog):
        assert "Demo could not be halted" in text_of(answer)
        assert "manage.py emergency_stop --keep" in text_of(answer)


def test_all_accounts_are_stopped_at_once(trader: Client, busy: Farm, wall: datetime) -> None:
    second = make_farm(owner=busy.owner, wall=wall, name="Second")
    other = make_farm(owner=make_user("other"), wall=wall)

    page = text_of(trader.get(reverse("accounts-stop")))
    answer = trader.post(reverse("accounts-stop"), {"mode": "cancel"}, follow=True)

    assert "Stop all 2 accounts" in page
    assert [reload(each).halt_state for each in (busy, second, other)] == [
        HaltState.HALTED,
        HaltState.HALTED,
        HaltState.ACTIVE,
    ]
    assert "Demo PAPER cancel" in text_of(answer)
    assert "Second PAPER cancel" in text_of(answer)


def test_selling_out_of_all_accounts_takes_the_word_everything(trader: Client, busy: Farm) -> None:
    trader.post(reverse("accounts-stop"), {"mode": "flatten", "confirm": "Demo"})
    assert StopRun.objects.get().mode == StopMode.KEEP

    trader.post(reverse("accounts-stop"), {"mode": "flatten", "confirm": "everything"})

    assert StopRun.objects.latest("at").mode == StopMode.FLATTEN


def test_a_person_without_an_account_has_nothing_to_stop(client: Client, db: None) -> None:
    client.force_login(make_user("newcomer"))

    assert client.get(reverse("accounts-stop")).status_code == 404
    assert client.post(reverse("accounts-stop"), {"mode": "keep"}).status_code == 404
    assert client.get(reverse("accounts-stop-progress")).status_code == 404


def test_an_account_that_was_never_stopped_has_no_progress(trader: Client, farm: Farm) -> None:
    assert trader.get(address(farm, "account-stop-progress")).status_code == 404


def test_what_a_stop_passes_through_is_in_postgresql() -> None:
    # A session or a cache in Valkey would make the stop wait for what may be dead.
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"
    assert not any("redis" in str(cache["BACKEND"]).lower() for cache in settings.CACHES.values())


def test_few_queries(
    trader: Client, busy: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    trader.get("/")
    with django_assert_max_num_queries(12):
        trader.get(address(busy))
    with django_assert_max_num_queries(12):
        stop(trader, busy, "flatten", confirm="Demo")
    with django_assert_max_num_queries(12):
        trader.get(address(busy, "account-stop-progress"))
    with django_assert_max_num_queries(9):
        trader.get(address(busy, "account-stop-progress"), {"part": "1"}, headers=HTMX)


def test_orders_at_work_are_told_apart(trader: Client, busy: Farm) -> None:
    Order.objects.filter(state=OrderState.APPROVED).update(
        state=OrderState.SUBMITTING, attempt_at=busy.wall
    )

    assert "2 orders in flight" in text_of(trader.get(address(busy)))
