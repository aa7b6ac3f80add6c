"""What the farm asks of an exchange, and the only answers that it believes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from tradingfarm.kernel.errors import FarmError


class OutcomeKind(StrEnum):
    """RATE_LIMITED is a refusal that the venue proves to make before its engine."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    RATE_LIMITED = "RATE_LIMITED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Outcome:
    """What became of one placing. Whatever is not proved is UNKNOWN."""

    kind: OutcomeKind
    exchange_order_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Placing:
    """One order on its way out. The exchange refuses it after `deadline`, wall time.

    Prices in the account's currency, on the instrument's tick; the quantity in whole lots. A
    market order may not fill beyond `worst_price`. `good_until` (market time) ends a DAY order.
    """

    account_id: UUID
    client_order_id: str
    instrument_id: UUID
    symbol: str
    side: Side
    quantity: Decimal
    worst_price: Decimal
    deadline: datetime
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.IOC
    reduce_only: bool = False
    good_until: datetime | None = None


@dataclass(frozen=True)
class Sent:
    """An order that the exchange may have: everything by which a venue can be asked for it.

    `exchange_order_id` is empty as long as the exchange has not told it. `since` is wall time of
    the attempt.
    """

    account_id: UUID
    client_order_id: str
    exchange_order_id: str
    symbol: str
    since: datetime


@dataclass(frozen=True)
class Trade:
    """One execution as the exchange reports it. `as_of` is market time.

    `fee` is in `fee_currency`; an empty one is the account's own currency.
    """

    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    as_of: datetime
    fee_currency: str = ""
    is_maker: bool = False


@dataclass(frozen=True)
class Report:
    """An order as the exchange knows it, with all of its trades so far."""

    client_order_id: str
    exchange_order_id: str
    state: OrderState
    trades: tuple[Trade, ...]


@dataclass(frozen=True)
class FoundOrder:
    """An order that the exchange tells of by itself, ours or not.

    `client_order_id` is empty where the venue knows none; `limit_price` None for a market order.
    """

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled_quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    placed_at: datetime


@dataclass(frozen=True)
class FoundTrade:
    """A trade that the exchange tells of by itself, with the order that made it."""

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    trade: Trade


@dataclass(frozen=True)
class Delays:
    """How long this exchange may take, and how often it is asked.

    Zero asks in every pass of the sender.
    """

    send_window: timedelta
    clock_error: timedelta
    query_lag: timedelta
    between_queries: timedelta
    ask_in_flight_every: timedelta = timedelta(0)
    ask_resting_every: timedelta = timedelta(0)
    reconcile_every: timedelta = timedelta(seconds=60)

    @property
    def quarantine(self) -> timedelta:
        """From the attempt to the first query that counts as proof."""
        return self.send_window + self.clock_error + self.query_lag


@dataclass(frozen=True)
class Capabilities:
    """What a venue offers. What is not named here is refused before anything is sent."""

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    finds_by_client_id: bool = True
    reduce_only: bool = False
    dead_man: bool = False
    """The venue cancels everything when it has not been told for a while that we live."""

    @property
    def resting_stops(self) -> bool:
        return OrderType.STOP in self.order_types or OrderType.STOP_LIMIT in self.order_types


class ExchangeUnavailable(FarmError):
    """The exchange did not answer a question; nothing is proved by it."""


class Exchange(Protocol):
    """One venue. `place` never raises; `cancel` and the questions raise ExchangeUnavailable.

    Nothing here may be called with a transaction open. What is asked of an account is asked with
    that account's own credentials.
    """

    delays: Delays
    capabilities: Capabilities

    def place(self, placing: Placing) -> Outcome:
        """Send the order, once, without retry. Any doubt is UNKNOWN."""

    def reports(self, *, orders: Iterable[Sent]) -> Mapping[str, Report]:
        """What the exchange knows of these orders, by client order id.

        An order that it does not know is missing; that is an answer, and not for want of one.
        """

    def cancel(self, *, order: Sent) -> None:
        """Ask for a cancel. That it returned proves nothing; `reports` says what came of it."""

    def open_orders(self, *, account_id: UUID) -> tuple[FoundOrder, ...]:
        """All orders that the exchange holds open for the account, ours and others."""

    def trades(self, *, account_id: UUID, since: datetime) -> tuple[FoundTrade, ...]:
        """All trades of the account from wall time `since` on, of our orders and of others."""

    def balances(self, *, account_id: UUID) -> Mapping[str, Decimal]:
        """What the exchange holds for the account, free and locked together, by asset.

        The asset of an instrument is the part of its symbol before the slash; assets that are not
        held are missing.
        """

    def clock_offset(self, *, account_id: UUID) -> timedelta:
        """How far the exchange's clock is ahead of ours."""

    def arm_dead_man(self, *, account_id: UUID, timeout: timedelta) -> None:
        """Have the venue cancel all orders unless this is called again within `timeout`.

        Only for a venue whose capabilities say so.
        """


def asset_of(symbol: str) -> str:
    """What is bought and sold under the symbol: BTC of BTC/USDT, AAPL of AAPL."""
    return symbol.partition("/")[0]
