"""What the proposing agent holds and may still do, as a context says it."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from agents.domain.contexts import HoldingView, LimitsView, PortfolioView
from trading.domain.states import Side
from trading.models import Account, Order, Permission
from trading.selectors.ceilings import effective_limits
from trading.selectors.portfolios import Held, portfolio
from tradingfarm.kernel.money import CENT, ZERO, plain

NO_PERMISSION = LimitsView(
    max_order_value=ZERO,
    max_position_value=ZERO,
    max_allocation_pct=ZERO,
    max_open_positions=0,
    entries_left=0,
    max_daily_loss=ZERO,
    daily_loss_left=ZERO,
    stop_required=True,
    blocked="the proposing agent has no permission on this account.",
)

Entry = tuple[str, datetime]


def portfolio_view(*, account: Account, permission: Permission | None) -> PortfolioView:
    """The account's money and the part of its positions that the permission's agent owns."""
    found = portfolio(account_id=account.id)
    own = [held for held in found.positions if permission and held.permission_id == permission.id]
    entries = _entries(permission)
    return PortfolioView(
        currency=found.currency,
        cash=found.cash,
        buying_power=found.cash - found.reserved,
        equity=_cents(found.equity),
        exposure=_cents(found.exposure),
        day_pnl=_cents(found.day_pnl),
        holdings=tuple(_holding(held, entries.get(held.instrument_id)) for held in own),
    )


def limits_view(*, permission: Permission | None, day_pnl: Decimal) -> LimitsView:
    """The limits that count for the agent, with what is left of them today; without one, nothing.

    They are the permission's within the ceilings, and the farm's part of these for agents.
    """
    if permission is None:
        return NO_PERMISSION
    is_today = permission.day == permission.account.day
    used = permission.entries_today if is_today else 0
    lost = max(-day_pnl, ZERO)
    counted = effective_limits(permission)
    return LimitsView(
        max_order_value=counted.max_order_value,
        max_position_value=counted.max_position_value,
        max_allocation_pct=counted.max_allocation_pct,
        max_open_positions=counted.max_open_positions,
        entries_left=max(counted.max_daily_entries - used, 0),
        max_daily_loss=counted.max_daily_loss,
        daily_loss_left=max(counted.max_daily_loss - lost, ZERO),
        stop_required=permission.stop_required,
        blocked="" if permission.active else "the proposing agent's permission is switched off.",
    )


def _entries(permission: Permission | None) -> dict[UUID, Entry]:
    """For each instrument the strategy and market time of the newest buy that was filled."""
    if permission is None:
        return {}
    newest = (
        Order.objects.filter(permission=permission, side=Side.BUY, filled_quantity__gt=0)
        .order_by("instrument_id", "-as_of", "-id")
        .distinct("instrument_id")
    )
    rows = newest.values_list("instrument_id", "strategy", "as_of")
    return {instrument: (strategy, as_of) for instrument, strategy, as_of in rows}


def _holding(held: Held, entry: Entry | None) -> HoldingView:
    strategy, opened_at = entry if entry else ("", None)
    return HoldingView(
        symbol=held.symbol,
        quantity=Decimal(plain(held.quantity)),
        average_cost=held.average_cost.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN),
        value=_cents(held.value),
        unrealised_pct=_cents(held.unrealised_pct),
        stop_loss=held.stop_loss,
        take_profit=held.take_profit,
        strategy=strategy,
        opened_at=opened_at,
    )


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_EVEN)
