"""An account as one immutable value: what the gate reads and what a fill changes.

Live trading loads it under the account's row lock; a backtest keeps it in memory. The rules are
the same objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from trading.domain.ledger import EMPTY, Lot, TradeReport, trade
from trading.domain.states import HaltState, Side
from tradingfarm.kernel.money import ZERO


@dataclass(frozen=True)
class Price:
    """The newest quote of an instrument. `as_of` is market time."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    as_of: datetime


@dataclass(frozen=True)
class Terms:
    """How an instrument trades, and whether it does at this moment."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    minimum_notional: Decimal
    market_open: bool


@dataclass(frozen=True)
class Holding:
    """One instrument in the account: the position, the asker's share, and what is at work."""

    position: Lot = EMPTY
    share: Lot = EMPTY
    share_reserved: Decimal = ZERO
    buying_quantity: Decimal = ZERO
    buying_cash: Decimal = ZERO
    share_buying_cash: Decimal = ZERO
    unresolved: bool = False

    @property
    def share_free(self) -> Decimal:
        """What of the share no sell at work has offered yet."""
        return self.share.quantity - self.share_reserved


@dataclass(frozen=True)
class TradingHours:
    """When an agent may open positions, in the zone's local time: [start, end).

    An end before the start lies on the next day; equal ones are the whole day.
    """

    start: time
    end: time
    zone: str

    def cover(self, local: time) -> bool:
        """Whether the zone's local time lies within."""
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True)
class Limits:
    """One agent's permission on this account. Amounts in the account's currency."""

    agent_name: str
    active: bool
    max_order_value: Decimal
    max_position_value: Decimal
    max_allocation_pct: Decimal
    max_daily_entries: int
    max_daily_loss: Decimal
    max_open_positions: int
    allowed_symbols: tuple[str, ...]
    blocked_symbols: tuple[str, ...]
    price_collar_pct: Decimal
    stop_required: bool
    hours: TradingHours | None = None


@dataclass(frozen=True)
class Usage:
    """What the agent has used of its permission on the account's current day."""

    entries: int = 0
    day_start_pnl: Decimal = ZERO


@dataclass(frozen=True)
class RecentOrder:
    """An order of the same agent that is at work or was approved within the duplicate window."""

    instrument_id: UUID
    side: Side
    quantity: Decimal
    as_of: datetime
    at_work: bool


@dataclass(frozen=True)
class Book:
    """An account under its lock, as the gate sees it. Money is in the account's currency."""

    account_id: UUID
    halt_state: HaltState
    agents_enabled: bool
    cash: Decimal
    reserved: Decimal
    fee_rate: Decimal
    day: date
    day_start_equity: Decimal
    max_price_age_seconds: int
    holdings: Mapping[UUID, Holding] = field(default_factory=dict)
    prices: Mapping[UUID, Price] = field(default_factory=dict)
    terms: Mapping[UUID, Terms] = field(default_factory=dict)
    limits: Limits | None = None
    usage: Usage = Usage()
    recent: tuple[RecentOrder, ...] = ()

    def permitted(self, *, limits: Limits, usage: Usage) -> "Book":
        """The same book with the asking agent's permission."""
        return replace(self, limits=limits, usage=usage)

    def holding(self, instrument_id: UUID) -> Holding:
        return self.holdings.get(instrument_id, Holding())

    @property
    def equity(self) -> Decimal:
        """Cash plus every position at its last price, or at its cost where there is no price."""
        return self.cash + sum(
            (self._value(key, holding.position) for key, holding in self.holdings.items()), ZERO
        )

    @property
    def agent_pnl(self) -> Decimal:
        """Realised and unrealised P&L of the asking agent's shares since they began."""
        return sum(
            (
                holding.share.realised + self._value(key, holding.share) - holding.share.cost
                for key, holding in self.holdings.items()
            ),
            ZERO,
        )

    def _value(self, instrument_id: UUID, lot: Lot) -> Decimal:
        price = self.prices.get(instrument_id)
        return lot.quantity * price.last if price else lot.cost


def apply(book: Book, report: TradeReport) -> Book:
    """The book after one execution of the asking agent's order. Raises Oversold."""
    holding = book.holding(report.instrument_id)
    changed = replace(
        holding,
        position=trade(holding.position, report),
        share=trade(holding.share, report),
    )
    return replace(
        book,
        cash=book.cash + report.cash_change,
        holdings={**book.holdings, report.instrument_id: changed},
    )
