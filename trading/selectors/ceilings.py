"""The farm's ceilings, as its settings name them."""

from django.conf import settings

from trading.domain.ceilings import Ceilings


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
