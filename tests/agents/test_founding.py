"""Making agents and teams: from a template, by hand, and completed when cut short."""

import pytest
from django.core.exceptions import ValidationError

from agents.domain.templates import HOUSE, PAIR, TEMPLATES, template_named
from agents.models import Agent, AgentVersion, Member, Team
from agents.services import founding
from agents.services.founding import create_builtin_team
from agents.services.seats import SeatChoice
from agents.services.teams import UnknownField, create_agent, create_team, update_team
from tests.factories import make_account, make_user, wall
from trading.models import Account, Permission
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def found(**parts):
    return create_builtin_team(owner=make_user(), account=make_account(), at=wall(), **parts)


def agent(name, **changes):
    return create_agent(
        owner=make_user(),
        configuration={"name": name, "role": "technical"} | changes,
        actor="ada",
        at=wall(),
    )


def seat(*agents):
    """The first one proposes."""
    return [SeatChoice(each.id, proposes=place == 0) for place, each in enumerate(agents)]


def make_team(*seats, quorum=1):
    return create_team(
        owner=make_user(),
        name="Own",
        quorum=quorum,
        vote_timeout_seconds=30,
        seats=seats,
        actor="ada",
        at=wall(),
    )


def test_templates_are_found_by_name_and_can_reach_their_quorum():
    assert template_named("pair") is PAIR
    assert all(each.quorum < len(each.characters) for each in TEMPLATES)
    assert len(HOUSE.characters) == 5


def test_a_pair_needs_the_other_ones_approval():
    team = found(template=PAIR)

    seats = team.members.order_by("seat").values_list("agent__role", "proposes", "vetoes")
    assert list(seats) == [("technical", True, False), ("risk", False, True)]
    assert team.quorum == 1


def test_a_template_can_ask_a_model():
    found(provider="anthropic", model="a-model")

    assert set(Agent.objects.values_list("provider", "model")) == {("anthropic", "a-model")}
    version = AgentVersion.objects.get(agent__role="risk")
    assert version.configuration["model"] == "a-model"


def test_founding_again_changes_nothing():
    account = make_account()
    first = create_builtin_team(owner=make_user(), account=account, at=wall())

    again = create_builtin_team(owner=make_user(), account=account, at=wall())

    assert again.id == first.id
    assert (Agent.objects.count(), Permission.objects.count()) == (5, 1)


def test_a_founding_that_was_cut_short_is_completed(monkeypatch):
    def killed(**_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(founding, "grant_permission", killed)
        with pytest.raises(KeyboardInterrupt):
            found()
    assert not Permission.objects.exists()

    create_builtin_team(owner=make_user(), account=Account.objects.get(), at=wall())

    assert (Team.objects.count(), Permission.objects.count()) == (1, 1)


def test_an_agent_of_ones_own_has_a_first_version_and_is_journaled():
    made = agent("Chartist", strategy_prompt="Draw lines.")

    event = JournalEvent.objects.latest("id")
    assert made.versions.get().configuration["strategy_prompt"] == "Draw lines."
    assert (event.kind, event.actor) == ("agent.created", "ada")


def test_two_agents_of_one_owner_have_two_names():
    agent("Chartist")

    with pytest.raises(ValidationError, match="already exists"):
        agent("Chartist")
    with pytest.raises(UnknownField):
        agent("Other", version=3)


def test_a_team_of_ones_own_is_seated_and_journaled():
    one, two, three = agent("One"), agent("Two"), agent("Three")

    team = make_team(*seat(one, two, three), quorum=2)

    event = JournalEvent.objects.latest("id")
    assert [member.agent for member in team.members.order_by("seat")] == [one, two, three]
    assert event.kind == "team.created"
    assert [each["proposes"] for each in event.payload["seats"]] == [True, False, False]


def test_seats_that_make_no_team_are_refused_and_nothing_is_stored():
    one, two = agent("One"), agent("Two")
    archived = agent("Gone", status="ARCHIVED")
    stranger = create_agent(
        owner=make_user("eve"),
        configuration={"name": "Eve's", "role": "risk"},
        actor="eve",
        at=wall(),
    )

    for seats, words in (
        ([SeatChoice(one.id), SeatChoice(two.id)], "exactly one agent that proposes"),
        (seat(one), "at least one agent besides the proposer"),
        (seat(one, one), "name each only once"),
        (seat(one, archived), "not archived"),
        (seat(one, stranger), "Choose among your agents"),
    ):
        with pytest.raises(ValidationError, match=words):
            make_team(*seats)

    assert not Team.objects.exists()


def test_a_quorum_beyond_the_voters_is_refused_with_the_seats_as_they_will_be():
    one, two, three = agent("One"), agent("Two"), agent("Three")
    team = make_team(*seat(one, two, three), quorum=2)

    with pytest.raises(ValidationError, match="Only 1 agents vote in this team"):
        update_team(team_id=team.id, changes={}, seats=seat(one, two), actor="ada", at=wall())
    assert Member.objects.filter(team=team).count() == 3

    update_team(
        team_id=team.id, changes={"quorum": 1}, seats=seat(two, one), actor="ada", at=wall()
    )

    assert team.members.get(proposes=True).agent == two


def test_a_proposer_has_no_veto():
    one, two = agent("One"), agent("Two")

    team = make_team(SeatChoice(one.id, proposes=True, vetoes=True), SeatChoice(two.id))

    assert not team.members.get(proposes=True).vetoes
