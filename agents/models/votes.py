from decimal import Decimal

from django.db import models
from django.db.models import Q

from agents.domain.states import Choice, MessageType, Outcome
from agents.models.agents import Agent
from agents.models.executions import Execution
from market.models import Instrument
from trading.domain.states import Side
from trading.models import Account, Assessment
from tradingfarm.kernel.money import plain


class Message(models.Model):
    """What one agent says to others; the conversation of an account."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    execution = models.ForeignKey(Execution, models.PROTECT, related_name="messages")
    sender = models.ForeignKey(Agent, models.PROTECT, null=True, related_name="+")
    sender_name = models.CharField(max_length=80, help_text="The team speaks without an agent.")
    recipients = models.JSONField(default=list, help_text='Agent ids, or ["all"].')
    message_type = models.CharField(
        max_length=10, choices=[(kind.value, kind.value) for kind in MessageType]
    )
    content = models.TextField()
    payload = models.JSONField(default=dict)
    reply_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    requires_response = models.BooleanField(default=False)
    response_timeout_seconds = models.PositiveSmallIntegerField(null=True)
    place = models.PositiveSmallIntegerField(help_text="Order within its execution.")
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["execution", "place"], name="message_place_unique"),
        )
        indexes = (
            models.Index(fields=["account", "-at", "-place"], name="message_newest"),
            models.Index(fields=["-at", "-id"], name="message_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.sender_name}: {self.message_type}"


class Proposal(models.Model):
    """An order that an agent wants, bound to its hash; votes name that hash."""

    id = models.UUIDField(primary_key=True)
    execution = models.OneToOneField(Execution, models.PROTECT, related_name="proposal")
    proposer = models.ForeignKey(Agent, models.PROTECT, related_name="+")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    quantity = models.DecimalField(max_digits=38, decimal_places=18)
    price = models.DecimalField(
        max_digits=38, decimal_places=18, help_text="Of one share when it was proposed."
    )
    stop_loss = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    take_profit = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    limit_price = models.DecimalField(
        max_digits=38, decimal_places=18, null=True, help_text="None: a market order."
    )
    trailing_pct = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    strategy = models.CharField(max_length=40, blank=True)
    risk = models.CharField(max_length=6, blank=True, help_text="As the proposer rates it.")
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    reasoning = models.TextField()
    hash = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField(help_text="Wall time; a vote missing then abstains.")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["-opened_at", "-id"], name="proposal_by_moment"),
            models.Index(
                fields=["execution"], name="proposal_still_open", condition=Q(closed_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} of {self.instrument_id}"


class Vote(models.Model):
    """One secret ballot, a row when cast; shown and journaled when the vote closes."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="votes")
    voter = models.ForeignKey(Agent, models.PROTECT, related_name="+")
    proposal_hash = models.CharField(max_length=64)
    choice = models.CharField(max_length=8, choices=[(c.value, c.value) for c in Choice])
    reason = models.TextField()
    quantity = models.DecimalField(
        max_digits=38, decimal_places=18, null=True, help_text="A smaller size it asks for."
    )
    stop_loss = models.DecimalField(
        max_digits=38, decimal_places=18, null=True, help_text="A tighter stop it asks for."
    )
    veto = models.CharField(max_length=40, blank=True, help_text="The veto's reason code.")
    cast_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["proposal", "voter"], name="vote_once"),)
        indexes = (models.Index(fields=["-cast_at", "-id"], name="vote_by_moment"),)

    def __str__(self) -> str:
        return f"{self.voter_id}: {self.choice}"


class Decision(models.Model):
    """The outcome of an execution, made by code: the tally's order, or why there is none."""

    id = models.UUIDField(primary_key=True)
    execution = models.OneToOneField(Execution, models.PROTECT, related_name="decision")
    proposal = models.OneToOneField(Proposal, models.PROTECT, null=True, related_name="decision")
    outcome = models.CharField(max_length=14, choices=[(o.value, o.value) for o in Outcome])
    approvals = models.PositiveSmallIntegerField(default=0)
    rejections = models.PositiveSmallIntegerField(default=0)
    abstentions = models.PositiveSmallIntegerField(default=0)
    quantity = models.DecimalField(
        max_digits=38, decimal_places=18, default=Decimal(0), help_text="Decided size."
    )
    stop_loss = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    take_profit = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    hash = models.CharField(max_length=64, blank=True, help_text="Of the decided order.")
    reason = models.TextField()
    assessment = models.OneToOneField(
        Assessment, models.PROTECT, null=True, related_name="+", help_text="The gate's answer."
    )
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["-at", "-id"], name="decision_by_moment"),)

    def __str__(self) -> str:
        return f"{self.outcome}: {self.reason[:60]}"
