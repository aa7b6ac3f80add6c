"""What trades and splits do to cash, quantity, cost and P&L: the only arithmetic of the ledger."""

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from uuid import UUID

from trading.domain.states import Side
from tradingfarm.kernel.money import MONEY, ZERO, floor_to_step, plain, round_half_even

PRECISION = Decimal("0.00000001")
"""Amounts are rounded once, at the fill, half to even, to eight places."""


@dataclass(frozen=True)
class Lot:
    """A quantity with what it cost: a position, or one agent's share of it.

    `fees` is what was taken so far in whichever currency, in the account's; rebates lower it.
    """

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
    """One trade as it is booked: quantity and price as the exchange gave them, and its fee.

    The fee is what was taken from the cash (`fee`), from what is traded (`fee_quantity`), and what
    was taken from a balance in another currency, valued in the account's (`fee_elsewhere`).
    Negative ones are rebates.
    """

    instrument_id: UUID
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_quantity: Decimal = ZERO
    fee_elsewhere: Decimal = ZERO

    @property
    def value(self) -> Decimal:
        """Price times quantity, rounded once."""
        return round_half_even(MONEY.multiply(self.price, self.quantity), PRECISION)

    @property
    def fees(self) -> Decimal:
        """All of the fee in the account's currency; what is traded counts at its price."""
        of_quantity = round_half_even(MONEY.multiply(self.price, self.fee_quantity), PRECISION)
        return self.fee + of_quantity + self.fee_elsewhere

    @property
    def cash_change(self) -> Decimal:
        """What it does to the account's cash, with the fee that was taken from there."""
        return -(self.value + self.fee) if self.side is Side.BUY else self.value - self.fee

    @property
    def quantity_change(self) -> Decimal:
        """What it does to the position, with the fee that was taken from there."""
        moved = self.quantity if self.side is Side.BUY else -self.quantity
        return moved - self.fee_quantity


class Oversold(ValueError):
    """The exchange sold more than was held: a broken invariant, never clamped."""


def trade(lot: Lot, report: TradeReport) -> Lot:
    """The lot after one report. Fees are part of a buy's cost and of a sell's proceeds.

    One taken from what is traded leaves less of it at the same cost; one taken elsewhere counts
    like one in cash, so that P&L is net of it. A sell removes cost in proportion, rounded once;
    the last one removes all that is left, so no dust of cost survives a flat position. Raises
    Oversold when more is taken than held.
    """
    with localcontext(MONEY):
        quantity = lot.quantity + report.quantity_change
        fees = lot.fees + report.fees
        spent = report.fee_elsewhere - report.cash_change
        if report.side is Side.BUY:
            return replace(lot, quantity=quantity, cost=lot.cost + spent, fees=fees)
        if quantity < 0:
            taken = plain(-report.quantity_change)
            raise Oversold(f"{taken} sold of {plain(lot.quantity)} held.")
        removed = cost_of(lot, -report.quantity_change)
        realised = lot.realised - spent - removed
        return Lot(quantity=quantity, cost=lot.cost - removed, realised=realised, fees=fees)


def cost_of(lot: Lot, quantity: Decimal) -> Decimal:
    """The part of the lot's cost that selling `quantity` of it removes."""
    if quantity == lot.quantity:
        return lot.cost
    part = MONEY.divide(MONEY.multiply(lot.cost, quantity), lot.quantity)
    return round_half_even(part, PRECISION)


def hand_over(giver: Lot, taker: Lot, quantity: Decimal) -> tuple[Lot, Lot]:
    """Both lots after `quantity` went from one to the other at its cost: no profit, no loss."""
    cost = cost_of(giver, quantity)
    return (
        replace(giver, quantity=giver.quantity - quantity, cost=giver.cost - cost),
        replace(taker, quantity=taker.quantity + quantity, cost=taker.cost + cost),
    )


def freed(*, reserved: Decimal, left: Decimal, traded: Decimal) -> Decimal:
    """The part of a buy's reservation that `traded`, of the quantity `left` so far, sets free."""
    if traded >= left:
        return reserved
    return floor_to_step(MONEY.divide(MONEY.multiply(reserved, traded), left), PRECISION)


def split(lot: Lot, *, ratio: Fraction, quantity: Decimal, cash: Decimal) -> Lot:
    """The lot after a split into `ratio` new for each old one, of which it keeps `quantity`.

    The cost stays. What it does not keep was sold for `cash`, with its part of the cost; what it
    keeps beyond its own part was bought for minus `cash`.
    """
    own = Fraction(lot.quantity) * ratio
    given_up = own - Fraction(quantity)
    if given_up <= 0:
        return replace(lot, quantity=quantity, cost=lot.cost - cash)
    removed = rounded(Fraction(lot.cost) * given_up / own)
    realised = lot.realised + cash - removed
    return replace(lot, quantity=quantity, cost=lot.cost - removed, realised=realised)


def rounded(amount: Fraction) -> Decimal:
    """An exact amount rounded once, half to even, to the ledger's eight places."""
    return MONEY.multiply(Decimal(round(amount / Fraction(PRECISION))), PRECISION)
