"""How the paper exchange fills a market order: shared by live paper trading and backtests."""

from dataclasses import dataclass
from decimal import Decimal

from trading.domain.book import PRECISION
from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO, ceil_to_step, floor_to_step
from tradingfarm.kernel.randomness import stream

BASIS_POINT = Decimal("0.0001")
IMPACT_BPS = Decimal(100)
"""Slippage for taking all of the volume seen so far; in proportion below that."""


@dataclass(frozen=True)
class Resting:
    """An order that waits at the paper exchange."""

    client_order_id: str
    side: Side
    quantity: Decimal
    worst_price: Decimal
    fee_rate: Decimal
    slippage_bps: Decimal
    seed: int


@dataclass(frozen=True)
class Touch:
    """Best bid and ask, and the volume traded so far in the running bar."""

    bid: Decimal
    ask: Decimal
    volume: Decimal
    tick_size: Decimal


@dataclass(frozen=True)
class Match:
    """One trade: price on the tick, fee in the account's currency."""

    quantity: Decimal
    price: Decimal
    fee: Decimal


def match(order: Resting, touch: Touch, *, fill_number: int) -> Match | None:
    """Fill the whole order at the touch plus slippage, or None beyond its worst price.

    Slippage in basis points is the account's figure, jittered by ±50 % from the named random
    stream (seed, "paper", client order id, fill number), plus an impact in proportion to the part
    of the volume seen that the order takes. The price is rounded to the tick against the order.
    """
    jitter = Decimal(str(stream(order.seed, "paper", order.client_order_id, fill_number).random()))
    bps = order.slippage_bps * (Decimal("0.5") + jitter) + _impact(order.quantity, touch.volume)
    if order.side is Side.BUY:
        price = ceil_to_step(touch.ask * (1 + bps * BASIS_POINT), touch.tick_size)
        beyond = price > order.worst_price
    else:
        price = floor_to_step(touch.bid * (1 - bps * BASIS_POINT), touch.tick_size)
        beyond = price < order.worst_price or price <= 0
    if beyond:
        return None
    fee = ceil_to_step(price * order.quantity * order.fee_rate, PRECISION)
    return Match(order.quantity, price, fee)


def _impact(quantity: Decimal, volume: Decimal) -> Decimal:
    if volume <= 0:
        return ZERO
    return min(quantity / volume, Decimal(1)) * IMPACT_BPS
