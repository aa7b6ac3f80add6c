"""What the paper exchange makes of an order at one quote: for live paper trading and backtests.

Of the market nothing is known but its quote, so what an order would meet there is assumed. The
quote stands for a book of orders: it begins at the ask (for a sell: the bid) and goes on from
there, the farther the more is taken. These are the assumptions:

- A **taker** pays the ask, plus the account's slippage, jittered by ±50 % from the named random
  stream (seed, "paper", client order id, number of the fill), plus an impact of up to IMPACT_BPS
  in proportion to the part of the running bar's volume that it takes. One fill is one price, the
  average of the walk, rounded to the tick against the order.
- An order with a limit takes at its limit where the walk would lead beyond it: whatever else the
  book holds is assumed to come to it.
- What rests in the book is a **maker**, and trades at its limit as soon as a quote reaches it,
  with the ask (for a sell: the bid) or with the last price. A last price that stood at the limit
  when the order came was traded without it, so it counts only after a quote that left it alone.
- An account that takes part in less than 100 % of the volume gets at most that part of the running
  bar's volume at one quote, order by order. With 100 % the volume sets no limit.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.domain.ledger import PRECISION
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from tradingfarm.kernel.money import ZERO, ceil_to_step, floor_to_step
from tradingfarm.kernel.randomness import stream

BASIS_POINT = Decimal("0.0001")
IMPACT_BPS = Decimal(100)
"""Slippage for taking all of the volume seen so far; in proportion below that."""
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Resting:
    """An order at the paper exchange, with how far it has come.

    Prices are in the instrument's currency; fee rates are parts of the value, not below zero.
    `good_until` and `traded_at`, of its last trade, are market time.
    """

    client_order_id: str
    side: Side
    quantity: Decimal
    worst_price: Decimal
    fee_rate: Decimal
    slippage_bps: Decimal
    seed: int
    order_type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.IOC
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    good_until: datetime | None = None
    reduce_only: bool = False
    maker_fee_rate: Decimal = ZERO
    participation_pct: Decimal = HUNDRED
    filled_quantity: Decimal = ZERO
    fills: int = 0
    traded_at: datetime | None = None
    is_triggered: bool = False
    has_rested: bool = False

    @property
    def left(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def waits(self) -> bool:
        """Whether what does not trade at once stays.

        A stop that protects a position stays even when it was to end at once: a gap in the prices
        may lead it beyond its worst price, and must not end it there.
        """
        if self.time_in_force is TimeInForce.IOC:
            return self.order_type is OrderType.STOP and self.reduce_only
        return self.time_in_force is not TimeInForce.FOK

    def is_over(self, now: datetime) -> bool:
        """Whether its day has ended at market time `now`."""
        if self.time_in_force is not TimeInForce.DAY or self.good_until is None:
            return False
        return now >= self.good_until

    def at_last(self, last: Decimal) -> "Resting":
        """The order with its stop triggered, if the last price has reached it."""
        if self.stop_price is None:
            return self
        reached = last >= self.stop_price if self.side is Side.BUY else last <= self.stop_price
        return replace(self, is_triggered=True) if reached else self

    @property
    def works(self) -> bool:
        """Whether it is in the market: a stop is not, before it was triggered."""
        return self.stop_price is None or self.is_triggered

    @property
    def makes(self) -> bool:
        return self.has_rested and self.limit_price is not None


@dataclass(frozen=True)
class Touch:
    """A quote of market time `as_of`, with the steps of its instrument.

    `volume` is what was traded in the running bar so far.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    volume: Decimal
    as_of: datetime
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True)
class Match:
    """One trade: price on the tick, fee in the account's currency."""

    quantity: Decimal
    price: Decimal
    fee: Decimal
    is_maker: bool = False


@dataclass(frozen=True)
class Matched:
    """The order as one quote left it: OPEN, FILLED, CANCELED or EXPIRED, and its trade there."""

    order: Resting
    state: OrderState
    trade: Match | None = None


def match(order: Resting, touch: Touch | None, *, now: datetime, held: Decimal = ZERO) -> Matched:
    """Bring an open order to a quote at market time `now`. Without a quote it can only expire.

    `held` is what the account holds of the instrument; a reduce-only order sells no more than
    that, and ends when it can reduce nothing further. The same quote again changes nothing: an
    order takes its part of the volume once, and a maker has been left alone by the quote before.
    """
    if order.is_over(now):
        return Matched(order, OrderState.EXPIRED)
    if touch is None:
        return Matched(order, OrderState.OPEN)
    wanted = _wanted(order, touch, held)
    if wanted <= 0:
        return Matched(order, OrderState.CANCELED)
    order = order.at_last(touch.last)
    if not order.works or _was_at(order, touch):
        return Matched(order, OrderState.OPEN)
    trade = _trade(order, touch, wanted=wanted)
    return _after(order, touch, trade=trade, wanted=wanted, now=now)


def _wanted(order: Resting, touch: Touch, held: Decimal) -> Decimal:
    if not order.reduce_only:
        return order.left
    return floor_to_step(min(order.left, held), touch.lot_size)


def _was_at(order: Resting, touch: Touch) -> bool:
    """Whether the order has traded at this quote, or at a later moment, already."""
    return order.traded_at is not None and touch.as_of <= order.traded_at


def _trade(order: Resting, touch: Touch, *, wanted: Decimal) -> Match | None:
    quantity = _offered(order, touch, wanted)
    everything = order.time_in_force is TimeInForce.FOK
    if quantity <= 0 or (everything and quantity < order.left):
        return None
    return make(order, touch, quantity) if order.makes else take(order, touch, quantity)


def _offered(order: Resting, touch: Touch, wanted: Decimal) -> Decimal:
    if order.participation_pct >= HUNDRED:
        return wanted
    part = touch.volume * order.participation_pct / HUNDRED
    return min(wanted, floor_to_step(part, touch.lot_size))


def _after(
    order: Resting, touch: Touch, *, trade: Match | None, wanted: Decimal, now: datetime
) -> Matched:
    if trade is not None:
        order = replace(
            order,
            filled_quantity=order.filled_quantity + trade.quantity,
            fills=order.fills + 1,
            traded_at=now,
        )
    traded = trade.quantity if trade is not None else ZERO
    if not order.left:
        return Matched(order, OrderState.FILLED, trade)
    if not order.waits or traded == wanted:
        return Matched(order, OrderState.CANCELED, trade)
    if order.limit_price is not None and (trade is not None or not is_reached(order, touch)):
        order = replace(order, has_rested=True)
    return Matched(order, OrderState.OPEN, trade)


def take(order: Resting, touch: Touch, quantity: Decimal) -> Match | None:
    """Take `quantity` out of the book behind the quote; None beyond the order's worst price."""
    price, bound = walked(order, touch, quantity), _bound(order, touch)
    if order.limit_price is not None and not _beyond(order, _best(order, touch), bound):
        price = min(price, bound) if order.side is Side.BUY else max(price, bound)
    if price <= 0 or _beyond(order, price, bound):
        return None
    return Match(quantity, price, _fee(price, quantity, order.fee_rate))


def make(order: Resting, touch: Touch, quantity: Decimal) -> Match | None:
    """Trade `quantity` at the resting order's own limit; None unless the quote reaches it."""
    if not is_reached(order, touch):
        return None
    price = _bound(order, touch)
    return Match(quantity, price, _fee(price, quantity, order.maker_fee_rate), is_maker=True)


def walked(order: Resting, touch: Touch, quantity: Decimal) -> Decimal:
    """The average price of taking `quantity`, on the tick: the more, the worse for the order."""
    names = (order.client_order_id, order.fills + 1)
    jitter = Decimal(str(stream(order.seed, "paper", *names).random()))
    bps = order.slippage_bps * (Decimal("0.5") + jitter) + _impact(quantity, touch.volume)
    if order.side is Side.BUY:
        return ceil_to_step(touch.ask * (1 + bps * BASIS_POINT), touch.tick_size)
    return floor_to_step(touch.bid * (1 - bps * BASIS_POINT), touch.tick_size)


def is_reached(order: Resting, touch: Touch) -> bool:
    """Whether the market trades at or through the order's price, by its touch or its last."""
    bound = _bound(order, touch)
    return not (_beyond(order, _best(order, touch), bound) and _beyond(order, touch.last, bound))


def _bound(order: Resting, touch: Touch) -> Decimal:
    """The worst price on the tick that the order may trade at: the tighter of its two."""
    worst = order.worst_price
    limit = worst if order.limit_price is None else order.limit_price
    if order.side is Side.BUY:
        return floor_to_step(min(worst, limit), touch.tick_size)
    return ceil_to_step(max(worst, limit), touch.tick_size)


def _best(order: Resting, touch: Touch) -> Decimal:
    return touch.ask if order.side is Side.BUY else touch.bid


def _beyond(order: Resting, price: Decimal, bound: Decimal) -> bool:
    return price > bound if order.side is Side.BUY else price < bound


def _fee(price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    return ceil_to_step(price * quantity * rate, PRECISION)


def _impact(quantity: Decimal, volume: Decimal) -> Decimal:
    if volume <= 0:
        return ZERO
    return min(quantity / volume, Decimal(1)) * IMPACT_BPS
