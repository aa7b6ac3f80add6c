"""How well an order was executed: against the price that was expected when it was approved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.ledger import PRECISION
from trading.domain.states import Side
from tradingfarm.kernel.money import MONEY, ZERO, round_half_even

BASIS_POINTS = Decimal(10_000)
BPS_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Executed:
    """An order, or one sent in slices, and what was filled of it. Moments are wall time.

    `expected_price` is the ask for a buy and the bid for a sell at its approval; zero where nobody
    here approved it. `value` is without fees; amounts are in the account's currency.
    """

    side: Side
    quantity: Decimal
    expected_price: Decimal
    approved_at: datetime
    filled_quantity: Decimal = ZERO
    value: Decimal = ZERO
    fees: Decimal = ZERO
    first_fill_at: datetime | None = None
    last_fill_at: datetime | None = None


@dataclass(frozen=True)
class ExecutionReport:
    """What it came to. Positive slippage is money lost: bought dearer or sold cheaper.

    None is what there is not: no average price and no slippage without a fill, no basis points
    without an expected price. `filled_part` is between 0 and 1.
    """

    side: Side
    quantity: Decimal
    filled_quantity: Decimal
    filled_part: Decimal
    expected_price: Decimal
    average_price: Decimal | None
    slippage: Decimal | None
    slippage_bps: Decimal | None
    fees: Decimal
    to_first_fill: timedelta | None
    to_last_fill: timedelta | None


def execution_report(executed: Executed) -> ExecutionReport:
    """The report of an order as it is now, whether it has ended or not.

    Slippage is the implementation shortfall of what was filled (Perold, 1988): the value paid
    less what the quantity would have cost at the expected price, without fees.
    """
    slippage = _slippage(executed)
    return ExecutionReport(
        side=executed.side,
        quantity=executed.quantity,
        filled_quantity=executed.filled_quantity,
        filled_part=MONEY.divide(executed.filled_quantity, executed.quantity),
        expected_price=executed.expected_price,
        average_price=_average(executed),
        slippage=slippage,
        slippage_bps=_bps(executed, slippage),
        fees=executed.fees,
        to_first_fill=_since_approval(executed, executed.first_fill_at),
        to_last_fill=_since_approval(executed, executed.last_fill_at),
    )


def _average(executed: Executed) -> Decimal | None:
    if not executed.filled_quantity:
        return None
    return MONEY.divide(executed.value, executed.filled_quantity)


def _expected_value(executed: Executed) -> Decimal:
    return MONEY.multiply(executed.expected_price, executed.filled_quantity)


def _slippage(executed: Executed) -> Decimal | None:
    expected = _expected_value(executed)
    if not expected:
        return None
    lost = executed.value - round_half_even(expected, PRECISION)
    return lost if executed.side is Side.BUY else -lost


def _bps(executed: Executed, slippage: Decimal | None) -> Decimal | None:
    if slippage is None:
        return None
    part = MONEY.divide(slippage, _expected_value(executed))
    return round_half_even(MONEY.multiply(part, BASIS_POINTS), BPS_PLACES)


def _since_approval(executed: Executed, moment: datetime | None) -> timedelta | None:
    """Not below zero: a trade of an order found at the exchange is older than its finding."""
    if moment is None:
        return None
    return max(moment - executed.approved_at, timedelta(0))
