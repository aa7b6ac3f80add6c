"""What every check is given and what it gives: a case in, a number with its limit and room out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from trading.domain.book import HUNDRED, Book, Price, Terms
from trading.domain.ledger import PRECISION
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, Source
from tradingfarm.kernel.money import MONEY, ZERO, ceil_to_step, floor_to_step

PERSONS_COLLAR = Decimal(5)


class Code(StrEnum):
    """Stable codes of the checks; a failed one is the denial code that clients see."""

    AGENT_TRADING_ENABLED = "AGENT_TRADING_ENABLED"
    REAL_MONEY = "REAL_MONEY"
    PERMISSION_ACTIVE = "PERMISSION_ACTIVE"
    READY = "READY"
    HALT_STATE = "HALT_STATE"
    BREAKERS = "BREAKERS"
    SYMBOL_ALLOWED = "SYMBOL_ALLOWED"
    STRATEGY_ALLOWED = "STRATEGY_ALLOWED"
    STALE_PRICE = "STALE_PRICE"
    PRICE_COLLAR = "PRICE_COLLAR"
    TRADING_HOURS = "TRADING_HOURS"
    VOLATILITY = "VOLATILITY"
    LIQUIDITY = "LIQUIDITY"
    VOLATILITY_INDEX = "VOLATILITY_INDEX"
    ORDER_TERMS = "ORDER_TERMS"
    STOP_REQUIRED = "STOP_REQUIRED"
    ORDER_SIZE = "ORDER_SIZE"
    POSITION_SIZE = "POSITION_SIZE"
    ALLOCATION = "ALLOCATION"
    AGENT_ALLOCATION = "AGENT_ALLOCATION"
    SECTOR = "SECTOR"
    TAINTED = "TAINTED"
    BUYING_POWER = "BUYING_POWER"
    POSITION_HELD = "POSITION_HELD"
    MINIMUM_SIZE = "MINIMUM_SIZE"
    DAILY_ENTRIES = "DAILY_ENTRIES"
    ORDER_RATE = "ORDER_RATE"
    COOLDOWN = "COOLDOWN"
    DAILY_LOSS = "DAILY_LOSS"
    ACCOUNT_DAILY_LOSS = "ACCOUNT_DAILY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    AGENT_PERFORMANCE = "AGENT_PERFORMANCE"
    OPEN_POSITIONS = "OPEN_POSITIONS"
    UNRESOLVED = "UNRESOLVED"
    DUPLICATE = "DUPLICATE"
    CONFIRMATION = "CONFIRMATION"


@dataclass(frozen=True)
class Check:
    """What one check found. `number` and `limit` are text for people; `room` is a quantity.

    `overridden`: it failed, and passed because a person lets this order pass this check.
    """

    code: Code
    number: str
    limit: str
    passed: bool
    room: Decimal | None = None
    overridden: bool = False


@dataclass(frozen=True)
class Case:
    """One requested order with what every check needs of the book."""

    book: Book
    request: OrderRequest
    price: Price | None
    now: datetime

    @cached_property
    def worst_price(self) -> Decimal:
        """The price beyond which the exchange may not fill, on the tick.

        A limit order's is its limit. A market order's lies the collar away from the touch, a
        stop's the collar away from its stop price. Zero without a price to reckon from.
        """
        if self.limit_price is not None:
            return self.limit_price
        touch = self.touch if self.stop_price is None else self.stop_price
        if touch is None:
            return ZERO
        collar, tick = self.collar / HUNDRED, self.terms.tick_size
        if self.request.side is Side.BUY:
            return floor_to_step(touch * (1 + collar), tick)
        return max(ceil_to_step(touch * (1 - collar), tick), tick)

    @property
    def touch(self) -> Decimal | None:
        """The price that a market order of this side meets at best, None without a quote."""
        if self.price is None:
            return None
        return self.price.ask if self.request.side is Side.BUY else self.price.bid

    @property
    def limit_price(self) -> Decimal | None:
        """Of an order whose type has one."""
        return self.request.limit_price if self.request.order_type.has_limit else None

    @property
    def stop_price(self) -> Decimal | None:
        """Of an order whose type has one."""
        return self.request.stop_price if self.request.order_type.has_stop else None

    @property
    def collar(self) -> Decimal:
        """Percent; a person's order and an exit without a permission use 5 %."""
        limits = self.book.limits
        return limits.price_collar_pct if limits else PERSONS_COLLAR

    @property
    def last(self) -> Decimal:
        """The last price, zero without a quote."""
        return self.price.last if self.price else ZERO

    @property
    def terms(self) -> Terms:
        return self.book.terms[self.request.instrument_id]

    @property
    def is_entry(self) -> bool:
        return not self.request.reduces

    @property
    def is_agents(self) -> bool:
        return self.request.source is Source.AGENT

    @property
    def is_slice(self) -> bool:
        """Part of an order that was checked and counted as a whole before."""
        return self.request.parent_id is not None

    @property
    def is_counted(self) -> bool:
        """A slice was counted with its whole, a replacement with the order that it replaces."""
        return self.is_slice or self.request.replaces_id is not None

    @property
    def worst_value(self) -> Decimal:
        """What the order is worth at its worst price."""
        return self.request.quantity * self.worst_price

    def sized(self, quantity: Decimal) -> "Case":
        """The same case for another quantity."""
        return replace(self, request=replace(self.request, quantity=quantity))

    def worst_cost(self, quantity: Decimal) -> Decimal:
        """The most that a fill of `quantity` can take from the cash: value and fee, rounded up."""
        value = ceil_to_step(quantity * self.worst_price, PRECISION)
        return value + ceil_to_step(value * self.book.fee_rate, PRECISION)

    def units(self, value: Decimal) -> Decimal:
        """The quantity in whole lots that `value` pays for at the worst price, never negative."""
        price_of_lot = self.worst_price * self.terms.lot_size
        if price_of_lot <= 0 or value <= 0:
            return ZERO
        return MONEY.divide_int(value, price_of_lot) * self.terms.lot_size

    def affordable(self, cash: Decimal) -> Decimal:
        """The quantity in whole lots whose worst cost `cash` covers, never negative.

        The largest one, unless a lot is worth less than the last decimal place that costs are
        rounded up to; then it keeps a few of these in hand.
        """
        quantity = self.units(cash / (1 + self.book.fee_rate))
        if self.worst_cost(quantity) <= cash:
            return quantity
        return self.units((cash - 3 * PRECISION) / (1 + self.book.fee_rate))


Rule = Callable[[Case], Check]


def not_asked(case: Case, code: Code) -> Check:
    """The check does not bind this order: an exit, or one without a permission or a price."""
    return Check(code, "entry" if case.is_entry else "exit", "", passed=True)


def money(value: Decimal) -> str:
    """An amount for people, to the cent."""
    return f"{value:,.2f}"


def percent(value: Decimal) -> str:
    """A percentage for people, to the hundredth."""
    return f"{value:,.2f} %"


def fall(*, of: Decimal, to: Decimal) -> Decimal:
    """How much lower `to` is, in percent of what it fell from; zero when it is not."""
    return (of - to) / of * HUNDRED if of > 0 and to < of else ZERO
