from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from agents.domain.states import AgentStatus, Role, SessionState
from trading.domain.states import AT_WORK
from trading.models import Account, Order, PositionShare


def _choices(enum: type[Role | AgentStatus | SessionState]) -> list[tuple[str, str]]:
    return [(member.value, member.value.replace("_", " ").capitalize()) for member in enum]


def _still_trading(agent_id: UUID) -> str:
    """Why an agent cannot be archived: what it still holds or has at work; empty when nothing."""
    orders = Order.objects.filter(permission__agent_id=agent_id, state__in=sorted(AT_WORK))
    held = PositionShare.objects.filter(permission__agent_id=agent_id, quantity__gt=0)
    symbols = sorted(set(held.values_list("position__instrument__symbol", flat=True)))
    if symbols:
        return f"It still holds {', '.join(symbols)}. Pause it, close what it holds, then archive."
    if count := orders.count():
        return f"{count} of its orders are still at work. Pause it and wait until they have ended."
    return ""


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
    max_tokens = models.PositiveIntegerField(
        default=8_000, help_text="The most that its model may write, thinking included."
    )
    daily_budget = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        default=Decimal(5),
        validators=[MinValueValidator(0)],
        help_text="Dollars a day (UTC) for what its model costs. Rules cost nothing.",
    )
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

    def clean(self) -> None:
        """Raises ValidationError for archiving an agent with open orders or positions."""
        if self.status == AgentStatus.ARCHIVED and (problem := _still_trading(self.id)):
            raise ValidationError({"status": problem})


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
        indexes = (models.Index(fields=["-at", "-id"], name="agent_version_by_moment"),)

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

    def clean(self) -> None:
        """Raises ValidationError for a quorum that the seated voters cannot reach."""
        voters = Member.objects.filter(team=self.pk, proposes=False).count()
        if voters and self.quorum > voters:
            raise ValidationError(
                {"quorum": f"Only {voters} agents vote in this team; ask for that many or less."}
            )


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
        indexes = (
            models.Index(fields=["team", "state"], name="session_of_team"),
            models.Index(fields=["-started_at", "-id"], name="session_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.team_id} on {self.account_id} {self.state}"
