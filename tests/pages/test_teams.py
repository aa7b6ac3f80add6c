"""Teams: who sits where, who speaks to whom, what a team decided, and running it now."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Execution, Member, Team
from tests.pages import farms
from tests.pages.farms import Farm
from tests.pages.following import sent
from tests.pages.reading import text_of
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.live import Change
from tradingfarm.pages.teams.graph import Seated, graph_of
from tradingfarm.pages.teams.live import TEAM_VIEWS

pytest_plugins = ("tests.pages.fixtures",)


def seated(name: str, *, proposes: bool = False, vetoes: bool = False) -> Seated:
    return Seated(name, "blue", "robot", proposes, vetoes, is_active=True)


def seats_form(farm: Farm, **changes: object) -> dict[str, object]:
    parts = {
        f"part-{agent.id}": "vetoes" if name == "Risk" else "votes"
        for name, agent in farm.agents.items()
    }
    return (
        {
            "name": farm.team.name,
            "quorum": 3,
            "vote_timeout_seconds": 30,
            "proposer": str(farm.agents["Technical"].id),
        }
        | parts
        | changes
    )


def test_a_card_says_quorum_accounts_and_what_wakes_it(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(reverse("teams")))

    assert "Demo team trades" in page
    assert "Quorum 3 of 4 approvals Trades Demo Next never: no trigger wakes it" in page


def test_a_team_shows_seats_sessions_and_what_it_decided(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(reverse("team", args=[busy.team.id])))

    assert "Technical proposes Built-in rules, no model active" in page
    assert "Risk votes, may veto" in page
    assert "Demo AUTO_TRADING" in page
    assert "9 in the newest 200 executions Approved 5 Without a quorum 4" in page
    assert "AAPL rose 2 % against the day's open Buy 160 AAPL: filled" in page


def test_a_halted_account_says_so_beside_its_session(trader: Client, farm: Farm) -> None:
    farms.halt(farm)

    page = text_of(trader.get(reverse("team", args=[farm.team.id])))

    assert "The account is halted: Emergency stop: keep positions. Nothing that the team" in page


def test_the_drawing_leads_from_the_proposer_to_each_voter_and_on_to_the_count() -> None:
    seats = [seated("A", proposes=True), seated("B"), seated("C", vetoes=True)]

    graph = graph_of(seats=seats)

    kinds = [way.kind for way in graph.ways]
    assert kinds == ["proposal", "proposal", "vote", "veto"]
    top, *voters = graph.nodes
    assert all(top.y < voter.y < graph.tally < graph.gate < graph.height for voter in voters)
    assert {way.x2 for way in graph.ways if way.kind == "proposal"} == {v.x for v in voters}


@pytest.mark.parametrize("count", [1, 4, 5, 9])
def test_the_drawing_keeps_everybody_inside(count: int) -> None:
    seats = [seated("P", proposes=True)] + [seated(f"Voter {n}") for n in range(count)]

    graph = graph_of(seats=seats)

    assert all(22 <= node.x <= graph.width - 22 for node in graph.nodes)
    assert len({(node.x, node.y) for node in graph.nodes}) == count + 1


def test_seats_quorum_and_time_are_changed_together_and_journaled(
    trader: Client, farm: Farm
) -> None:
    away = {f"part-{farm.agents[name].id}": "away" for name in ("Sentiment", "Execution")}

    answer = trader.post(
        reverse("team-edit", args=[farm.team.id]),
        seats_form(farm, quorum=2, vote_timeout_seconds=45, **away),
    )

    farm.team.refresh_from_db()
    names = Member.objects.filter(team=farm.team).order_by("seat")
    event = JournalEvent.objects.filter(kind="team.changed").latest("id")
    assert answer.status_code == 303
    assert (farm.team.quorum, farm.team.vote_timeout_seconds) == (2, 45)
    assert list(names.values_list("agent__name", "proposes", "vetoes")) == [
        ("Technical", True, False),
        ("Fundamental", False, False),
        ("Risk", False, True),
    ]
    assert [seat["name"] for seat in event.payload["seats"]] == [
        "Technical",
        "Fundamental",
        "Risk",
    ]


def test_a_quorum_that_nobody_can_reach_is_refused_beside_the_field(
    trader: Client, farm: Farm
) -> None:
    answer = trader.post(reverse("team-edit", args=[farm.team.id]), seats_form(farm, quorum=5))

    farm.team.refresh_from_db()
    assert answer.status_code == 422
    assert "Only 4 agents vote in this team" in answer.content.decode()
    assert farm.team.quorum == 3
    assert Member.objects.filter(team=farm.team).count() == 5


def test_a_team_without_voters_is_refused(trader: Client, farm: Farm) -> None:
    nobody = {f"part-{agent.id}": "away" for agent in farm.agents.values()}

    answer = trader.post(reverse("team-edit", args=[farm.team.id]), seats_form(farm, **nobody))

    assert "Give at least one agent besides the proposer a vote." in answer.content.decode()


def test_a_new_team_is_made_of_agents_that_are_there(trader: Client, farm: Farm) -> None:
    trader.post(reverse("team-new"), seats_form(farm, name="Night team", quorum=2))

    team = Team.objects.get(name="Night team")
    assert (team.owner, team.members.count()) == (farm.owner, 5)


def test_run_now_wakes_the_team_once_however_often_it_is_sent(trader: Client, farm: Farm) -> None:
    wish = {"wish": "2005-03-14T21:00:00+00:00:abcdefgh"}

    first, second = (trader.post(reverse("team-run", args=[farm.team.id]), wish) for _ in "ab")

    execution = Execution.objects.get()
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"] == reverse("execution", args=[execution.id])
    assert execution.causes[0]["kind"] == "person"
    assert execution.causes[0]["title"] == "Asked for by trader"


def test_run_now_without_a_session_says_what_to_do(trader: Client, farm: Farm) -> None:
    farm.team.sessions.update(state="STOPPED")

    answer = trader.post(reverse("team-run", args=[farm.team.id]), {"wish": "a"}, follow=True)

    assert "Nothing was run: Demo team trades no account." in text_of(answer)
    assert not Execution.objects.exists()


def test_the_time_to_vote_has_bounds(trader: Client, farm: Farm) -> None:
    answer = trader.post(
        reverse("team-edit", args=[farm.team.id]), seats_form(farm, vote_timeout_seconds=0)
    )

    assert answer.status_code == 422
    assert Decimal(farm.team.vote_timeout_seconds) == 30


@pytest.mark.parametrize("name", ["teams", "team"])
def test_teams_take_few_queries(
    trader: Client, busy: Farm, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    address = reverse(name, args=[busy.team.id] if name == "team" else [])

    with django_assert_max_num_queries(12):
        trader.get(address)


def event(
    farm: Farm, *, team: object, kind: str = "execution.queued", seq: int = 7
) -> JournalEvent:
    return JournalEvent(
        id=seq,
        stream=f"account:{farm.account.id}",
        seq=seq,
        kind=kind,
        entry=canonical({"payload": {"team": team}}),
    )


@pytest.mark.parametrize("view", ["team", "agent"])
def test_an_open_page_is_told_of_new_executions_of_its_team_alone(farm: Farm, view: str) -> None:
    subject = farm.team.id if view == "team" else farm.agents["Risk"].id
    mine, other = event(farm, team=farm.team.id), event(farm, team=farm.account.id, seq=8)
    ended = event(farm, team=farm.team.id, kind="execution.ended", seq=9)

    def told(*events: JournalEvent) -> str:
        return sent(farm, Change(events, prices=True), view=view, subject=subject)

    assert 'id="new-7"' in told(mine, other, ended)
    assert "new-8" not in told(mine, other)
    assert told(other, ended) == ""


@pytest.mark.parametrize("view", ["team", "agent"])
def test_only_the_owner_is_told(farm: Farm, view: str) -> None:
    subject = farm.team.id if view == "team" else farm.agents["Risk"].id
    stranger = farms.make_user("stranger")

    allows = TEAM_VIEWS[view].allows

    assert allows(owner_id=farm.owner.pk, subject=subject)
    assert not allows(owner_id=stranger.pk, subject=subject)
    assert not allows(owner_id=farm.owner.pk, subject=None)
