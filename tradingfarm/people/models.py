from enum import StrEnum

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(StrEnum):
    """What a person may do with the things of a desk; each role may what the one before may."""

    VIEWER = "viewer"
    TRADER = "trader"
    OPERATOR = "operator"

    def includes(self, other: "Role") -> bool:
        """Whether this role may all that `other` may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class User(AbstractUser):
    """A person who signs in. Ours from the first migration on.

    Everything has one owner. A person without a desk sees and changes their own things; one with
    a desk those of the desk's owner, as far as the role allows.
    """

    role = models.CharField(
        max_length=8,
        choices=[(role.value, role.value.capitalize()) for role in Role],
        default=Role.TRADER.value,
        help_text="Viewers read; traders configure, trade and stop; operators resume as well.",
    )
    desk = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose things this person works with; empty: their own.",
    )

    @property
    def owner_id(self) -> int:
        """The owner of what this person sees."""
        return self.desk_id or self.pk

    def may(self, role: Role) -> bool:
        """Whether this person's role is `role` or above it."""
        return Role(self.role).includes(role)


class PasswordLink(models.Model):
    """A link with which a person sets a password: it works once, and not for ever.

    Only the digest of its secret is kept. Making another, or setting a password by any way,
    closes it.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=120, help_text="The actor, as the journal names one.")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["user", "expires_at"], name="password_link_person"),)

    def __str__(self) -> str:
        return f"for {self.user_id}, until {self.expires_at:%Y-%m-%d %H:%M} UTC"


class CacheEntry(models.Model):
    """The table in which Django's cache counts wrong sign-ins: CACHES in the settings names it.

    Its columns are those of `createcachetable`. As a model it comes with the migrations: without
    it nobody could sign in.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "cache_entry"

    def __str__(self) -> str:
        return self.cache_key
