"""The limits of an account's agents with what is used of them, and what is held without a stop."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from market.models import Quote
from trading.domain.states import ProtectionKind, ProtectionState
from trading.models import Permission, PositionShare, Protection
from trading.selectors.ceilings import ceilings
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.numbers import Use, use_of


@dataclass(frozen=True)
class HeldShare:
    """One part of a position, worth its last price, its cost where there is none."""

    permission_id: UUID | None
    owner: str
    symbol: str
    instrument_id: UUID
    quantity: Decimal
    lot_size: Decimal
    value: Decimal
    profit: Decimal
    has_stop: bool


@dataclass(frozen=True)
class AgentLimits:
    """One permission with today's use of it. Limits are those that count: none above its ceiling.

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
        kind=ProtectionKind.STOP_LOSS,
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
        instrument_id=instrument.id,
        quantity=share.quantity,
        lot_size=instrument.lot_size,
        value=value,
        profit=share.realised + value - share.cost,
        has_stop=notes["has_stop"],
    )


def unprotected(shares: Iterable[HeldShare]) -> tuple[HeldShare, ...]:
    """Those that are held without a stop-loss."""
    return tuple(share for share in shares if share.quantity > 0 and not share.has_stop)


def limits_of(
    *, account_id: UUID, day: date | None, shares: Sequence[HeldShare]
) -> tuple[AgentLimits, ...]:
    """All permissions, active ones first; `day` is the account's trading day. One query."""
    owned: Mapping[UUID | None, list[HeldShare]] = defaultdict(list)
    for share in shares:
        owned[share.permission_id].append(share)
    permissions = Permission.objects.filter(account=account_id).order_by("-active", "agent_name")
    return tuple(_limits(permission, day, owned[permission.id]) for permission in permissions)


def _limits(permission: Permission, day: date | None, shares: Sequence[HeldShare]) -> AgentLimits:
    profit = sum((share.profit for share in shares), ZERO)
    is_today = day is not None and permission.day == day
    lost = max(permission.day_start_pnl - profit, ZERO) if is_today else ZERO
    held = [share.value for share in shares if share.quantity > 0]
    return AgentLimits(
        permission_id=permission.id,
        agent_id=permission.agent_id,
        name=permission.agent_name,
        active=permission.active,
        entries=_use(permission, "max_daily_entries", permission.entries_today if is_today else 0),
        loss=_use(permission, "max_daily_loss", lost),
        largest=_use(permission, "max_position_value", max(held, default=ZERO)),
        positions=_use(permission, "max_open_positions", len(held)),
        order_value=_limit(permission, "max_order_value"),
        allocation_pct=_limit(permission, "max_allocation_pct"),
    )


def _use(permission: Permission, name: str, used: Decimal | int) -> Use:
    return use_of(used=Decimal(used), limit=_limit(permission, name))


def _limit(permission: Permission, name: str) -> Decimal:
    return ceilings().smaller(name, Decimal(getattr(permission, name)))
