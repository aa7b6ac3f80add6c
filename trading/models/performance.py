from django.db import models

from trading.models.accounts import Account, Permission


class PerformanceSnapshot(models.Model):
    """How an account, or one agent on it, has done up to a moment of market time."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="performance")
    permission = models.ForeignKey(
        Permission, models.CASCADE, null=True, related_name="performance"
    )
    as_of = models.DateTimeField()
    at = models.DateTimeField()
    figures = models.JSONField(help_text="Metrics by name; amounts as text, null: not defined.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "permission", "as_of"],
                name="performance_moment_unique",
                nulls_distinct=False,
            ),
        )
        indexes = (
            models.Index(fields=["account", "permission", "-as_of"], name="performance_newest"),
        )

    def __str__(self) -> str:
        return f"{self.account_id} at {self.as_of}"
