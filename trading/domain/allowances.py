"""What an agent is given to begin with, in money of its account."""

from collections.abc import Mapping
from datetime import time
from decimal import Decimal

from trading.domain.book import HUNDRED
from trading.domain.ceilings import BOUNDED, Ceilings
from tradingfarm.kernel.money import CENT, floor_to_step

ORDER_VALUE = Decimal(10_000)
POSITION_PCT = Decimal(25)
DAILY_LOSS_PCT = Decimal(5)
DAILY_ENTRIES = 10
OPEN_POSITIONS = 5
COLLAR_PCT = Decimal(2)
CONFIRM_ABOVE = Decimal(10_000)
STANDARD_HOURS: Mapping[str, object] = {
    "hours_start": time(9, 30),
    "hours_end": time(16, 0),
    "hours_zone": "America/New_York",
}


def standard_limits(*, money: Decimal, ceilings: Ceilings) -> dict[str, object]:
    """The limits of a new trading session on an account that is worth `money`.

    A quarter of it for a position, a twentieth for a day's loss, ten entries a day, stops, and
    New York's hours; nothing above the farm's ceilings. Whoever allows larger orders is asked to
    confirm each.
    """
    limits: dict[str, Decimal | int] = {
        "max_order_value": ORDER_VALUE,
        "max_position_value": share_of(money, percent=POSITION_PCT),
        "max_allocation_pct": POSITION_PCT,
        "max_daily_entries": DAILY_ENTRIES,
        "max_daily_loss": share_of(money, percent=DAILY_LOSS_PCT),
        "max_open_positions": OPEN_POSITIONS,
        "price_collar_pct": COLLAR_PCT,
    }
    return {name: min(limits[name], ceilings.of(name)) for name in BOUNDED} | {
        "stop_required": True,
        "confirm_above": CONFIRM_ABOVE,
        **STANDARD_HOURS,
    }


def share_of(money: Decimal, *, percent: Decimal) -> Decimal:
    """A percentage of money, down to the cent and never nothing: a limit is positive."""
    return max(floor_to_step(money * percent / HUNDRED, CENT), CENT)
