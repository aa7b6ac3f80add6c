"""What protects a part of a position, moved and ended by hand."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.pages.farms import Farm, key
from tests.pages.reading import text_of
from trading.models import Permission, PositionShare, Protection
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.closing import protecting

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def share(busy: Farm) -> PositionShare:
    """560 AAPL at 40.32, a stop at 36.90 and a target at 44.20."""
    return PositionShare.objects.get(position__instrument=busy.instruments["AAPL"])


def address(share: PositionShare) -> str:
    return reverse("share-protect", args=[share.id])


def protect(client: Client, share: PositionShare, **changes: str) -> Any:
    """The form as the browser sends it: what was seen, and what was typed over it."""
    shown = {"stop_loss": "36.9", "take_profit": "44.2", "trailing_pct": ""}
    seen = {f"initial-{name}": value for name, value in shown.items()}
    return client.post(address(share), shown | seen | changes)


def price(share: PositionShare, kind: str) -> Decimal | None:
    working = Protection.objects.filter(share=share, kind=kind, state="ARMED")
    return working.values_list("price", flat=True).first()


def test_the_dialog_shows_what_protects_it_now(trader: Client, share: PositionShare) -> None:
    PositionShare.objects.filter(id=share.id).update(
        unprotected_since=share.position.account.created_at - timedelta(minutes=4)
    )

    answer = trader.get(address(share))

    page = text_of(answer)
    assert "Protect AAPL of Technical" in page
    assert "560 AAPL, bid 40.31, ask 40.33. No working stop for 4 min" in page
    assert 'name="stop_loss" value="36.9"' in answer.content.decode()
    assert "The last stop stays: the agent's permission demands one." in page


@pytest.mark.parametrize("moved", ["38.5", "30"])
def test_a_person_moves_a_stop_either_way_and_the_journal_names_both(
    trader: Client, share: PositionShare, moved: str
) -> None:
    protect(trader, share, stop_loss=moved)

    event = JournalEvent.objects.get(kind="protection.adjusted")
    assert price(share, "stop_loss") == Decimal(moved)
    assert price(share, "take_profit") == Decimal("44.2")
    assert event.actor == "person:trader"
    assert Decimal(event.payload["before"]) == Decimal("36.9")


def test_a_trailing_stop_is_added(trader: Client, share: PositionShare) -> None:
    answer = protect(trader, share, trailing_pct="5")

    added = Protection.objects.get(share=share, kind="trailing_stop")
    assert answer.status_code == 303
    assert (added.trailing_pct, added.state) == (5, "ARMED")
    assert "Trailing stop: works at 38.3" in text_of(trader.get("/"))


def test_the_same_number_again_is_no_change(trader: Client, share: PositionShare) -> None:
    page = text_of(protect(trader, share))

    assert "Nothing is different: change a number." in page
    assert not JournalEvent.objects.filter(kind="protection.adjusted").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stop_loss": "41"}, "At 41 it would fire at once: the bid is 40.31. Sell now."),
        ({"take_profit": "40"}, "At 40 it would fire at once: the ask is 40.33. Sell now."),
        ({"stop_loss": "-3"}, "It must be above zero."),
        ({"trailing_pct": "100"}, "It must be less than 100 percent."),
        ({"stop_loss": "low"}, "Enter a number."),
        ({"stop_loss": ""}, "The agent's permission demands a stop"),
    ],
)
def test_what_is_refused_says_why_beside_its_field(
    trader: Client, share: PositionShare, changes: dict[str, str], words: str
) -> None:
    answer = protect(trader, share, **changes)

    assert answer.status_code == 200
    assert words in text_of(answer)
    assert (price(share, "stop_loss"), price(share, "take_profit")) == (
        Decimal("36.9"),
        Decimal("44.2"),
    )


def test_what_was_accepted_beside_a_refusal_is_said(trader: Client, share: PositionShare) -> None:
    page = text_of(protect(trader, share, stop_loss="41", take_profit="45"))

    assert "Take-profit: works at 45." in page
    assert "it would fire at once" in page
    assert price(share, "take_profit") == 45


def test_an_emptied_field_ends_its_protection(trader: Client, share: PositionShare) -> None:
    protect(trader, share, take_profit="")

    assert price(share, "take_profit") is None
    assert price(share, "stop_loss") == Decimal("36.9")


def test_a_stop_gives_way_to_a_trailing_one(trader: Client, share: PositionShare) -> None:
    protect(trader, share, stop_loss="", trailing_pct="6")

    assert price(share, "stop_loss") is None
    assert price(share, "trailing_stop") is not None


def test_where_none_is_demanded_the_last_stop_can_end(
    trader: Client, share: PositionShare
) -> None:
    Permission.objects.update(stop_required=False)

    protect(trader, share, stop_loss="")

    assert price(share, "stop_loss") is None


def test_a_time_exit_can_be_ended(trader: Client, busy: Farm, share: PositionShare) -> None:
    stop = Protection.objects.get(share=share, kind="stop_loss")
    Protection.objects.create(
        id=key("time exit"),
        account=busy.account,
        share=share,
        instrument=stop.instrument,
        entry=stop.entry,
        kind="time_exit",
        due_at=busy.wall,
        state="ARMED",
        armed_at=busy.wall,
    )

    shown = text_of(trader.get(address(share)))
    protect(trader, share, end_time_exit="on")

    assert "End the time exit which sells" in shown
    assert Protection.objects.get(id=key("time exit")).state == "CANCELED"


def test_what_moved_meanwhile_is_left_alone(trader: Client, share: PositionShare) -> None:
    """The person saw 36.90 and changed the target alone; the stop has been tightened since."""
    Protection.objects.filter(share=share, kind="stop_loss").update(price=38)

    protect(trader, share, take_profit="45")

    assert price(share, "stop_loss") == 38


def test_what_is_not_held_cannot_be_protected(trader: Client, share: PositionShare) -> None:
    PositionShare.objects.filter(id=share.id).update(quantity=0)

    assert "There is nothing to protect." in text_of(trader.get(address(share)))
    assert "Nothing is held." in text_of(protect(trader, share, stop_loss="38"))


def test_a_busy_account_moves_nothing(
    trader: Client, share: PositionShare, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(protecting, "adjust", busy)

    assert "The account is busy" in text_of(protect(trader, share, stop_loss="38"))


def test_a_share_beyond_all_ids_is_not_found(trader: Client, share: PositionShare) -> None:
    assert trader.get(reverse("share-protect", args=[2**70])).status_code == 404
