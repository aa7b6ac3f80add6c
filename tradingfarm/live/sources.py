"""What sockets listen to: an account's pages as HTML, or one stream of the journal as JSON."""

import json
from dataclasses import dataclass

from django.template.loader import render_to_string

from tradingfarm.kernel.journal import account_stream, events_after
from tradingfarm.kernel.live import feed_topic, stream_topic
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.live.readers import Part
from tradingfarm.live.views import VIEWS, frame_parts
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change

MOST_EVENTS = 500
"""Who missed more than this loads the page anew instead of having it mended."""


@dataclass(frozen=True)
class PageSource:
    """One page for one audience."""

    audience: Audience
    feed: str

    @property
    def topics(self) -> tuple[str, ...]:
        return (stream_topic(account_stream(self.audience.account_id)), feed_topic(self.feed))

    def read(self, *, since: int, prices: bool, first: bool) -> Part:
        """Parts of the page that replace those of before, and a mark that says how far they go."""
        stream = account_stream(self.audience.account_id)
        events = events_after(stream=stream, since=since, limit=MOST_EVENTS + 1)
        seq = events[-1].seq if events else since
        if not events and not prices and not first:
            return Part(since, seq, ())
        if len(events) > MOST_EVENTS:
            return Part(since, seq, (mark(since=since, seq=seq, reload=True),), ends=True)
        html = self._render(Change(tuple(events), prices, first))
        return Part(since, seq, (html + mark(since=since, seq=seq, count=len(events)),))

    def still(self, *, seq: int) -> tuple[str, ...]:
        return (mark(since=seq, seq=seq),)

    def _render(self, change: Change) -> str:
        if not change.events and not change.prices:
            return ""
        audience = self.audience
        frame = Frame(
            owner_id=audience.owner_id, role=audience.role, account_id=audience.account_id
        )
        if frame.page is None:
            return ""
        parts = frame_parts(frame=frame, change=change)
        return parts + VIEWS[audience.view].render(frame=frame, audience=audience, change=change)


def mark(*, since: int, seq: int, count: int = 0, reload: bool = False) -> str:
    """The element that tells a page how far it has come."""
    return render_to_string(
        "frame/_live_mark.html", {"since": since, "seq": seq, "count": count, "reload": reload}
    )


@dataclass(frozen=True)
class StreamSource:
    """One stream of the journal, an event for each text."""

    stream: str

    @property
    def topics(self) -> tuple[str, ...]:
        return (stream_topic(self.stream),)

    def read(self, *, since: int, prices: bool, first: bool) -> Part:
        """The next events, five hundred at most; whoever missed more is told again at once."""
        events = events_after(stream=self.stream, since=since, limit=MOST_EVENTS)
        seq = events[-1].seq if events else since
        return Part(since, seq, tuple(told(event) for event in events), each=True)

    def still(self, *, seq: int) -> tuple[str, ...]:
        return ()


def told(event: JournalEvent) -> str:
    """An event as JSON: its place, hashes, and the exact text that was hashed."""
    return json.dumps(
        {
            "stream": event.stream,
            "seq": event.seq,
            "kind": event.kind,
            "previous": event.previous,
            "hash": event.hash,
            "entry": event.entry,
        }
    )
