from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from tradingfarm.people.models import CacheEntry


def forget_expired(*, at: datetime) -> None:
    """Delete sessions and counted tries that have run out. Nothing depends on when this runs."""
    Session.objects.filter(expire_date__lt=at).delete()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(alive)).delete()
    CacheEntry.objects.filter(expires__lt=at).delete()
