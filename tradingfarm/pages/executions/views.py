"""The pages of one execution: each view parses, asks for the story, and answers."""

from dataclasses import replace
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tradingfarm.pages.executions.chart import chart_of
from tradingfarm.pages.executions.rows import Rows, rows_of
from tradingfarm.pages.executions.story import story_of
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import access, owner_of
from tradingfarm.people.models import Role


@access(Role.VIEWER, owns="execution")
def execution(request: HttpRequest, execution_id: UUID) -> HttpResponse:
    """Why it traded, or why it did not: the whole story."""
    rows = _rows(request, execution_id)
    frame = frame_of(request, account_id=rows.execution.account_id)
    # As it was before the story was read: what happened meanwhile is told twice and not never.
    frame.page = replace(frame.account, seq=rows.seq)
    return render(
        request,
        "executions/story.html",
        {
            "story": story_of(rows=rows),
            "page": frame.account,
            "section": "executions",
            "live_view": "execution",
            "live_subject": str(execution_id),
        },
    )


@access(Role.VIEWER, owns="execution")
def chart(request: HttpRequest, execution_id: UUID) -> JsonResponse:
    """The candles around the moment, with what was known and what came since apart."""
    rows = _rows(request, execution_id)
    found = chart_of(rows=rows, story=story_of(rows=rows))
    if found is None:
        raise Http404("This execution is about no instrument.")
    return JsonResponse(found.plain())


def _rows(request: HttpRequest, execution_id: UUID) -> Rows:
    rows = rows_of(owner_id=owner_of(request), execution_id=execution_id)
    if rows is None:
        raise Http404("You have no such execution.")
    return rows
