"""Which streams of the journal a person may read."""

from collections.abc import Mapping
from uuid import UUID

from django.http import Http404, HttpRequest

from tradingfarm.kernel.journal import FARM, account_stream, owner_stream
from tradingfarm.pages.frame import Frame, frame_of
from tradingfarm.people.access import owner_of

NONE = "You have no such journal."


def streams_of(*, frame: Frame) -> Mapping[str, tuple[str, str]]:
    """By their names in an address: the stream's own name, and its words."""
    page = frame.account
    streams = {
        "account": (account_stream(page.id), f"Account {page.name}"),
        "owner": (owner_stream(frame.owner_id), "Agents, teams and triggers"),
    }
    return streams | ({"farm": (FARM, "The whole farm")} if frame.may_operate else {})


def frame_of_stream(request: HttpRequest, *, stream: str) -> Frame:
    """The frame that a stream is shown in: its account's, else the current one.

    Raises Http404 for a stream that is not the person's.
    """
    kind, _, name = stream.partition(":")
    if kind == "account":
        return frame_of(request, account_id=_uuid(name))
    frame = frame_of(request)
    if kind == "owner" and name == str(owner_of(request)):
        return frame
    if stream == FARM and frame.may_operate:
        return frame
    raise Http404(NONE)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404(NONE) from None
