"""The journal's page: search by what is indexed, one event with its chain, verifying, exports."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.pages import farms
from tests.pages.farms import MARKET_NOW, Farm
from tests.pages.reading import text_of
from tradingfarm.kernel.journal import (
    FARM,
    account_stream,
    link,
    owner_stream,
    record,
    transaction,
)
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.journal import verifying
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)

ORDER, OTHER = farms.key("an order"), farms.key("another")


def happen(
    farm: Farm,
    kind: str,
    *,
    actor: str = "sender",
    subject: str = "",
    days: int = 0,
    stream: str = "",
    payload: Mapping[str, object] | None = None,
) -> None:
    with transaction():
        record(
            stream=stream or account_stream(farm.account.id),
            kind=kind,
            actor=actor,
            payload=payload or {},
            at=farm.wall - timedelta(days=days),
            as_of=MARKET_NOW,
            subject=subject,
        )


@pytest.fixture
def told(farm: Farm) -> Farm:
    """A farm with a history of eight events over four weeks."""
    happen(farm, "account.opened", actor="person:ada", days=28)
    happen(farm, "order.approved", actor="gate", subject=f"order:{ORDER}", days=21)
    happen(farm, "order.filled", subject=f"order:{ORDER}", days=21)
    happen(farm, "order.approved", actor="gate", subject=f"order:{OTHER}", days=14)
    happen(farm, "order.unknown", subject=f"order:{OTHER}", days=14)
    happen(farm, "agent.message", actor="agent:Risk", days=7)
    happen(farm, "agent.message", actor="agent:ada", days=7)
    happen(farm, "session.stopped", actor="person:ada")
    return farm


def found(client: Client, **asked: str) -> list[int]:
    return [row.seq for row in client.get(reverse("journal"), asked).context["rows"]]


def event_at(farm: Farm, seq: int) -> JournalEvent:
    return JournalEvent.objects.get(stream=account_stream(farm.account.id), seq=seq)


def test_events_are_listed_newest_first_with_their_text_and_hash(
    trader: Client, told: Farm
) -> None:
    answer = trader.get(reverse("journal"))

    newest = event_at(told, 8)
    page = answer.content.decode()
    assert found(trader) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert newest.hash[:10] in page
    assert "&quot;kind&quot;:&quot;session.stopped&quot;" in page


@pytest.mark.parametrize(
    ("asked", "seqs"),
    [
        ({"kind": "order."}, [5, 4, 3, 2]),
        ({"kind": "order.approved"}, [4, 2]),
        ({"actor": "ada"}, [8, 7, 1]),
        ({"actor": "person:ada"}, [8, 1]),
        ({"actor": "ada", "kind": "agent"}, [7]),
        ({"actor": "gate", "kind": "agent"}, []),
        ({"subject": str(ORDER)}, [3, 2]),
        ({"subject": f"order:{OTHER}"}, [5, 4]),
        ({"subject": f"order:{OTHER}", "kind": "order.unknown"}, [5]),
        ({"subject": f"order:{OTHER}", "actor": "gate"}, [4]),
        ({"sort": "-number", "kind": "agent."}, [6, 7]),
    ],
)
def test_a_search_finds_what_it_asks(
    trader: Client, told: Farm, asked: dict[str, str], seqs: list[int]
) -> None:
    assert found(trader, **asked) == seqs


def test_days_are_those_of_wall_time(trader: Client, told: Farm) -> None:
    def day(back: int) -> str:
        return f"{told.wall - timedelta(days=back):%Y-%m-%d}"

    assert found(trader, since=day(18), until=day(9)) == [5, 4]
    assert found(trader, since=day(10)) == [8, 7, 6]
    assert found(trader, until=day(25)) == [1]
    assert found(trader, since=day(18), kind="order.approved") == [4]
    assert found(trader, since=day(-3)) == []
    assert found(trader, until=day(60)) == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"kind": "oder."}, "No event of this journal has a kind that begins so."),
        ({"actor": "nobody"}, "Nobody of this name has done anything in this journal."),
        ({"subject": "everything"}, "Give the id of a thing"),
        ({"subject": "-" * 36}, "Give the id of a thing"),
        ({"since": "soon"}, "Give a day such as"),
    ],
)
def test_a_search_that_cannot_be_answered_says_so_beside_its_field(
    trader: Client, told: Farm, asked: dict[str, str], words: str
) -> None:
    answer = trader.get(reverse("journal"), asked)

    assert words in text_of(answer)
    assert len(answer.context["rows"]) == 8


def test_the_owners_own_journal_can_be_read(trader: Client, told: Farm) -> None:
    happen(told, "agent.created", stream=owner_stream(told.owner.pk))

    rows = trader.get(reverse("journal"), {"stream": "owner"}).context["rows"]

    assert [row.kind for row in rows] == ["agent.created"]


def test_only_an_operator_reads_the_farms_journal(client: Client, told: Farm) -> None:
    happen(told, "replay.ended", stream=FARM)
    event = JournalEvent.objects.get(stream=FARM)
    address = reverse("journal-event", args=[event.pk])
    client.force_login(told.owner)
    for_trader = (found(client, stream="farm"), client.get(address).status_code)
    told.owner.role = Role.OPERATOR.value
    told.owner.save()

    assert for_trader == ([8, 7, 6, 5, 4, 3, 2, 1], 404)
    assert (found(client, stream="farm"), client.get(address).status_code) == ([1], 200)


def test_pages_of_a_search_lead_on_and_back(trader: Client, told: Farm) -> None:
    for number in range(120):
        happen(told, ("order.open", "order.shut", "agent.message")[number % 3])
    asked = {"kind": "order."}
    first = trader.get(reverse("journal"), asked)
    second = trader.get(first.context["listing"].next)
    back = trader.get(second.context["listing"].previous)

    seqs = [[row.seq for row in page.context["rows"]] for page in (first, second, back)]
    every = JournalEvent.objects.filter(kind__startswith="order.").order_by("-seq")
    assert seqs[0] + seqs[1] == list(every.values_list("seq", flat=True))
    assert seqs[2] == seqs[0]


def test_an_event_shows_its_neighbours_and_what_it_is_about(trader: Client, told: Farm) -> None:
    answer = trader.get(reverse("journal-event", args=[event_at(told, 3).pk]))

    page = answer.content.decode()
    assert reverse("journal-event", args=[event_at(told, 2).pk]) in page
    assert reverse("journal-event", args=[event_at(told, 4).pk]) in page
    assert reverse("order", args=[ORDER]) in page
    assert event_at(told, 3).hash in page
    assert "hash fits" in page


def test_an_event_that_was_changed_says_so(trader: Client, told: Farm) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_append_only")
        cursor.execute("UPDATE journal_event SET entry = replace(entry, 'ada', 'eve')")
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_append_only")

    page = text_of(trader.get(reverse("journal-event", args=[event_at(told, 8).pk])))

    assert "it was changed after it was written" in page


def test_events_of_somebody_else_are_not_found(trader: Client, told: Farm) -> None:
    other = farms.make_farm(owner=farms.make_user("other"), wall=told.wall)
    happen(other, "account.opened")
    happen(other, "agent.created", stream=owner_stream(other.owner.pk))
    happen(other, "odd", stream="account:nonsense")

    codes = [
        trader.get(reverse("journal-event", args=[event.pk])).status_code
        for event in JournalEvent.objects.exclude(stream=account_stream(told.account.id))
    ]

    assert codes == [404, 404, 404]
    assert trader.get(reverse("journal-event", args=[2**62])).status_code == 404
    assert trader.get(reverse("journal-event", args=[2**80])).status_code == 404


def verify(client: Client, *, htmx: bool = True, **sent: str) -> Any:
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse("journal-verify"), sent, headers=headers)


def test_a_short_journal_is_verified_at_once_and_that_is_journaled(
    trader: Client, told: Farm
) -> None:
    answer = verify(trader)

    assert "Every link holds All 8 events were read" in text_of(answer)
    event = event_at(told, 9)
    assert (event.kind, event.actor) == ("user.verified", "person:trader")
    assert event.payload == {"seq": 8, "problem": ""}
    assert "up to number 8, verified by trader" in text_of(trader.get(reverse("journal")))


def test_a_long_journal_is_verified_from_part_to_part(
    trader: Client, told: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "PART", 3)
    seen = []

    answer = verify(trader)
    while (progress := answer.context["progress"]).cursor:
        seen.append(progress.percent)
        assert 'hx-trigger="load"' in answer.content.decode()
        answer = verify(trader, cursor=progress.cursor)

    assert seen == [37, 75]
    assert "Every link holds" in text_of(answer)
    assert JournalEvent.objects.filter(kind="user.verified").count() == 1


def test_without_scripts_a_person_goes_on_by_hand(
    trader: Client, told: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "PART", 5)

    answer = verify(trader, htmx=False)

    page = answer.content.decode()
    assert "<html" in page
    assert "Go on" in page
    assert "csrfmiddlewaretoken" in page


def test_the_first_broken_link_is_named_and_remembered(trader: Client, told: Farm) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_append_only")
        cursor.execute("UPDATE journal_event SET entry = entry || ' ' WHERE seq IN (4, 6)")
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_append_only")

    page = text_of(verify(trader))

    assert "The journal breaks at number 4" in page
    assert "The 3 events before it hold." in page
    assert "Broken at 4: its text does not have" in text_of(trader.get(reverse("journal")))


def test_nobody_goes_on_with_a_walk_of_another_hand(trader: Client, told: Farm) -> None:
    forged = signing.dumps({"stream": account_stream(told.account.id)}, salt="another")

    assert "Start it again." in text_of(verify(trader, cursor=forged))
    assert "Start it again." in text_of(verify(trader, cursor="nonsense"))
    assert not JournalEvent.objects.filter(kind="user.verified").exists()


def test_nobody_goes_on_with_the_walk_of_somebody_elses_journal(
    trader: Client, told: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "PART", 3)
    cursor = verify(trader).context["progress"].cursor
    other = farms.make_farm(owner=farms.make_user("other"), wall=told.wall)
    trader.force_login(other.owner)

    assert verify(trader, cursor=cursor).status_code == 404


def test_an_empty_journal_holds(trader: Client, farm: Farm) -> None:
    assert "All 0 events were read" in text_of(verify(trader))


def test_an_export_holds_all_that_a_hash_is_made_of(trader: Client, told: Farm) -> None:
    answer: Any = trader.post(f"{reverse('journal-export')}?kind=order.", {"format": "jsonl"})

    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert answer["Content-Type"] == "application/x-ndjson"
    assert [line["seq"] for line in lines] == [5, 4, 3, 2]
    for line in lines:
        made_of = {"previous": line["previous"], "stream": line["stream"], "seq": line["seq"]}
        assert link(**made_of, text=line["entry"]) == line["hash"]
    assert event_at(told, 9).payload == {"list": "journal", "filters": {"kind": "order."}}


def test_an_export_for_spreadsheets_says_the_payload(trader: Client, told: Farm) -> None:
    happen(told, "agent.message", payload={"content": "=1+1"})

    address = f"{reverse('journal-export')}?kind=agent.message"
    answer: Any = trader.post(address, {"format": "csv"})

    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("number,at,as of,kind,actor,subject,payload,previous,hash")
    assert '"{""content"":""=1+1""}"' in text


def test_the_journal_takes_few_queries(
    trader: Client, told: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    day = f"{told.wall:%Y-%m-%d}"
    asked = {"actor": "ada", "kind": "session.", "since": day, "until": day}

    with django_assert_max_num_queries(12):
        answer = trader.get(reverse("journal"), asked)

    assert answer.status_code == 200
