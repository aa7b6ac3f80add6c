"""What the readers of an open page are sent, without sockets."""

from uuid import UUID

from tests.pages.farms import Farm
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.live.views import VIEWS
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change
from tradingfarm.people.models import Role


def events(farm: Farm, *, after: int = 0) -> tuple[JournalEvent, ...]:
    """The account's journal after an event, oldest first."""
    stream = account_stream(farm.account.id)
    return tuple(JournalEvent.objects.filter(stream=stream, seq__gt=after).order_by("seq"))


def sent(farm: Farm, change: Change, *, view: str, subject: UUID | None = None) -> str:
    """HTML for a viewer of the account's page `view` about `subject`."""
    audience = Audience(farm.account.id, view, subject, farm.owner.pk, Role.VIEWER)
    frame = Frame(owner_id=farm.owner.pk, role=Role.VIEWER, account_id=farm.account.id)
    return VIEWS[view].render(frame=frame, audience=audience, change=change)


def may_follow(farm: Farm, *, view: str, subject: UUID | None) -> bool:
    """Whether the farm's owner may open such a page."""
    return VIEWS[view].allows(owner_id=farm.owner.pk, subject=subject)
