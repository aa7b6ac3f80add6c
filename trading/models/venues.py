"""What connects an account with a real exchange: its key, and the permission to use it."""

from django.db import models
from django.db.models import Q

from trading.models.accounts import Account


class ExchangeKey(models.Model):
    """The key of an account at its exchange, encrypted; it is opened in the sender alone.

    `cipher_key_id` names the key of ours that it is encrypted with, so that ours can be rotated.
    """

    account = models.OneToOneField(Account, models.PROTECT, related_name="key")
    fingerprint = models.CharField(max_length=16, help_text="By which a person knows it again.")
    ciphertext = models.BinaryField()
    cipher_key_id = models.CharField(max_length=16)
    can_withdraw = models.BooleanField(null=True, help_text="As the exchange said; null: unasked.")
    checked_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(can_withdraw__isnull=True) | Q(can_withdraw=False),
                name="exchange_key_cannot_withdraw",
            ),
        )

    def __str__(self) -> str:
        return self.fingerprint


class LiveConfirmation(models.Model):
    """A person typed that this account may trade real money, until it expires or is withdrawn."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="live_confirmations")
    confirmed_by = models.CharField(max_length=120)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["account", "-expires_at"], name="live_confirmation_last"),)

    def __str__(self) -> str:
        return f"by {self.confirmed_by} until {self.expires_at}"


class SenderLease(models.Model):
    """That a sender is alive until a moment of the database's clock.

    The accounts of a sender whose lease has run out are free for another one.
    """

    name = models.CharField(max_length=60, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"


class Reconciliation(models.Model):
    """One comparison of an account with its exchange, and what it found."""

    class Kind(models.TextChoices):
        START = "start", "At start"
        PERIODIC = "periodic", "Periodic"

    account = models.ForeignKey(Account, models.PROTECT, related_name="reconciliations")
    kind = models.CharField(max_length=8, choices=Kind)
    agreed = models.BooleanField()
    differences = models.JSONField(default=list)
    adopted = models.PositiveIntegerField(default=0, help_text="Orders that were not ours.")
    fencing_token = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["account", "-at"], name="reconciliation_newest"),)

    def __str__(self) -> str:
        return "agreed" if self.agreed else f"{len(self.differences)} differences"
