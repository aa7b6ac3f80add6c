"""One list of an account: what it asks, how a row is shown, and how it is taken out as a file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.urls import reverse

from tradingfarm.kernel.audits import record_export
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.downloads import download
from tradingfarm.kernel.exports import csv_text
from tradingfarm.kernel.journal import account_stream
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.frame import Frame, frame_of
from tradingfarm.pages.listing import Filters, Listing, M, Sort, listed
from tradingfarm.people.access import person_of

CLOCK = SystemClock()
CSV = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class AccountList(Generic[M]):
    """A list of things of one account. `name` is its address, its template and its live view.

    `heads` and `cells` are the columns of its file; `more` adds what the page shows besides rows.
    """

    name: str
    section: str
    rows: Callable[[AccountPage], QuerySet[M]]
    sorts: Sequence[Sort]
    filters: Callable[[QueryDict, AccountPage], Filters]
    row: Callable[[M], object]
    heads: Sequence[str]
    cells: Callable[[M], Sequence[object]]
    more: Callable[[Frame, Listing[M]], Mapping[str, object]] = field(
        default=lambda frame, listing: {}
    )

    def listing(self, request: HttpRequest, page: AccountPage) -> Listing[M]:
        return Listing(
            rows=self.rows(page),
            sorts=self.sorts,
            filters=self.filters(request.GET, page),
            request=request,
            path=reverse(self.name),
            scope={"account": str(page.id)},
        )

    def page(self, request: HttpRequest) -> HttpResponse:
        """The list of the account that the address names, or of the current one."""
        frame = frame_asked(request)
        if frame.page is None:
            return listed(request, "lists/no_account.html", None, {"section": self.section})
        listing = self.listing(request, frame.page)
        context = {
            "page": frame.page,
            "rows": tuple(self.row(row) for row in listing.rows),
            "section": self.section,
            "tab": self.name,
            "live_view": self.name,
            "seen_seq": frame.page.seq,
            **self.more(frame, listing),
        }
        return listed(request, f"lists/{self.name}.html", listing, context)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """All that the filters leave as a file, journaled; nothing while a filter is wrong."""
        page = frame_asked(request).account
        listing = self.listing(request, page)
        if listing.filters.errors:
            messages.error(request, "Mend the filters first; then the file holds what they say.")
            return HttpResponseRedirect(listing.first, status=303)

        def begin() -> Iterator[str]:
            record_export(
                stream=account_stream(page.id),
                actor=f"person:{person_of(request).get_username()}",
                what=self.name,
                filters=listing.asked,
                at=CLOCK.now(),
            )
            return csv_lines(self.heads, listing, self.cells)

        return download(request, begin, name=f"{self.name}.csv", content_type=CSV)


def frame_asked(request: HttpRequest) -> Frame:
    """The frame of the account that `?account=` names, else of the current one.

    Raises Http404 for an account that the person does not have.
    """
    asked = request.GET.get("account", "")
    try:
        return frame_of(request, account_id=UUID(asked) if asked else None)
    except ValueError:
        raise Http404("You have no such account.") from None


def csv_lines(
    heads: Sequence[str], listing: Listing[M], cells: Callable[[M], Sequence[object]]
) -> Iterator[str]:
    """The lines of a file, a thousand at a time."""
    yield csv_text([heads])
    for rows in listing.chunks():
        yield csv_text(cells(row) for row in rows)
