"""A venue's dead-man timer: it cancels all orders when we have not been heard of for a minute.

It would cancel protective stops too, which should stay exactly then. So it is decided for each
account: where a protective stop is at work the timer is switched off, so that other orders that
rest there stay too; everywhere else it is kept running while an order of the account is at work.
Without any order it may run out, there is nothing to cancel.
"""

from datetime import datetime, timedelta

from trading.domain.exchange import Exchange
from trading.domain.states import AT_WORK, OrderType, Source
from trading.models import Account
from tradingfarm.kernel.pace import Pace

TIMEOUT = timedelta(seconds=60)
REPEAT = timedelta(seconds=15)
OFF = timedelta(0)
"""A timeout that switches the timer off, at every venue that has one."""


def keep_alive(*, account: Account, exchange: Exchange, pace: Pace, at: datetime) -> None:
    """Say that we live, every 15 s of wall time `at`, for another minute; or have it switched off.

    To be called before anything is sent, so that the timer is off when the first stop gets there.
    `pace` is the loop's. Does nothing where the venue has no timer. Raises ExchangeUnavailable;
    it is tried again when the next turn is due, three times before the timer runs out.
    """
    if not exchange.capabilities.dead_man:
        return
    at_work = account.orders.filter(state__in=sorted(AT_WORK))
    kinds = set(at_work.values_list("source", "order_type").distinct())
    if not kinds:
        return
    stops = {(Source.PROTECTION, OrderType.STOP), (Source.PROTECTION, OrderType.STOP_LIMIT)}
    timeout = OFF if kinds & stops else TIMEOUT
    # Two names: the first stop to rest switches it off at once, not when the next turn is due.
    if pace.is_due(f"dead man {timeout} {account.id}", every=REPEAT, now=at):
        exchange.arm_dead_man(account_id=account.id, timeout=timeout)
