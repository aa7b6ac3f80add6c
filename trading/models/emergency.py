from django.db import models
from django.db.models import Q

from trading.domain.states import StopMode
from trading.models.accounts import Account
from trading.models.columns import choices


class StopRun(models.Model):
    """One emergency stop of one account: committed steps that can be resumed after a crash."""

    class Step(models.TextChoices):
        HALTED = "HALTED", "Nothing new can be sent"
        CANCELING = "CANCELING", "Canceling orders"
        SETTLING = "SETTLING", "Waiting for orders in flight"
        FLATTENING = "FLATTENING", "Selling positions"
        DONE = "DONE", "Done"

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="stops")
    mode = models.CharField(max_length=8, choices=choices(StopMode))
    step = models.CharField(max_length=10, choices=Step)
    epoch = models.IntegerField()
    requested_by = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True)
    confirmations = models.PositiveIntegerField(default=0, help_text="Times found flat in a row.")
    rounds = models.PositiveIntegerField(default=0, help_text="Liquidations tried.")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account"], name="stop_one_at_a_time", condition=~Q(step="DONE")
            ),
        )
        indexes = (models.Index(fields=["-at", "-id"], name="stop_by_moment"),)

    def __str__(self) -> str:
        return f"{self.mode} {self.step}"
