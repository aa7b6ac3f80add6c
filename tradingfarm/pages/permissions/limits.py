"""A permission as rows to look at: each limit with its unit, its ceiling and today's use."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import Count

from trading.domain.book import HUNDRED, Limits
from trading.domain.ceilings import Ceilings
from trading.domain.states import RiskLevel, WhenTainted
from trading.models import Permission
from trading.selectors.ceilings import ceilings, effective_limits
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
RISK_WORDS: Mapping[str, str] = {
    RiskLevel.LOW: "low alone",
    RiskLevel.MEDIUM: "low and medium",
    RiskLevel.HIGH: "any, high too",
}
"""What an agent may rate its own order without a person being asked."""
TAINTED_WORDS: Mapping[str, str] = {
    WhenTainted.ALLOW: "pass like others",
    WhenTainted.CONFIRM: "wait for a person",
    WhenTainted.DENY: "are refused",
}


@dataclass(frozen=True)
class LimitRow:
    """One limit. `value` is what the person set, `counts` what binds: the smaller of it and the
    ceiling, and of that the part that the farm gives its agents, `scale`. `use` is None where
    nothing is used up, as with the size of one order."""

    name: str
    label: str
    note: str
    unit: str
    value: Decimal
    ceiling: Decimal
    counts: Decimal
    use: Use | None
    is_count: bool
    scale: Decimal

    @property
    def is_bound(self) -> bool:
        """Whether the ceiling binds tighter than what was set."""
        return self.ceiling < self.value

    @property
    def is_scaled(self) -> bool:
        """Whether an agent is given only a part of it."""
        return self.counts < min(self.value, self.ceiling)


@dataclass(frozen=True)
class PartRow:
    """What all of an agent's positions may be worth together, as the gate counts it.

    `percent` is of the account; `is_equal` where nobody set it, and each agent has the same.
    `most` is in money, at what the account is worth now.
    """

    percent: Decimal
    is_equal: bool
    value: Decimal | None
    most: Decimal
    use: Use
    is_scaled: bool
    scale: Decimal


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
    part: PartRow
    rest: tuple[tuple[str, str], ...]


def permission_pages(*, permissions: Sequence[Permission]) -> tuple[PermissionPage, ...]:
    """The permissions in their order, which come with their accounts. Four queries."""
    usages, top = usages_of(permissions=permissions), ceilings()
    agents = active_agents({permission.account_id for permission in permissions})
    return tuple(
        _page(
            permission,
            usages[permission.id],
            top,
            effective_limits(permission, agents=agents.get(permission.account_id, 1)),
        )
        for permission in permissions
    )


def active_agents(accounts: Iterable[UUID]) -> dict[UUID, int]:
    """How many agents have an active permission on each account. One query."""
    active = Permission.objects.filter(account__in=list(accounts), active=True).order_by()
    return dict(active.values_list("account").annotate(Count("id")))


def unit_of(*, name: str, currency: str) -> str:
    """What a limit is counted in: money, percent, or nothing for a number of things."""
    if name in COUNTS:
        return ""
    return "%" if name in PERCENT else currency


def _page(permission: Permission, usage: Usage, top: Ceilings, counted: Limits) -> PermissionPage:
    return PermissionPage(
        id=permission.id,
        account_id=permission.account_id,
        account=permission.account.name,
        active=permission.active,
        version=permission.version,
        rows=_limit_rows(permission, usage, top, counted),
        allowed=tuple(permission.allowed_symbols),
        blocked=tuple(permission.blocked_symbols),
        stop_required=permission.stop_required,
        hours=hours_words(permission),
        part=_part(permission, usage, counted),
        rest=_rest(permission),
    )


def _limit_rows(
    permission: Permission, usage: Usage, top: Ceilings, counted: Limits
) -> tuple[LimitRow, ...]:
    """The seven limits that have a ceiling."""
    used = _used(usage)
    return tuple(_row(name, permission, used.get(name), top, counted) for name in LABELS)


def _part(permission: Permission, usage: Usage, counted: Limits) -> PartRow:
    most = usage.equity * counted.agent_allocation_pct / HUNDRED
    if counted.agent_allocation_value is not None:
        most = min(most, counted.agent_allocation_value)
    return PartRow(
        percent=counted.agent_allocation_pct,
        is_equal=permission.agent_allocation_pct is None,
        value=counted.agent_allocation_value,
        most=most,
        use=use_of(used=usage.invested, limit=most),
        is_scaled=scale() < 1,
        scale=scale(),
    )


def _rest(permission: Permission) -> tuple[tuple[str, str], ...]:
    """What has no ceiling and no use, as words."""
    currency = permission.account.base_currency
    above, tainted = permission.confirm_above, permission.max_tainted_value
    outside = TAINTED_WORDS[permission.when_tainted]
    if tainted is not None and permission.when_tainted != WhenTainted.DENY:
        outside += f", up to {tainted:,.2f} {currency}"
    waits = permission.min_seconds_between_entries
    return (
        ("A person confirms", "none" if above is None else f"above {above:,.2f} {currency}"),
        ("Risk without a person", RISK_WORDS[permission.risk_level]),
        ("Entries on outside text", outside),
        ("Between entries", f"{waits} s at least" if waits else "no wait"),
        ("Strategies", ", ".join(permission.allowed_strategies) or "any"),
    )


def scale() -> Decimal:
    """The part of their limits that the farm gives its agents, at most all."""
    return min(settings.AGENT_RISK_MULTIPLIER, Decimal(1))


def _used(usage: Usage) -> dict[str, Decimal]:
    return {
        "max_position_value": usage.largest_position,
        "max_allocation_pct": usage.largest_pct,
        "max_daily_entries": Decimal(usage.entries),
        "max_daily_loss": usage.loss,
        "max_open_positions": Decimal(usage.open_positions),
    }


def _row(
    name: str, permission: Permission, used: Decimal | None, top: Ceilings, counted: Limits
) -> LimitRow:
    counts = Decimal(getattr(counted, name))
    return LimitRow(
        name=name,
        label=LABELS[name],
        note=NOTES[name],
        unit=unit_of(name=name, currency=permission.account.base_currency),
        value=Decimal(getattr(permission, name)),
        ceiling=Decimal(top.of(name)),
        counts=counts,
        use=None if used is None else use_of(used=used, limit=counts),
        is_count=name in COUNTS,
        scale=scale(),
    )


def hours_words(permission: Permission) -> str:
    """When entries may be made, such as '09:30 to 16:00, New York time'."""
    if permission.hours_start is None or permission.hours_end is None:
        return "at any time that the market is open"
    zone = permission.hours_zone.rpartition("/")[2].replace("_", " ")
    return f"{permission.hours_start:%H:%M} to {permission.hours_end:%H:%M}, {zone} time"
