from datetime import datetime

from tradingfarm.people.domain.links import digest_of
from tradingfarm.people.models import PasswordLink


def open_link(*, secret: str, now: datetime) -> PasswordLink | None:
    """The link of this secret with its person; None when it was used, ran out or never was."""
    usable = PasswordLink.objects.filter(
        digest=digest_of(secret), used_at=None, expires_at__gt=now, user__is_active=True
    )
    return usable.select_related("user").first()
