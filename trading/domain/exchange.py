"""What the farm asks of an exchange, and the only answers that it believes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from trading.domain.states import OrderState, Side
from tradingfarm.kernel.errors import FarmError


class OutcomeKind(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Outcome:
    """What became of one placing. Whatever is not proved is UNKNOWN."""

    kind: OutcomeKind
    exchange_order_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Placing:
    """One order on its way out. The exchange refuses it after `deadline`, wall time."""

    account_id: UUID
    client_order_id: str
    instrument_id: UUID
    side: Side
    quantity: Decimal
    worst_price: Decimal
    deadline: datetime


@dataclass(frozen=True)
class Trade:
    """One execution as the exchange reports it. `as_of` is market time."""

    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    as_of: datetime


@dataclass(frozen=True)
class Report:
    """An order as the exchange knows it, with all of its trades so far."""

    client_order_id: str
    exchange_order_id: str
    state: OrderState
    trades: tuple[Trade, ...]


@dataclass(frozen=True)
class Delays:
    """How long this exchange may take before an absent order is proved absent."""

    send_window: timedelta
    clock_error: timedelta
    query_lag: timedelta
    between_queries: timedelta

    @property
    def quarantine(self) -> timedelta:
        """From the attempt to the first query that counts as proof."""
        return self.send_window + self.clock_error + self.query_lag


class ExchangeUnavailable(FarmError):
    """The exchange did not answer a question; nothing is proved by it."""


class Exchange(Protocol):
    """One venue. `place` never raises; `cancel` and the questions raise ExchangeUnavailable."""

    delays: Delays

    def place(self, placing: Placing) -> Outcome:
        """Send the order, once, without retry. Any doubt is UNKNOWN."""

    def reports(self, *, client_order_ids: Iterable[str]) -> Mapping[str, Report]:
        """What the exchange knows of these orders; an order that it does not know is missing."""

    def open_orders(self, *, account_id: UUID) -> tuple[str, ...]:
        """Client order ids of all orders that the exchange holds open for the account."""

    def cancel(self, *, client_order_id: str) -> None:
        """Ask for a cancel. That it returned proves nothing; `reports` says what came of it."""
