"""When performance is measured: at the end of market days, and each minute where something is new.

What agents' models cost is known here, and what trading they did one layer below.
"""

import logging
from datetime import datetime
from uuid import UUID

from agents.selectors.costs import account_costs
from market.selectors.clocks import market_times
from trading.domain.ledger import Oversold
from trading.models import Account
from trading.selectors.performance import due_accounts
from trading.services.performance import snapshot_performance

logger = logging.getLogger(__name__)


def measure_due(*, at: datetime) -> int:
    """Measure every account with something new since it was measured last; returns how many.

    `at` is wall time. One query where nothing is new.
    """
    due = due_accounts(at=at)
    times = market_times(feed_names={each.feed_name for each in due}, at=at) if due else {}
    for each in due:
        _measure(each.account_id, now=times[each.feed_name], at=at)
    return len(due)


def measure_feed(*, feed_name: str, now: datetime, at: datetime) -> None:
    """Measure every account of a feed at market time `now`, at the last prices of a day.

    May run inside the caller's transaction(), after the day's equity was stored.
    """
    accounts = Account.objects.filter(feed=feed_name).order_by("id")
    for account_id in accounts.values_list("id", flat=True):
        _measure(account_id, now=now, at=at)


def _measure(account_id: UUID, *, now: datetime, at: datetime) -> None:
    """One account; impossible fills of it keep nobody else from being measured."""
    costs = account_costs(account_id=account_id)
    try:
        snapshot_performance(account_id=account_id, now=now, at=at, model_costs=costs)
    except Oversold as error:
        logger.error("%s cannot be measured: %s", account_id, error)  # noqa: TRY400 - it says it all
