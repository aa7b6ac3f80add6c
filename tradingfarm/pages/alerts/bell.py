"""How many alerts of an account a person has not seen."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent, Seen
from tradingfarm.pages.alerts.kinds import ALERTS

MOST = 99


@dataclass(frozen=True)
class Bell:
    """`count` stops at a hundred, which stands for more than 99."""

    count: int

    @property
    def words(self) -> str:
        """The count as it is shown: '' for none, '99+' for more than 99."""
        if self.count > MOST:
            return f"{MOST}+"
        return str(self.count) if self.count else ""


def bell_of(*, person_id: int | None, account_id: UUID) -> Bell:
    """What `person_id` has not seen of the account's alerts. One query, by an index."""
    if person_id is None:
        return Bell(0)
    stream = account_stream(account_id)
    since = Seen.objects.filter(person_id=person_id, stream=stream).values("seq")[:1]
    unseen = JournalEvent.objects.filter(
        stream=stream, kind__in=ALERTS, seq__gt=Coalesce(Subquery(since), Value(0))
    )
    return Bell(unseen[: MOST + 1].count())


def seen_up_to(*, person_id: int, account_id: UUID) -> int:
    """The last event that the person has seen, 0 before the first one."""
    found = Seen.objects.filter(person_id=person_id, stream=account_stream(account_id))
    return found.values_list("seq", flat=True).first() or 0
