"""How many and how often. A slice was counted with its whole, a replacement with the replaced."""

from datetime import timedelta

from trading.domain.checks.case import Case, Check, Code, not_asked
from trading.domain.states import Source

DUPLICATE_WINDOW = timedelta(seconds=60)
RATE_WINDOW = timedelta(seconds=60)
NEVER_SLOWED = (Source.PROTECTION, Source.LIQUIDATION)


def daily_entries(case: Case) -> Check:
    """Entries approved today, this one with them."""
    limits = case.book.limits
    if limits is None or not case.is_entry or case.is_counted:
        return not_asked(case, Code.DAILY_ENTRIES)
    used = case.book.usage.entries + 1
    return Check(
        Code.DAILY_ENTRIES,
        str(used),
        str(limits.max_daily_entries),
        used <= limits.max_daily_entries,
    )


def open_positions(case: Case) -> Check:
    """Instruments that the agent would hold or be buying after this order."""
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return not_asked(case, Code.OPEN_POSITIONS)
    busy = {
        key
        for key, holding in case.book.holdings.items()
        if holding.share.quantity > 0 or holding.share_buying_cash > 0
    }
    number = len(busy | {case.request.instrument_id})
    return Check(
        Code.OPEN_POSITIONS,
        str(number),
        str(limits.max_open_positions),
        number <= limits.max_open_positions,
    )


def duplicate(case: Case) -> Check:
    """The agent has no order at work in this symbol and side, and none alike within a minute.

    The order that this one replaces is no other one.
    """
    request = case.request
    if not case.is_agents or case.is_slice:
        return Check(Code.DUPLICATE, request.source.value, "", passed=True)
    alike = sum(
        1
        for order in case.book.recent
        if order.instrument_id == request.instrument_id
        and order.side is request.side
        and (request.replaces_id is None or order.order_id != request.replaces_id)
        and (
            order.at_work
            or (order.quantity == request.quantity and case.now - order.as_of < DUPLICATE_WINDOW)
        )
    )
    return Check(Code.DUPLICATE, str(alike), "0", alike == 0)


def order_rate(case: Case) -> Check:
    """The account's orders within a minute of market time, this one with them."""
    request = case.request
    free = request.source in NEVER_SLOWED or not (case.is_entry or case.is_agents)
    if free or case.is_slice:
        return not_asked(case, Code.ORDER_RATE)
    number, most = case.book.orders_last_minute + 1, case.book.account_limits.max_orders_per_minute
    return Check(Code.ORDER_RATE, f"{number} a minute", f"{most} a minute", number <= most)


def cooldown(case: Case) -> Check:
    """The time since the agent's last entry, in market time."""
    limits, last = case.book.limits, case.book.usage.last_entry_as_of
    if limits is None or not case.is_entry or case.is_counted:
        return not_asked(case, Code.COOLDOWN)
    least = limits.min_seconds_between_entries
    if last is None:
        return Check(Code.COOLDOWN, "no entry yet", f"{least} s", passed=True)
    waited = (case.now - last).total_seconds()
    return Check(Code.COOLDOWN, f"{waited:.0f} s", f"{least} s", least == 0 or waited >= least)
