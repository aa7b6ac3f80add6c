"""What happens to a person's second factor, journaled."""

from datetime import datetime

from allauth.mfa.models import Authenticator

from tradingfarm.kernel.journal import transaction
from tradingfarm.people.models import User
from tradingfarm.people.services.journaling import note


def remove_second_factor(*, person: User, actor: str, at: datetime) -> bool:
    """Remove the app and the recovery codes of somebody who has lost them. False: had none."""
    with transaction():
        removed, _ = Authenticator.objects.filter(user_id=person.pk).delete()
        if removed:
            note(kind="user.second_factor_off", person=person, payload={}, actor=actor, at=at)
    return bool(removed)
