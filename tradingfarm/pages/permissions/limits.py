"""A permission as rows to look at: each limit with its unit, its ceiling and today's use."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from trading.domain.ceilings import Ceilings
from trading.models import Permission
from trading.selectors.ceilings import ceilings
from tradingfarm.pages.dashboard.numbers import Use, use_of
from tradingfarm.pages.permissions.usage import Usage, usages_of

COUNTS = frozenset({"max_daily_entries", "max_open_positions"})
LABELS = {
    "max_order_value": "Largest order",
    "max_position_value": "Largest position",
    "max_allocation_pct": "Largest share in one instrument",
    "max_daily_entries": "Entries a day",
    "max_daily_loss": "Loss a day",
    "max_open_positions": "Open positions",
    "price_collar_pct": "Price collar",
}
NOTES = {
    "max_order_value": "The value of one order at its worst price.",
    "max_position_value": "What this agent may have in one instrument, with its buys at work.",
    "max_allocation_pct": "Of the account, all agents together, with buys at work.",
    "max_daily_entries": "Buys that were approved; exits are never counted.",
    "max_daily_loss": "Realised and open, net of fees. Reached, this agent enters no more today.",
    "max_open_positions": "Instruments that it holds or is buying.",
    "price_collar_pct": "How far from the last price an order may still be filled.",
}
PERCENT = frozenset({"max_allocation_pct", "price_collar_pct"})


@dataclass(frozen=True)
class LimitRow:
    """One limit. `value` is what the person set, `counts` what binds: the smaller of it and the
    ceiling. `use` is None where nothing is used up, as with the size of one order."""

    name: str
    label: str
    note: str
    unit: str
    value: Decimal
    ceiling: Decimal
    counts: Decimal
    use: Use | None
    is_count: bool

    @property
    def is_bound(self) -> bool:
        """Whether the ceiling binds tighter than what was set."""
        return self.ceiling < self.value


@dataclass(frozen=True)
class PermissionPage:
    """What an agent may do on one account, and what it has done of that today."""

    id: UUID
    account_id: UUID
    account: str
    active: bool
    version: int
    rows: tuple[LimitRow, ...]
    allowed: tuple[str, ...]
    blocked: tuple[str, ...]
    stop_required: bool
    hours: str


def permission_pages(*, permissions: Sequence[Permission]) -> tuple[PermissionPage, ...]:
    """The permissions in their order, which come with their accounts. Three queries."""
    usages, top = usages_of(permissions=permissions), ceilings()
    return tuple(_page(permission, usages[permission.id], top) for permission in permissions)


def unit_of(*, name: str, currency: str) -> str:
    """What a limit is counted in: money, percent, or nothing for a number of things."""
    if name in COUNTS:
        return ""
    return "%" if name in PERCENT else currency


def _page(permission: Permission, usage: Usage, top: Ceilings) -> PermissionPage:
    return PermissionPage(
        id=permission.id,
        account_id=permission.account_id,
        account=permission.account.name,
        active=permission.active,
        version=permission.version,
        rows=limit_rows(permission=permission, usage=usage, top=top),
        allowed=tuple(permission.allowed_symbols),
        blocked=tuple(permission.blocked_symbols),
        stop_required=permission.stop_required,
        hours=hours_words(permission),
    )


def limit_rows(*, permission: Permission, usage: Usage, top: Ceilings) -> tuple[LimitRow, ...]:
    """The seven limits that have a ceiling."""
    used = _used(usage)
    return tuple(
        _row(name, Decimal(getattr(permission, name)), permission, used.get(name), top)
        for name in LABELS
    )


def _used(usage: Usage) -> dict[str, Decimal]:
    return {
        "max_position_value": usage.largest_position,
        "max_allocation_pct": usage.largest_pct,
        "max_daily_entries": Decimal(usage.entries),
        "max_daily_loss": usage.loss,
        "max_open_positions": Decimal(usage.open_positions),
    }


def _row(
    name: str, value: Decimal, permission: Permission, used: Decimal | None, top: Ceilings
) -> LimitRow:
    counts = top.smaller(name, value)
    return LimitRow(
        name=name,
        label=LABELS[name],
        note=NOTES[name],
        unit=unit_of(name=name, currency=permission.account.base_currency),
        value=value,
        ceiling=Decimal(top.of(name)),
        counts=counts,
        use=None if used is None else use_of(used=used, limit=counts),
        is_count=name in COUNTS,
    )


def hours_words(permission: Permission) -> str:
    """When entries may be made, such as '09:30 to 16:00, New York time'."""
    if permission.hours_start is None or permission.hours_end is None:
        return "at any time that the market is open"
    zone = permission.hours_zone.rpartition("/")[2].replace("_", " ")
    return f"{permission.hours_start:%H:%M} to {permission.hours_end:%H:%M}, {zone} time"
