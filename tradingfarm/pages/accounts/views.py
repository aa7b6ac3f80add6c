"""The account's page: its state, its limits with their use, and what its exchange assumes."""

from uuid import UUID

from django.conf import settings as farm_settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trading.domain.matching import IMPACT_BPS
from trading.services.live import Hands
from trading.services.paper_switches import PaperSwitch
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.accounts.account_limits import Affairs, account_limits, busiest_minute
from tradingfarm.pages.accounts.limits import limits_of, shares_of, unprotected
from tradingfarm.pages.accounts.standing import Standing, standing_of
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.stopping.resumption import may_resume
from tradingfarm.people.access import access, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
MOVEMENTS, STOPS = 50, 20
HUNDRED = 100


@access(Role.VIEWER, owns="account")
def settings(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Everything about one account that is no trade of it."""
    frame = frame_of(request, account_id=account_id)
    page, at = frame.account, CLOCK.now()
    standing = standing_of(account_id=page.id, at=at)
    account = standing.account
    shares = shares_of(account_id=page.id, feed_name=page.feed_name)
    limits = limits_of(account_id=page.id, day=account.day, shares=shares)
    now = page.clock.as_of or at
    attempts = busiest_minute(account=account, agents=len(limits), now=now)
    affairs = Affairs(account, frame.numbers, shares, attempts)
    context = {
        "page": page,
        "tab": "settings",
        "account": account,
        "standing": standing,
        "hands": _hands(standing),
        "account_limits": account_limits(affairs),
        "limits": limits,
        "gauge": unprotected(shares, at=at),
        "movements": account.movements.order_by("-at", "-id")[:MOVEMENTS],
        "stops": account.stops.order_by("-at", "-epoch")[:STOPS],
        "may_resume": may_resume(person=person_of(request), account=account),
        **_assumptions(standing),
    }
    return render(request, "accounts/settings.html", context)


def _hands(standing: Standing) -> Hands:
    return Hands(
        trading_enabled=farm_settings.ENABLE_AGENT_TRADING,
        mode_is_live=farm_settings.AGENT_TRADING_MODE == "live",
        confirmed_until=standing.confirmed_until,
    )


def _assumptions(standing: Standing) -> dict[str, object]:
    """What the paper exchange does with an order, and its switches."""
    account = standing.account
    return {
        "taker_pct": account.fee_rate * HUNDRED,
        "maker_pct": account.maker_fee_rate * HUNDRED,
        "impact_bps": IMPACT_BPS,
        "switches": (
            (PaperSwitch.REJECTS, "Refuse every new order", account.rejects_orders),
            (PaperSwitch.OUTAGE, "Do not answer at all", account.is_out),
        ),
    }
