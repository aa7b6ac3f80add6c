"""The dashboard of one account: each view parses, asks for what it shows, and answers."""

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.conversation import alerts_in, newest_turns
from tradingfarm.pages.dashboard.curve import equity_curve
from tradingfarm.pages.dashboard.orders import newest_fills, newest_refusals, orders_at_work
from tradingfarm.pages.dashboard.team import team_note
from tradingfarm.pages.frame import Frame, frame_of
from tradingfarm.people.access import access
from tradingfarm.people.models import Role

CLOCK = SystemClock()


@access(Role.VIEWER, owns="account")
def dashboard(request: HttpRequest, account_id: UUID | None = None) -> HttpResponse:
    """The dashboard of one account, by default the last one looked at; without any, a start."""
    frame = frame_of(request, account_id=account_id)
    if frame.page is None:
        return render(request, "dashboard/no_account.html")
    context = _numbers(frame) | _conversation(frame.page)
    return render(request, "dashboard/index.html", context | {"live_view": "dashboard"})


@access(Role.VIEWER, owns="account")
def equity(request: HttpRequest, account_id: UUID) -> JsonResponse:
    """The equity curve, after `?after=<Unix seconds of market time>` where given."""
    try:
        after = _after(request.GET.get("after", ""))
    except (ValueError, OverflowError, OSError):
        return JsonResponse({"error": "`after` is a time in whole Unix seconds."}, status=400)
    curve = equity_curve(
        account_id=frame_of(request, account_id=account_id).account.id, after=after
    )
    return JsonResponse(
        {
            "points": [[int(at.timestamp()), str(equity)] for at, equity in curve.points],
            "fills": [[int(at.timestamp()), side, symbol] for at, side, symbol in curve.fills],
        }
    )


def _numbers(frame: Frame) -> dict[str, object]:
    page = frame.account
    return {
        "page": page,
        "positions": frame.positions,
        "numbers": frame.numbers,
        "team": team_note(account_id=page.id, time_zone=page.time_zone, now=CLOCK.now()),
        "orders": orders_at_work(account_id=page.id),
        "fills": newest_fills(account_id=page.id),
    }


def _conversation(page: AccountPage) -> dict[str, object]:
    turns = newest_turns(account_id=page.id)
    return {
        "page": page,
        "turns": turns,
        "alerts": alerts_in(turns=turns),
        "refusals": newest_refusals(account_id=page.id),
    }


def _after(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), tz=UTC) if text else None
