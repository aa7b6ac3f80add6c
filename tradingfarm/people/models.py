from enum import StrEnum

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(StrEnum):
    """What a person may do with the things of a desk; each role may what the one before may."""

    VIEWER = "viewer"
    TRADER = "trader"
    OPERATOR = "operator"


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
        ranks = list(Role)
        return ranks.index(Role(self.role)) >= ranks.index(role)
