from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from agents.domain.states import AgentStatus, Role, SessionState
from trading.models import Account


def _choices(enum: type[Role | AgentStatus | SessionState]) -> list[tuple[str, str]]:
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in enum]


class Agent(models.Model):
    """A configured decision maker."""

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    role = models.CharField(max_length=12, choices=_choices(Role))
    provider = models.CharField(max_length=20, default="rules")
    model = models.CharField(max_length=80, blank=True)
    system_prompt = models.TextField(blank=True)
    strategy_prompt = models.TextField(blank=True)
    temperature = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal("0.7"))
    max_tokens = models.PositiveIntegerField(default=2_000)
    status = models.CharField(
        max_length=8, choices=_choices(AgentStatus), default=AgentStatus.ACTIVE.value
    )
    colour = models.CharField(max_length=20, default="blue")
    icon = models.CharField(max_length=40, default="robot")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="agent_name_unique"),
        )

    def __str__(self) -> str:
        return self.name


class AgentVersion(models.Model):
    """An agent's configuration as it was; each execution names the versions that it ran."""

    agent = models.ForeignKey(Agent, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    configuration = models.JSONField()
    changed_by = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["agent", "version"], name="agent_version_unique"),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} version {self.version}"


class Team(models.Model):
    """Agents with roles that vote on what one of them proposes."""

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    coordination = models.CharField(max_length=12, default="voting")
    quorum = models.PositiveSmallIntegerField(default=3, help_text="Approvals that carry a vote.")
    vote_timeout_seconds = models.PositiveSmallIntegerField(default=30)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="team_name_unique"),
            models.CheckConstraint(condition=Q(quorum__gte=1), name="team_quorum_positive"),
        )

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """An agent's seat in a team."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="seats")
    seat = models.PositiveSmallIntegerField()
    proposes = models.BooleanField(default=False)
    vetoes = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["team", "agent"], name="member_unique"),
            models.UniqueConstraint(fields=["team", "seat"], name="member_seat_unique"),
            models.UniqueConstraint(
                fields=["team"], name="member_one_proposer", condition=Q(proposes=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.team_id}"


class TradingSession(models.Model):
    """A team trading one account automatically. It owns no limits."""

    id = models.UUIDField(primary_key=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="sessions")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    state = models.CharField(max_length=14, choices=_choices(SessionState))
    accepted_by = models.CharField(max_length=120, help_text="Who accepted the risk disclosure.")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["team", "account"],
                name="session_one_open",
                condition=~Q(state=SessionState.STOPPED.value),
            ),
        )
        indexes = (models.Index(fields=["team", "state"], name="session_of_team"),)

    def __str__(self) -> str:
        return f"{self.team_id} on {self.account_id} {self.state}"
