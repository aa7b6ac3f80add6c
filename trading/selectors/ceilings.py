"""The farm's ceilings, as its settings name them, and what they leave of a permission."""

from django.conf import settings

from trading.domain.book import FarmLimits, Limits, TradingHours
from trading.domain.ceilings import Ceilings, equal_part, scaled
from trading.domain.states import RiskLevel, WhenTainted
from trading.models import Permission
from tradingfarm.kernel.prepared import Row


def ceilings() -> Ceilings:
    """What no permission may go beyond, read anew each time."""
    return Ceilings(
        max_order_value=settings.MAX_ORDER_VALUE_CEILING,
        max_position_value=settings.MAX_POSITION_VALUE_CEILING,
        max_allocation_pct=settings.MAX_ALLOCATION_PCT_CEILING,
        max_daily_entries=settings.MAX_DAILY_ENTRIES_CEILING,
        max_daily_loss=settings.MAX_DAILY_LOSS_CEILING,
        max_open_positions=settings.MAX_OPEN_POSITIONS_CEILING,
        price_collar_pct=settings.PRICE_COLLAR_PCT_CEILING,
    )


def farm_limits() -> FarmLimits:
    """When the farm pauses entries, whoever asks for them."""
    return FarmLimits(
        max_volatility_pct=settings.MAX_VOLATILITY_PCT,
        max_crypto_volatility_pct=settings.MAX_CRYPTO_VOLATILITY_PCT,
        min_daily_volume=settings.MIN_DAILY_VOLUME,
        min_daily_notional=settings.MIN_CRYPTO_DAILY_NOTIONAL,
        max_volatility_index=settings.MAX_VOLATILITY_INDEX,
        judged_exits=settings.JUDGED_EXITS,
        max_average_loss=settings.MAX_AVERAGE_LOSS,
    )


def bound(limits: Limits) -> Limits:
    """The limits that count for an agent: its part of what the ceilings leave of each."""
    return scaled(ceilings().bound(limits), by=settings.AGENT_RISK_MULTIPLIER)


def effective_limits(permission: Permission, *, agents: int | None = None) -> Limits:
    """A permission's limits as the gate counts them.

    `agents` is the number of active permissions on its account; without it, it is counted where
    the agent has an equal part.
    """
    if agents is None and permission.agent_allocation_pct is None:
        agents = Permission.objects.filter(account=permission.account_id, active=True).count()
    return bound(limits_of(permission, agents=agents or 1))


def limits_of(row: Permission | Row, *, agents: int) -> Limits:
    """The limits of a permission as a person set them, from its model or a row of its columns."""
    part = row.agent_allocation_pct
    return Limits(
        agent_name=row.agent_name,
        active=row.active,
        max_order_value=row.max_order_value,
        max_position_value=row.max_position_value,
        max_allocation_pct=row.max_allocation_pct,
        max_daily_entries=row.max_daily_entries,
        max_daily_loss=row.max_daily_loss,
        max_open_positions=row.max_open_positions,
        allowed_symbols=tuple(row.allowed_symbols),
        blocked_symbols=tuple(row.blocked_symbols),
        price_collar_pct=row.price_collar_pct,
        stop_required=row.stop_required,
        hours=_hours(row),
        allowed_strategies=tuple(row.allowed_strategies),
        agent_allocation_pct=equal_part(agents=agents) if part is None else part,
        agent_allocation_value=row.agent_allocation_value,
        risk_level=RiskLevel(row.risk_level),
        confirm_above=row.confirm_above,
        min_seconds_between_entries=row.min_seconds_between_entries,
        when_tainted=WhenTainted(row.when_tainted),
        max_tainted_value=row.max_tainted_value,
    )


def _hours(row: Permission | Row) -> TradingHours | None:
    if row.hours_start is None or row.hours_end is None:
        return None
    return TradingHours(row.hours_start, row.hours_end, row.hours_zone)
