"""The account's page: its state, its limits with their use, and what its exchange assumes."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trading.domain.matching import IMPACT_BPS
from trading.models import Account
from tradingfarm.pages.accounts.limits import limits_of, shares_of, unprotected
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.stopping.resumption import may_resume
from tradingfarm.people.access import access, person_of
from tradingfarm.people.models import Role

MOVEMENTS, STOPS = 50, 20
HUNDRED = 100


@access(Role.VIEWER, owns="account")
def settings(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Everything about one account that is no trade of it."""
    frame = frame_of(request, account_id=account_id)
    page = frame.account
    account = Account.objects.get(id=page.id)
    shares = shares_of(account_id=page.id, feed_name=page.feed_name)
    context = {
        "page": page,
        "account": account,
        "fee_pct": account.fee_rate * HUNDRED,
        "impact_bps": IMPACT_BPS,
        "limits": limits_of(account_id=page.id, day=account.day, shares=shares),
        "unprotected": unprotected(shares),
        "movements": account.movements.order_by("-at", "-id")[:MOVEMENTS],
        "stops": account.stops.order_by("-at", "-epoch")[:STOPS],
        "may_resume": may_resume(person=person_of(request), account=account),
    }
    return render(request, "accounts/settings.html", context)
