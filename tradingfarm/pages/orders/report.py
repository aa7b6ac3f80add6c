"""What an order cost beyond its price: the execution report."""

from dataclasses import dataclass
from decimal import Decimal

from trading.domain.states import Side
from trading.models import Order

BPS = Decimal(10_000)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Report:
    """What was expected and what was paid. All but the first are None before the first fill.

    `slippage` is of one unit, positive when it was worse than expected; `slippage_value` of all
    that was filled. `filled_pct` is whole, 0 to 100.
    """

    expected: Decimal
    worst: Decimal
    average: Decimal | None
    slippage: Decimal | None
    slippage_bps: Decimal | None
    slippage_value: Decimal | None
    value: Decimal
    fees: Decimal
    filled_pct: int


def report_of(order: Order) -> Report:
    """The report of an order as it stands."""
    average = order.filled_value / order.filled_quantity if order.filled_quantity else None
    worse = None
    if average is not None:
        worse = average - order.expected_price
        worse = worse if order.side == Side.BUY else -worse
    return Report(
        expected=order.expected_price,
        worst=order.worst_price,
        average=average,
        slippage=worse,
        slippage_bps=None if worse is None else worse / order.expected_price * BPS,
        slippage_value=None if worse is None else worse * order.filled_quantity,
        value=order.filled_value,
        fees=order.fees,
        filled_pct=int(order.filled_quantity / order.quantity * HUNDRED),
    )
