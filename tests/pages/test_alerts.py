"""What is worth a person's eye: which events ring, what they say, and who has seen them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Decision, TradingSession
from tests.pages import farms, stories
from tests.pages.farms import MARKET_NOW, Farm
from tests.pages.reading import text_of
from trading.models import Assessment, Order, Protection
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.models import JournalEvent, Seen
from tradingfarm.kernel.seen import mark_seen
from tradingfarm.pages.alerts.alerts import alerts_of, newest_alerts
from tradingfarm.pages.alerts.bell import Bell, bell_of
from tradingfarm.pages.alerts.kinds import ALERTS, KINDS
from tradingfarm.pages.alerts.live import render_bell, render_toasts
from tradingfarm.pages.alerts.words import WORDS
from tradingfarm.pages.frame import Frame
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)


def happen(
    farm: Farm,
    kind: str,
    payload: Mapping[str, object] | None = None,
    *,
    subject: str = "",
    actor: str = "engine",
) -> JournalEvent:
    """One event in the account's stream."""
    farm.number += 1
    with transaction():
        record(
            stream=account_stream(farm.account.id),
            kind=kind,
            actor=actor,
            payload=payload or {},
            at=farm.wall + timedelta(milliseconds=farm.number),
            as_of=MARKET_NOW,
            subject=subject,
        )
    return JournalEvent.objects.filter(stream=account_stream(farm.account.id)).latest("seq")


def said(event: JournalEvent) -> tuple[str, str, str]:
    (alert,) = alerts_of([event])
    return alert.title, alert.text, alert.address


def unseen(farm: Farm) -> int:
    return bell_of(person_id=farm.owner.pk, account_id=farm.account.id).count


def test_every_kind_has_words_and_a_tone() -> None:
    assert set(WORDS) >= set(KINDS)
    assert {look.tone for look in KINDS.values()} == {"loud", "wait", "calm"}


def test_a_halt_says_why_and_by_whom(farm: Farm) -> None:
    event = happen(
        farm,
        "account.halted",
        {"reason": "I want to look at it."},
        subject=f"account:{farm.account.id}",
        actor="person:ada",
    )

    assert said(event) == (
        "Trading is halted",
        "I want to look at it. By ada.",
        reverse("account-settings", args=[farm.account.id]),
    )


def test_a_release_says_by_whom(farm: Farm) -> None:
    event = happen(farm, "account.released", {"reason": "Looked at it"}, actor="person:ada")

    assert said(event) == ("Trading may go on", "Released by ada. Looked at it.", "")


def test_a_denial_says_every_reason_and_leads_to_the_decision(busy: Farm) -> None:
    denied = Assessment.objects.get(approved=False)
    decision = Decision.objects.get(assessment=denied)
    payload = {"side": "buy", "quantity": "320", "denials": denied.denials}
    event = happen(busy, "risk.denied", payload, subject=f"assessment:{denied.id}")

    title, text, address = said(event)

    assert title == "Refused: buy 320 MSFT"
    assert text.startswith("It would be entry 4 of the day; 3 are allowed. It could cost")
    assert address == reverse("execution", args=[decision.execution_id])


def test_a_denial_of_no_decision_leads_to_the_list(farm: Farm) -> None:
    denied = stories.assess(farm, symbol="IBM", quantity=5, denied=["HALT_STATE"])
    event = happen(farm, "risk.denied", {}, subject=f"assessment:{denied.id}")

    assert said(event)[2] == reverse("refusals")


def test_a_stop_that_was_hit_leads_to_its_exit(busy: Farm) -> None:
    protection = Protection.objects.filter(kind="stop_loss").first()
    order = Order.objects.first()
    assert protection is not None
    assert order is not None
    payload = {"kind": "stop_loss", "price": "36.9", "exit": str(order.id)}
    event = happen(busy, "protection.fired", payload, subject=f"protection:{protection.id}")

    assert said(event) == (
        f"Stop-loss of {protection.instrument.symbol} reached",
        "At 36.9. Its exit order was made.",
        reverse("order", args=[order.id]),
    )


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("order.unknown", "The outcome of buy 560 AAPL is unknown"),
        ("order.rejected", "The exchange rejected buy 560 AAPL"),
        ("order.not_placed", "Not placed: buy 560 AAPL"),
    ],
)
def test_what_became_of_an_order_names_it(busy: Farm, kind: str, title: str) -> None:
    order = Order.objects.get(quantity=560)
    event = happen(busy, kind, {"problem": "No answer."}, subject=f"order:{order.id}")

    assert said(event)[0] == title
    assert said(event)[2] == reverse("order", args=[order.id])


def test_an_alarm_is_untrusted_text(trader: Client, farm: Farm) -> None:
    payload = {"sender": "Risk", "content": "<b>Sell</b> everything"}
    happen(farm, "agent.risk.alert", payload, actor="agent:Risk")

    page = trader.get(reverse("alerts")).content.decode()

    assert "Risk raised an alarm" in page
    assert "&lt;b&gt;Sell&lt;/b&gt; everything" in page
    assert "<b>Sell" not in page


def test_a_stopped_session_names_its_team(farm: Farm) -> None:
    session = TradingSession.objects.get()
    event = happen(
        farm,
        "session.stopped",
        {"reason": "Enough for today"},
        subject=f"session:{session.id}",
        actor="person:ada",
    )

    assert said(event) == (
        "Demo team no longer trades",
        "Enough for today. By ada.",
        reverse("team", args=[session.team_id]),
    )


@pytest.mark.parametrize("kind", ALERTS)
@pytest.mark.parametrize("subject", ["", "order:gone", f"order:{farms.key('gone')}"])
def test_an_event_without_what_it_is_about_still_says_something(
    farm: Farm, kind: str, subject: str
) -> None:
    title, _, _ = said(happen(farm, kind, subject=subject))

    assert title


def test_other_events_are_no_alerts(farm: Farm) -> None:
    events = [happen(farm, kind) for kind in ("order.filled", "execution.ended", "agent.message")]

    assert alerts_of(events) == ()
    assert unseen(farm) == 0


def test_the_bell_counts_what_was_not_seen(farm: Farm) -> None:
    first = happen(farm, "replay.ended")
    happen(farm, "agent.message")
    happen(farm, "order.unknown")
    stream = account_stream(farm.account.id)

    counts = [unseen(farm)]
    mark_seen(person_id=farm.owner.pk, stream=stream, seq=first.seq)
    counts.append(unseen(farm))
    mark_seen(person_id=farm.owner.pk, stream=stream, seq=first.seq + 2)
    counts.append(unseen(farm))
    mark_seen(person_id=farm.owner.pk, stream=stream, seq=1)
    counts.append(unseen(farm))

    assert counts == [2, 1, 0, 0]


@pytest.mark.parametrize(("count", "words"), [(0, ""), (7, "7"), (99, "99"), (100, "99+")])
def test_the_bell_says_at_most_99(count: int, words: str) -> None:
    assert Bell(count).words == words


def test_the_bell_stops_counting_at_a_hundred(farm: Farm) -> None:
    with transaction():
        for _ in range(130):
            record(
                stream=account_stream(farm.account.id),
                kind="risk.denied",
                actor="gate",
                payload={},
                at=farm.wall,
            )

    assert unseen(farm) == 100


def test_what_one_person_has_seen_another_has_not(farm: Farm) -> None:
    happen(farm, "replay.ended")
    other = farms.make_user("other")
    stream = account_stream(farm.account.id)

    mark_seen(person_id=other.pk, stream=stream, seq=1)

    assert unseen(farm) == 1
    assert bell_of(person_id=other.pk, account_id=farm.account.id).count == 0


def test_every_page_has_the_bell(trader: Client, farm: Farm) -> None:
    happen(farm, "replay.ended")

    page = text_of(trader.get("/orders/"))

    assert "1, 1 not seen" in page


def test_marking_as_seen_stops_where_the_page_ended(trader: Client, farm: Farm) -> None:
    shown = happen(farm, "replay.ended")
    happen(farm, "order.unknown")

    answer = trader.post(reverse("alerts-seen"), {"seq": shown.seq})

    assert answer.status_code == 303
    assert unseen(farm) == 1


@pytest.mark.parametrize("seq", ["", "-1", "soon", "9" * 40, "²"])
def test_marking_with_nonsense_marks_what_there_is(trader: Client, farm: Farm, seq: str) -> None:
    happen(farm, "replay.ended")

    answer = trader.post(reverse("alerts-seen"), {"seq": seq})

    assert answer.status_code == 303
    assert Seen.objects.get().seq == 1


def test_htmx_is_answered_with_the_sheet_and_an_empty_count(trader: Client, farm: Farm) -> None:
    happen(farm, "replay.ended")

    answer = trader.post(reverse("alerts-seen"), headers={"HX-Request": "true"})

    assert 'id="bell-count" data-none hx-swap-oob="true"' in answer.content.decode()


def test_the_sheet_shows_the_ten_newest_and_marks_the_unseen(trader: Client, farm: Farm) -> None:
    for number in range(12):
        happen(farm, ("replay.ended", "order.unknown")[number % 2])
    mark_seen(person_id=farm.owner.pk, stream=account_stream(farm.account.id), seq=11)

    page = trader.get(reverse("alerts-newest"), headers={"HX-Request": "true"}).content.decode()

    assert page.count('class="alert-row') == 10
    assert page.count("alert-unseen") == 1
    assert newest_alerts(account_id=farm.account.id)[0].seq == 12


def test_the_sheet_without_htmx_is_the_whole_list(trader: Client, farm: Farm) -> None:
    answer = trader.get(reverse("alerts-newest"))

    assert (answer.status_code, answer["Location"]) == (303, "/alerts/")


def test_the_list_pages_over_all_kinds_in_order(trader: Client, farm: Farm) -> None:
    for number in range(70):
        happen(farm, ALERTS[number % len(ALERTS)])
        happen(farm, "agent.message")

    first = trader.get(reverse("alerts"))
    second = trader.get(first.context["listing"].next)

    seqs = [alert.seq for page in (first, second) for alert in page.context["rows"]]
    assert seqs == list(range(139, 0, -2))


def test_the_list_can_be_asked_for_one_kind(trader: Client, farm: Farm) -> None:
    happen(farm, "replay.ended")
    happen(farm, "order.unknown")

    rows = trader.get(reverse("alerts"), {"kind": "order.unknown"}).context["rows"]

    assert [alert.kind for alert in rows] == ["order.unknown"]


def test_the_list_can_be_asked_for_days(trader: Client, farm: Farm) -> None:
    happen(farm, "replay.ended")
    today = f"{farm.wall.astimezone(ZoneInfo('America/New_York')):%Y-%m-%d}"

    def count(**asked: str) -> int:
        return len(trader.get(reverse("alerts"), asked).context["rows"])

    assert count(since=today, until=today) == 1
    assert count(until="2020-01-01") == 0


def test_an_empty_list_says_what_will_ring(trader: Client, farm: Farm) -> None:
    assert "No alert yet." in text_of(trader.get(reverse("alerts")))


@pytest.mark.parametrize("name", ["alerts", "alerts-bell", "alerts-newest"])
def test_alerts_of_somebody_else_are_not_found(trader: Client, farm: Farm, name: str) -> None:
    other = farms.make_farm(owner=farms.make_user("other"), wall=farm.wall)

    assert trader.get(reverse(name), {"account": str(other.account.id)}).status_code == 404


def test_a_list_of_every_kind_takes_few_queries(
    trader: Client, busy: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    order, session = Order.objects.first(), TradingSession.objects.get()
    denied, stop = Assessment.objects.get(approved=False), Protection.objects.first()
    assert order is not None
    assert stop is not None
    for _ in range(5):
        for sort, row in (
            ("order", order),
            ("session", session),
            ("assessment", denied),
            ("protection", stop),
        ):
            for kind in ALERTS:
                happen(busy, kind, subject=f"{sort}:{row.pk}")

    with django_assert_max_num_queries(12):
        trader.get(reverse("alerts"))


def test_toasts_are_the_newest_four_alerts_with_the_loud_ones_marked(farm: Farm) -> None:
    events = [happen(farm, kind) for kind in ("agent.message", *["replay.ended"] * 4)]
    events.append(happen(farm, "account.halted"))

    html = render_toasts(events)

    assert html.count("toast-row") == 4
    assert html.count("toast-loud") == 1
    assert f'id="toast-{events[-1].pk}" hx-swap-oob="upsert:#toasts"' in html


def test_no_alert_is_no_toast(farm: Farm) -> None:
    assert render_toasts([happen(farm, "order.filled")]) == ""


def test_the_live_bell_asks_for_each_persons_own_count(farm: Farm) -> None:
    frame = Frame(owner_id=farm.owner.pk, role=Role.VIEWER, account_id=farm.account.id)

    html = render_bell(frame)

    assert f'hx-get="/alerts/bell/?account={farm.account.id}"' in html
    assert 'hx-swap-oob="true"' in html


def test_looks_have_icons_of_the_sheet(settings: Any) -> None:
    sheet = (settings.BASE_DIR / "static" / "icons.svg").read_text()

    assert [look.icon for look in KINDS.values() if f'id="{look.icon}"' not in sheet] == []
