"""The limits of an account's agents with what is used of them, and what is held without a stop."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from market.models import Quote
from trading.domain.book import Limits
from trading.domain.protection import STOPS
from trading.domain.states import ProtectionState
from trading.models import Permission, PositionShare, Protection
from trading.selectors.ceilings import effective_limits
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.numbers import Use, use_of
from tradingfarm.pages.orders.spans import span_words


@dataclass(frozen=True)
class HeldShare:
    """One part of a position, worth its last price, its cost where there is none.

    `bare_since` is the wall time since which no working stop covers it, where that is measured;
    `bare_seconds` are those of the spans that have ended, `alarm_at` when people were told.
    """

    permission_id: UUID | None
    owner: str
    symbol: str
    sector: str
    instrument_id: UUID
    quantity: Decimal
    lot_size: Decimal
    value: Decimal
    profit: Decimal
    has_stop: bool
    bare_since: datetime | None
    bare_seconds: Decimal
    alarm_at: datetime | None

    def bare_for(self, *, at: datetime) -> str:
        """How long the present span has lasted at wall time `at`, in words; '' without one."""
        return span_words(at - self.bare_since) if self.bare_since else ""


@dataclass(frozen=True)
class Bare:
    """A share that nothing would sell by itself, and for how long, in words."""

    share: HeldShare
    span: str


@dataclass(frozen=True)
class Gauge:
    """What is held without a stop, the longest first, and the seconds of all ended spans."""

    bare: tuple[Bare, ...]
    seconds: Decimal

    @property
    def is_alarming(self) -> bool:
        return any(each.share.alarm_at for each in self.bare)


@dataclass(frozen=True)
class AgentLimits:
    """One permission with today's use of it. Limits are those that the gate counts: none above
    its ceiling, and of each the part that the farm gives its agents.

    `largest` is the agent's largest position against the most that one may be worth.
    """

    permission_id: UUID
    agent_id: UUID
    name: str
    active: bool
    entries: Use
    loss: Use
    largest: Use
    positions: Use
    order_value: Decimal
    allocation_pct: Decimal


def shares_of(*, account_id: UUID, feed_name: str) -> tuple[HeldShare, ...]:
    """Every part of every position that the account has or had, by symbol: one query."""
    quotes = Quote.objects.filter(
        feed=feed_name, instrument=OuterRef("position__instrument")
    ).values("last")
    stops = Protection.objects.filter(
        share=OuterRef("pk"),
        kind__in=sorted(STOPS),
        state__in=[ProtectionState.ARMED, ProtectionState.FIRED],
    )
    shares = (
        PositionShare.objects.filter(position__account=account_id)
        .select_related("position__instrument", "permission")
        .annotate(last=Subquery(quotes[:1]), has_stop=Exists(stops))
        .order_by("position__instrument__symbol", "id")
    )
    return tuple(map(_held, shares))


def _held(share: PositionShare) -> HeldShare:
    notes, instrument = vars(share), share.position.instrument
    value = share.cost if notes["last"] is None else share.quantity * notes["last"]
    return HeldShare(
        permission_id=share.permission_id,
        owner=share.permission.agent_name if share.permission else "By hand",
        symbol=instrument.symbol,
        sector=instrument.sector,
        instrument_id=instrument.id,
        quantity=share.quantity,
        lot_size=instrument.lot_size,
        value=value,
        profit=share.realised + value - share.cost,
        has_stop=notes["has_stop"],
        bare_since=share.unprotected_since,
        bare_seconds=share.unprotected_seconds,
        alarm_at=share.unprotected_alarm_at,
    )


def unprotected(shares: Sequence[HeldShare], *, at: datetime) -> Gauge:
    """What is held without a working stop at wall time `at`: measured to be so, or without any."""
    found = [share for share in shares if share.quantity > 0]
    bare = [share for share in found if share.bare_since or not share.has_stop]
    bare.sort(key=lambda share: (share.bare_since is None, share.bare_since or at, share.symbol))
    return Gauge(
        bare=tuple(Bare(share, share.bare_for(at=at)) for share in bare),
        seconds=sum((share.bare_seconds for share in shares), ZERO),
    )


def limits_of(
    *, account_id: UUID, day: date | None, shares: Sequence[HeldShare]
) -> tuple[AgentLimits, ...]:
    """All permissions, active ones first; `day` is the account's trading day. One query."""
    owned: Mapping[UUID | None, list[HeldShare]] = defaultdict(list)
    for share in shares:
        owned[share.permission_id].append(share)
    found = Permission.objects.filter(account=account_id).order_by("-active", "agent_name")
    permissions = list(found)
    agents = sum(permission.active for permission in permissions)
    return tuple(
        _limits(permission, effective_limits(permission, agents=agents), day, owned[permission.id])
        for permission in permissions
    )


def _limits(
    permission: Permission, counted: Limits, day: date | None, shares: Sequence[HeldShare]
) -> AgentLimits:
    profit = sum((share.profit for share in shares), ZERO)
    is_today = day is not None and permission.day == day
    lost = max(permission.day_start_pnl - profit, ZERO) if is_today else ZERO
    held = [share.value for share in shares if share.quantity > 0]
    return AgentLimits(
        permission_id=permission.id,
        agent_id=permission.agent_id,
        name=permission.agent_name,
        active=permission.active,
        entries=_use(counted.max_daily_entries, permission.entries_today if is_today else 0),
        loss=_use(counted.max_daily_loss, lost),
        largest=_use(counted.max_position_value, max(held, default=ZERO)),
        positions=_use(counted.max_open_positions, len(held)),
        order_value=counted.max_order_value,
        allocation_pct=counted.max_allocation_pct,
    )


def _use(limit: Decimal | int, used: Decimal | int) -> Use:
    return use_of(used=Decimal(used), limit=Decimal(limit))
