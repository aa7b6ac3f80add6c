from decimal import Decimal

from django.db import models
from django.db.models import Q

from agents.domain.states import ExecutionState, Purpose
from agents.models.agents import Agent, Team, TradingSession
from trading.models import Account


class Context(models.Model):
    """What was known, as the exact text that was shown to the agents; found by its hash."""

    hash = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
    as_of = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["-as_of", "-hash"], name="context_by_moment"),)

    def __str__(self) -> str:
        return self.hash[:12]


class Execution(models.Model):
    """One waking of a team on one account, from its cause to its outcome.

    Claimed as a lease: whoever finds the lease expired may take over and reuses the answers that
    are stored already.
    """

    id = models.UUIDField(primary_key=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="executions")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    session = models.ForeignKey(TradingSession, models.PROTECT, null=True, related_name="+")
    cause_key = models.CharField(max_length=200, help_text="Market-time causes only.")
    causes = models.JSONField(help_text="Why it was woken: one entry for each firing.")
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in ExecutionState]
    )
    as_of = models.DateTimeField()
    context = models.ForeignKey(Context, models.PROTECT, null=True, related_name="+")
    versions = models.JSONField(default=dict, help_text="Agent id to the version that answered.")
    problem = models.CharField(max_length=300, blank=True)
    lease_owner = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["team", "account", "cause_key"], name="execution_cause_unique"
            ),
            models.UniqueConstraint(
                fields=["team", "account"],
                name="execution_one_thinking",
                condition=Q(state=ExecutionState.THINKING.value),
            ),
        )
        indexes = (
            models.Index(
                fields=["state", "queued_at"],
                name="execution_waiting",
                condition=Q(state__in=["QUEUED", "THINKING"]),
            ),
            models.Index(fields=["account", "-as_of"], name="execution_newest"),
            models.Index(fields=["team", "-as_of", "-queued_at", "id"], name="execution_of_team"),
            models.Index(fields=["-queued_at", "-id"], name="execution_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.cause_key} {self.state}"


class ProviderCall(models.Model):
    """One question to a provider and its exact answer, with what it cost."""

    execution = models.ForeignKey(Execution, models.PROTECT, related_name="calls")
    agent = models.ForeignKey(Agent, models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=8, choices=[(p.value, p.value) for p in Purpose])
    provider = models.CharField(max_length=20)
    model = models.CharField(max_length=80, blank=True, help_text="The model that was asked for.")
    answered_by = models.CharField(
        max_length=80, blank=True, help_text="The model that answered, in the service's words."
    )
    request_hash = models.CharField(max_length=64)
    request = models.TextField()
    reply = models.TextField(blank=True)
    problem = models.CharField(max_length=300, blank=True)
    input_tokens = models.PositiveIntegerField(default=0, help_text="All that was read.")
    cache_read_tokens = models.PositiveIntegerField(default=0, help_text="Of them from a cache.")
    cache_write_tokens = models.PositiveIntegerField(default=0, help_text="Of them into a cache.")
    output_tokens = models.PositiveIntegerField(default=0)
    dollars = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    dollars_known = models.BooleanField(
        default=True, help_text="No: the service did not say, and dollars are the most it can be."
    )
    milliseconds = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["execution", "agent", "round"], name="provider_call_once"
            ),
        )
        indexes = (models.Index(fields=["-at", "-id"], name="provider_call_by_moment"),)

    def __str__(self) -> str:
        return f"{self.provider} for {self.agent_id}, round {self.round}"


class Spending(models.Model):
    """What an agent's questions cost on one day (UTC), and what is set aside for open ones.

    A question that a crash cut short stays set aside: nobody knows what it cost.
    """

    agent = models.ForeignKey(Agent, models.PROTECT, related_name="spending")
    day = models.DateField()
    reserved = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))
    spent = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0))

    class Meta:
        verbose_name_plural = "spending"
        constraints = (
            models.UniqueConstraint(fields=["agent", "day"], name="spending_day_unique"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, spent__gte=0), name="spending_not_negative"
            ),
        )
        indexes = (models.Index(fields=["-day", "-id"], name="spending_by_day"),)

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.day}"
