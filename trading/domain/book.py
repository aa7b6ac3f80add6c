"""An account as one immutable value: what the gate reads and what a fill changes.

Live trading loads it under the account's row lock; a backtest keeps it in memory. The rules are
the same objects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from trading.domain.ledger import EMPTY, Lot, TradeReport, trade
from trading.domain.states import BreakerKind, HaltState, RiskLevel, Side, WhenTainted
from tradingfarm.kernel.money import ZERO

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Price:
    """The newest quote of an instrument. `as_of` is market time."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    as_of: datetime


@dataclass(frozen=True)
class Terms:
    """How an instrument trades, and whether it does at this moment.

    `closes_at` ends the session that is running, in UTC: None while the market is closed, and for
    one that never closes. An empty sector is an unknown one.
    """

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    minimum_notional: Decimal
    market_open: bool
    is_crypto: bool = False
    sector: str = ""
    closes_at: datetime | None = None


@dataclass(frozen=True)
class Statistics:
    """What an instrument's last 30 days were like; None where too few candles are known.

    Volatility is a year's, in percent. Volume is a day's on average: in shares, and in money.
    """

    volatility_pct: Decimal | None = None
    average_volume: Decimal | None = None
    average_notional: Decimal | None = None


class Tripped(NamedTuple):
    """A circuit breaker that covers the order: what was measured, and what it covers, in words."""

    kind: BreakerKind
    number: str
    limit: str
    scope: str


@dataclass(frozen=True)
class Holding:
    """One instrument in the account: the position, the asker's share, and what is at work.

    What is bought at work may lose `buying_risk` down to its stops, from its worst price.
    """

    position: Lot = EMPTY
    share: Lot = EMPTY
    share_reserved: Decimal = ZERO
    buying_quantity: Decimal = ZERO
    buying_cash: Decimal = ZERO
    share_buying_cash: Decimal = ZERO
    buying_risk: Decimal = ZERO
    share_buying_risk: Decimal = ZERO
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
    """One agent's permission on this account. Amounts in the account's currency.

    `agent_allocation_pct` is what all of the agent's positions may be worth of the equity. None
    where a limit may be: there is no such limit.
    """

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
    allowed_strategies: tuple[str, ...] = ()
    agent_allocation_pct: Decimal = HUNDRED
    agent_allocation_value: Decimal | None = None
    risk_level: RiskLevel = RiskLevel.HIGH
    confirm_above: Decimal | None = None
    min_seconds_between_entries: int = 0
    when_tainted: WhenTainted = WhenTainted.ALLOW
    max_tainted_value: Decimal | None = None


@dataclass(frozen=True)
class AccountLimits:
    """What binds everybody's entries on the account, whoever asks for them."""

    max_sector_pct: Decimal
    max_daily_loss_pct: Decimal
    reduce_drawdown_pct: Decimal
    max_orders_per_minute: int


@dataclass(frozen=True)
class FarmLimits:
    """When markets are too wild or too thin, and agents too unlucky, for entries on the farm.

    Volatilities in percent a year; the volume of equities in shares, of crypto in money.
    """

    max_volatility_pct: Decimal
    max_crypto_volatility_pct: Decimal
    min_daily_volume: Decimal
    min_daily_notional: Decimal
    max_volatility_index: Decimal
    judged_exits: int
    max_average_loss: Decimal


@dataclass(frozen=True)
class Usage:
    """What the agent has used of its permission on the account's current day.

    `recent_exits` were filled in the 30 days before, with `recent_average` of P&L net of fees.
    """

    entries: int = 0
    day_start_pnl: Decimal = ZERO
    last_entry_as_of: datetime | None = None
    recent_exits: int = 0
    recent_average: Decimal = ZERO


@dataclass(frozen=True)
class RecentOrder:
    """An order of the same agent that is at work or was approved within the duplicate window."""

    instrument_id: UUID
    side: Side
    quantity: Decimal
    as_of: datetime
    at_work: bool
    order_id: UUID | None = None


@dataclass(frozen=True)
class Book:
    """An account under its lock, as the gate sees it. Money is in the account's currency.

    `terms` and `statistics` are of the instruments that are asked for, `holdings`, `prices` and
    `sectors` of all that the account has. `ceilings` are the asker's limits as wide as the farm
    allows any. `confirmed` maps the digest of what a person confirmed to the worst price that it
    was confirmed at, `overridden` the digest of another to the codes of checks that it may pass.
    `missing_hands` is what keeps real money from being risked, None where none is.
    """

    account_id: UUID
    halt_state: HaltState
    is_ready: bool
    agents_enabled: bool
    cash: Decimal
    reserved: Decimal
    fee_rate: Decimal
    day: date
    day_start_equity: Decimal
    time_zone: str
    max_price_age_seconds: int
    account_limits: AccountLimits
    farm_limits: FarmLimits
    high_water: Decimal | None = None
    missing_hands: tuple[str, ...] | None = None
    holdings: Mapping[UUID, Holding] = field(default_factory=dict)
    prices: Mapping[UUID, Price] = field(default_factory=dict)
    terms: Mapping[UUID, Terms] = field(default_factory=dict)
    sectors: Mapping[UUID, str] = field(default_factory=dict)
    statistics: Mapping[UUID, Statistics] = field(default_factory=dict)
    volatility_index: Decimal | None = None
    limits: Limits | None = None
    ceilings: Limits | None = None
    usage: Usage = Usage()
    recent: tuple[RecentOrder, ...] = ()
    orders_last_minute: int = 0
    breakers: tuple[Tripped, ...] = ()
    confirmed: Mapping[str, Decimal] = field(default_factory=dict)
    overridden: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def permitted(self, *, limits: Limits, usage: Usage) -> "Book":
        """The same book with the asking agent's permission."""
        return replace(self, limits=limits, usage=usage)

    def holding(self, instrument_id: UUID) -> Holding:
        return self.holdings.get(instrument_id, Holding())

    @cached_property
    def equity(self) -> Decimal:
        """Cash plus every position at its last price, or at its cost where there is no price."""
        return self.cash + self._total(
            self.value(key, holding.position) for key, holding in self.holdings.items()
        )

    @cached_property
    def agent_pnl(self) -> Decimal:
        """Realised and unrealised P&L of the asking agent's shares since they began."""
        return self._total(
            holding.share.realised + self.value(key, holding.share) - holding.share.cost
            for key, holding in self.holdings.items()
        )

    @cached_property
    def agent_value(self) -> Decimal:
        """What the asking agent's shares are worth together, with all of its buys at work."""
        return self._total(
            self.value(key, holding.share) + holding.share_buying_cash
            for key, holding in self.holdings.items()
        )

    def sector_value(self, sector: str) -> Decimal:
        """What the positions in a sector are worth together, with all buys at work."""
        return self._total(
            self.value(key, holding.position) + holding.buying_cash
            for key, holding in self.holdings.items()
            if self.sectors.get(key) == sector
        )

    def value(self, instrument_id: UUID, lot: Lot) -> Decimal:
        """The lot at the last price, or at its cost where there is no price."""
        price = self.prices.get(instrument_id)
        return lot.quantity * price.last if price else lot.cost

    @staticmethod
    def _total(values: Iterable[Decimal]) -> Decimal:
        return sum(values, ZERO)


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
