"""What every page shows around its own content, read once for each request and only when shown."""

from functools import cached_property
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.alerts.bell import Bell, bell_of
from tradingfarm.pages.dashboard.accounts import AccountPage, account_page
from tradingfarm.pages.dashboard.numbers import Numbers, numbers_of
from tradingfarm.pages.dashboard.positions import PositionRow, position_rows
from tradingfarm.people.access import person_of
from tradingfarm.people.models import Role

CHOSEN = "account"
CLOCK = SystemClock()


class Frame:
    """The top bar's account with its money, and what the person may do.

    The account is the one named, else the one that the person last looked at, else the first.
    """

    def __init__(
        self,
        *,
        owner_id: int,
        role: Role,
        account_id: UUID | None = None,
        last: UUID | None = None,
        person_id: int | None = None,
    ) -> None:
        self.owner_id = owner_id
        self.person_id = person_id
        self.role = role
        self._asked = account_id
        self._last = last

    @cached_property
    def page(self) -> AccountPage | None:
        """None when the person has no account, or not the one named."""
        return account_page(
            owner_id=self.owner_id,
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
    def positions(self) -> tuple[PositionRow, ...]:
        return position_rows(account_id=self.account.id, feed_name=self.account.feed_name)

    @cached_property
    def numbers(self) -> Numbers:
        return numbers_of(page=self.account, positions=self.positions)

    @cached_property
    def bell(self) -> Bell:
        """The alerts of the account that the person has not seen; none without a person."""
        return bell_of(person_id=self.person_id, account_id=self.account.id)

    @property
    def may_trade(self) -> bool:
        return self.role.includes(Role.TRADER)

    @property
    def may_operate(self) -> bool:
        return self.role.includes(Role.OPERATOR)


def frame_of(request: HttpRequest, *, account_id: UUID | None = None) -> Frame:
    """The request's frame, with its account read at once. Naming one makes it the chosen one.

    To be called before a view reads anything else: the account comes with how far its journal
    has come, and what happens from there on is told to the open page.

    Raises Http404 when the person has no such account.
    """
    known: Frame | None = getattr(request, "frame", None)
    if known is not None and account_id is None:
        return known
    person = person_of(request)
    frame = Frame(
        owner_id=person.owner_id,
        role=Role(person.role),
        account_id=account_id,
        last=_last(request),
        person_id=person.pk,
    )
    if account_id is not None and str(frame.account.id) != request.session.get(CHOSEN):
        request.session[CHOSEN] = str(frame.account.id)
    vars(request)["frame"] = frame
    frame.page  # noqa: B018 - read here, before the rest of the page
    return frame


def _last(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.session.get(CHOSEN, ""))
    except ValueError:
        return None


def frame(request: HttpRequest) -> dict[str, object]:
    """For templates: `frame`, which asks nothing until it is looked at."""
    return {"frame": SimpleLazyObject(lambda: frame_of(request))}
