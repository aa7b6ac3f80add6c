"""The page that has a stream verified, one part for each request."""

from datetime import datetime

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tradingfarm.kernel.audits import record_verification
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import Walk, walk_of
from tradingfarm.kernel.models import JournalStream
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.journal.streams import frame_of_stream, streams_of
from tradingfarm.pages.journal.verifying import Progress, go_on, walk_from
from tradingfarm.pages.lists.pages import frame_asked
from tradingfarm.people.access import WRITE, access, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
LOST = "Where the verification stood could not be read. Start it again."


@access(Role.VIEWER, methods=WRITE)
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the next part of a stream, or begin; at the end, journal what was found."""
    frame = frame_asked(request)
    try:
        walk = _walk(request, frame)
    except BadSignature:
        return _shown(request, frame, None, LOST)
    frame_of_stream(request, stream=walk.stream)
    progress = go_on(walk)
    if not progress.cursor:
        _journal(request, progress.walk, at=CLOCK.now())
    return _shown(request, frame, progress)


def _walk(request: HttpRequest, frame: Frame) -> Walk:
    cursor = request.POST.get("cursor", "")
    if cursor:
        return walk_from(cursor)
    streams = streams_of(frame=frame)
    name = streams.get(request.POST.get("stream", ""), streams["account"])[0]
    return walk_of(JournalStream.objects.filter(name=name).first() or JournalStream(name=name))


def _journal(request: HttpRequest, walk: Walk, *, at: datetime) -> None:
    record_verification(
        stream=walk.stream,
        actor=f"person:{person_of(request).get_username()}",
        seq=walk.head_seq,
        problem=f"{walk.broken.seq}: {walk.broken.problem}" if walk.broken else "",
        at=at,
    )


def _shown(
    request: HttpRequest, frame: Frame, progress: Progress | None, problem: str = ""
) -> HttpResponse:
    context = {
        "frame": frame,
        "page": frame.page,
        "progress": progress,
        "problem": problem,
        "section": "journal",
    }
    page = "_verify" if "HX-Request" in request.headers else "verify"
    return render(request, f"journal/{page}.html", context)
