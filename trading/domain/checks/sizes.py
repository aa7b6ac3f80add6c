"""How much: of one order, one position, one agent, one sector. Buys at work count in full."""

from decimal import Decimal

from trading.domain.book import HUNDRED, Limits
from trading.domain.checks.case import Case, Check, Code, money, not_asked
from trading.domain.states import WhenTainted
from tradingfarm.kernel.money import ZERO


def order_size(case: Case) -> Check:
    """The order's value at the worst price against the permission's largest order."""
    limits = _binding(case)
    if limits is None:
        return not_asked(case, Code.ORDER_SIZE)
    return _sized(case, Code.ORDER_SIZE, held=ZERO, limit=limits.max_order_value)


def position_size(case: Case) -> Check:
    """The agent's part of the position after the order, with all of its buys at work."""
    limits = _binding(case)
    if limits is None:
        return not_asked(case, Code.POSITION_SIZE)
    holding = case.book.holding(case.request.instrument_id)
    held = holding.share.quantity * case.last + holding.share_buying_cash
    return _sized(case, Code.POSITION_SIZE, held=held, limit=limits.max_position_value)


def allocation(case: Case) -> Check:
    """The whole position after the order, with all buys at work, as a share of equity."""
    limits = _binding(case)
    if limits is None:
        return not_asked(case, Code.ALLOCATION)
    holding = case.book.holding(case.request.instrument_id)
    held = holding.position.quantity * case.last + holding.buying_cash
    limit = case.book.equity * limits.max_allocation_pct / HUNDRED
    return _sized(case, Code.ALLOCATION, held=held, limit=limit)


def agent_allocation(case: Case) -> Check:
    """All of the agent's positions after the order, with its buys at work, against its part."""
    limits = _binding(case)
    if limits is None:
        return not_asked(case, Code.AGENT_ALLOCATION)
    limit = case.book.equity * limits.agent_allocation_pct / HUNDRED
    if limits.agent_allocation_value is not None:
        limit = min(limit, limits.agent_allocation_value)
    return _sized(case, Code.AGENT_ALLOCATION, held=case.book.agent_value, limit=limit)


def sector(case: Case) -> Check:
    """All positions of the instrument's sector after the order, as a share of equity.

    An instrument whose sector is not known is not bound.
    """
    name = case.terms.sector
    if not case.is_entry or not name:
        return not_asked(case, Code.SECTOR)
    limit = case.book.equity * case.book.account_limits.max_sector_pct / HUNDRED
    return _sized(case, Code.SECTOR, held=case.book.sector_value(name), limit=limit)


def tainted(case: Case) -> Check:
    """What rests on text from outside is smaller than other entries, or is none."""
    limits = _binding(case)
    if limits is None or not case.request.is_tainted:
        return not_asked(case, Code.TAINTED)
    if limits.when_tainted is WhenTainted.DENY:
        return Check(Code.TAINTED, "rests on text from outside", "none may", passed=False)
    if limits.max_tainted_value is None:
        return Check(Code.TAINTED, "rests on text from outside", "may", passed=True)
    return _sized(case, Code.TAINTED, held=ZERO, limit=limits.max_tainted_value)


def _binding(case: Case) -> Limits | None:
    """The permission's limits where they bind: sizes are limited of entries alone."""
    return case.book.limits if case.is_entry else None


def _sized(case: Case, code: Code, *, held: Decimal, limit: Decimal) -> Check:
    value = held + case.worst_value
    return Check(code, money(value), money(limit), value <= limit, case.units(limit - held))
