"""What trades do to cash, quantity, cost and P&L: the only arithmetic of the ledger."""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO, plain, round_half_even

PRECISION = Decimal("0.00000001")
"""Amounts are rounded once, at the fill, half to even, to eight places."""


@dataclass(frozen=True)
class Lot:
    """A quantity with what it cost: a position, or one agent's share of it."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO

    def unrealised(self, last: Decimal) -> Decimal:
        """P&L if everything were sold at `last` without fees, in the account's currency."""
        return self.quantity * last - self.cost


EMPTY = Lot()


@dataclass(frozen=True)
class TradeReport:
    """One trade reported by the exchange: quantity, price and fee as it gave them."""

    instrument_id: UUID
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal

    @property
    def value(self) -> Decimal:
        """Price times quantity, rounded once."""
        return round_half_even(self.price * self.quantity, PRECISION)

    @property
    def cash_change(self) -> Decimal:
        """What it does to the account's cash, with its fee."""
        return -(self.value + self.fee) if self.side is Side.BUY else self.value - self.fee


class Oversold(ValueError):
    """The exchange sold more than was held: a broken invariant, never clamped."""


def trade(lot: Lot, report: TradeReport) -> Lot:
    """The lot after one report. Fees are part of a buy's cost and of a sell's proceeds.

    A sell removes cost in proportion, rounded once; the last one removes all that is left, so no
    dust of cost survives a flat position. Raises Oversold when more is sold than held.
    """
    fees = lot.fees + report.fee
    if report.side is Side.BUY:
        return replace(
            lot,
            quantity=lot.quantity + report.quantity,
            cost=lot.cost + report.value + report.fee,
            fees=fees,
        )
    if report.quantity > lot.quantity:
        raise Oversold(f"{plain(report.quantity)} sold of {plain(lot.quantity)} held.")
    removed = cost_of(lot, report.quantity)
    return Lot(
        quantity=lot.quantity - report.quantity,
        cost=lot.cost - removed,
        realised=lot.realised + report.cash_change - removed,
        fees=fees,
    )


def cost_of(lot: Lot, quantity: Decimal) -> Decimal:
    """The part of the lot's cost that selling `quantity` of it removes."""
    if quantity == lot.quantity:
        return lot.cost
    return round_half_even(lot.cost * quantity / lot.quantity, PRECISION)
