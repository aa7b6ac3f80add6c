"""Pages: each view parses, asks for what it shows, and answers."""

from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradingfarm.dashboard.accounts import AccountPage, account_page
from tradingfarm.dashboard.conversation import alerts_in, newest_turns
from tradingfarm.dashboard.curve import equity_curve
from tradingfarm.dashboard.numbers import numbers_of
from tradingfarm.dashboard.orders import newest_fills, newest_refusals, orders_at_work
from tradingfarm.dashboard.positions import position_rows
from tradingfarm.dashboard.team import team_note
from tradingfarm.kernel.clock import SystemClock

CLOCK = SystemClock()


@require_safe
@never_cache
def dashboard(request: HttpRequest, account_id: UUID | None = None) -> HttpResponse:
    """The dashboard of one account, by default the person's first; says what to do without any."""
    page = _page(request, account_id)
    if page is None and account_id is not None:
        raise Http404("You have no such account.")
    if page is None:
        return render(request, "dashboard/no_account.html")
    return render(
        request, "dashboard/index.html", _numbers(page) | _conversation(page) | {"page": page}
    )


@require_safe
@never_cache
def dashboard_numbers(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The fragment with money, risk, positions, orders and fills."""
    page = _own_page(request, account_id)
    return render(
        request, "dashboard/_numbers_update.html", _numbers(page) | {"page": page, "update": True}
    )


@require_safe
@never_cache
def dashboard_conversation(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The fragment with the conversation, alerts and refusals."""
    page = _own_page(request, account_id)
    return render(request, "dashboard/_conversation.html", _conversation(page) | {"page": page})


@require_safe
@never_cache
def dashboard_equity(request: HttpRequest, account_id: UUID) -> JsonResponse:
    """The equity curve, after `?after=<Unix seconds of market time>` where given."""
    try:
        after = _after(request.GET.get("after", ""))
    except (ValueError, OverflowError, OSError):
        return JsonResponse({"error": "`after` is a time in whole Unix seconds."}, status=400)
    page = _own_page(request, account_id)
    curve = equity_curve(account_id=page.id, after=after)
    return JsonResponse(
        {
            "points": [[int(at.timestamp()), str(equity)] for at, equity in curve.points],
            "fills": [[int(at.timestamp()), side, symbol] for at, side, symbol in curve.fills],
        }
    )


@require_safe
@login_not_required
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process answers at all; asks nothing of the database."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve pages: the database answers it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database", content_type="text/plain", status=503)
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@login_not_required
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for an icon on pages that name none, such as the admin's."""
    return redirect(static("mark.svg"))


def _page(request: HttpRequest, account_id: UUID | None) -> AccountPage | None:
    owner_id = request.user.pk
    if owner_id is None:
        raise PermissionDenied
    return account_page(owner_id=owner_id, account_id=account_id, now=CLOCK.now())


def _own_page(request: HttpRequest, account_id: UUID) -> AccountPage:
    page = _page(request, account_id)
    if page is None:
        raise Http404("You have no such account.")
    return page


def _numbers(page: AccountPage) -> dict[str, object]:
    positions = position_rows(account_id=page.id, feed_name=page.feed_name)
    return {
        "positions": positions,
        "numbers": numbers_of(page=page, positions=positions),
        "team": team_note(account_id=page.id, time_zone=page.time_zone, now=CLOCK.now()),
        "orders": orders_at_work(account_id=page.id),
        "fills": newest_fills(account_id=page.id),
    }


def _conversation(page: AccountPage) -> dict[str, object]:
    turns = newest_turns(account_id=page.id)
    return {
        "turns": turns,
        "alerts": alerts_in(turns=turns),
        "refusals": newest_refusals(account_id=page.id),
    }


def _after(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), tz=UTC) if text else None
