"""What every page shows around its own content, read once for each request and only when shown."""

from functools import cached_property
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalStream
from tradingfarm.pages.dashboard.accounts import AccountPage, account_page
from tradingfarm.pages.dashboard.numbers import Numbers, numbers_of
from tradingfarm.pages.dashboard.positions import PositionRow, position_rows
from tradingfarm.people.access import person_of
from tradingfarm.people.models import Role, User

CHOSEN = "account"
CLOCK = SystemClock()


class Frame:
    """The top bar's account with its money, and what the person may do.

    The account is the one named, else the one that the person last looked at, else the first.
    """

    def __init__(
        self, *, person: User, account_id: UUID | None = None, last: UUID | None = None
    ) -> None:
        self.person = person
        self._asked = account_id
        self._last = last

    @cached_property
    def page(self) -> AccountPage | None:
        """None when the person has no account, or not the one named."""
        return account_page(
            owner_id=self.person.owner_id,
            account_id=self._asked,
            preferred=self._last,
            now=CLOCK.now(),
        )

    @property
    def account(self) -> AccountPage:
        """The account. Raises Http404 when there is none."""
        if self.page is None:
            raise Http404("You have no such account.")
        return self.page

    @cached_property
    def seq(self) -> int:
        """How far the account's journal has come. Read before anything that a page shows, so
        that what happens meanwhile is told twice rather than never."""
        streams = JournalStream.objects.filter(name=account_stream(self.account.id))
        return streams.values_list("seq", flat=True).first() or 0

    @cached_property
    def positions(self) -> tuple[PositionRow, ...]:
        return position_rows(account_id=self.account.id, feed_name=self.account.feed_name)

    @cached_property
    def numbers(self) -> Numbers:
        return numbers_of(page=self.account, positions=self.positions)

    @property
    def may_trade(self) -> bool:
        return self.person.may(Role.TRADER)

    @property
    def may_operate(self) -> bool:
        return self.person.may(Role.OPERATOR)


def frame_of(request: HttpRequest, *, account_id: UUID | None = None) -> Frame:
    """The request's frame. Naming an account makes it the one that further pages show.

    Raises Http404 when the person has no such account.
    """
    known: Frame | None = getattr(request, "frame", None)
    if known is not None and account_id is None:
        return known
    frame = Frame(person=person_of(request), account_id=account_id, last=_last(request))
    if account_id is not None and str(frame.account.id) != request.session.get(CHOSEN):
        request.session[CHOSEN] = str(frame.account.id)
    vars(request)["frame"] = frame
    return frame


def _last(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.session.get(CHOSEN, ""))
    except ValueError:
        return None


def frame(request: HttpRequest) -> dict[str, object]:
    """For templates: `frame`, which asks nothing until it is looked at."""
    return {"frame": SimpleLazyObject(lambda: frame_of(request))}
