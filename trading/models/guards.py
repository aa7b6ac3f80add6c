"""What people decide about risk beyond one limit: breakers, confirmations, overrides."""

from django.db import models
from django.db.models import Q

from market.models import Instrument
from trading.domain.states import BreakerKind, ConfirmationState
from trading.models.accounts import Account, Permission
from trading.models.columns import choices, money
from trading.models.orders import Assessment, Order


class Breaker(models.Model):
    """A tripped circuit breaker: entries are blocked until it clears or a person releases it.

    It covers the whole account, one agent's permission, or one instrument.
    """

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="breakers")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="breakers")
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=choices(BreakerKind))
    number = models.CharField(max_length=60, help_text="What was measured.")
    limit = models.CharField(max_length=60)
    day = models.DateField(null=True, help_text="It clears with the next day of the account.")
    as_of = models.DateTimeField()
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=120, blank=True)
    release_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "permission", "instrument", "kind"],
                name="breaker_once_at_a_time",
                condition=Q(released_at__isnull=True),
                nulls_distinct=False,
            ),
        )
        indexes = (models.Index(fields=["-at", "-id"], name="breaker_by_moment"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.limit}"


class Confirmation(models.Model):
    """An order that waits for a person, bound to the digest of what was decided."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="confirmations")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="+")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    assessment = models.OneToOneField(
        Assessment, models.PROTECT, related_name="confirmation", help_text="What asked for it."
    )
    request = models.JSONField(help_text="The order as it was decided.")
    order_digest = models.CharField(max_length=64)
    value = money(help_text="Of the order at its worst price.")
    worst_price = money(help_text="The collar when it was decided; a worse one is not confirmed.")
    state = models.CharField(max_length=10, choices=choices(ConfirmationState))
    actor = models.CharField(max_length=120)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = (
            models.Index(
                fields=["account", "expires_at"],
                name="confirmation_waiting",
                condition=Q(state="WAITING"),
            ),
            models.Index(fields=["-at", "-id"], name="confirmation_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.state} until {self.expires_at}"


class Override(models.Model):
    """A person lets one order pass one check, for a reason and for a quarter of an hour."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="overrides")
    assessment = models.ForeignKey(
        Assessment, models.PROTECT, related_name="overrides", help_text="The denial."
    )
    order_digest = models.CharField(max_length=64)
    code = models.CharField(max_length=30)
    reason = models.CharField(max_length=200)
    granted_by = models.CharField(max_length=120)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["assessment", "code"], name="override_once"),
        )
        indexes = (models.Index(fields=["-at", "-id"], name="override_by_moment"),)

    def __str__(self) -> str:
        return f"{self.code} by {self.granted_by}"
