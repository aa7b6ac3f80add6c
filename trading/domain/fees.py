"""In which currency an exchange took its fee, and what that does to the trade that is booked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from trading.domain.exchange import Trade
from trading.domain.ledger import PRECISION, TradeReport
from trading.domain.states import Side
from tradingfarm.kernel.money import MONEY, ZERO, round_half_even


@dataclass(frozen=True)
class Currencies:
    """What a fee may be taken in: the account's own, what is traded, or a third one.

    `own` are the names of the account's currency and of the one that prices are in; an empty name
    is the account's too. `rates` are the prices of third ones in the account's currency; one that
    is missing has none.
    """

    own: frozenset[str]
    asset: str
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def is_own(self, name: str) -> bool:
        return not name or name in self.own

    def is_third(self, name: str) -> bool:
        return not self.is_own(name) and name != self.asset


@dataclass(frozen=True)
class Charged:
    """A trade as it is booked. `owed` is what the balance in the fee's currency goes down by.

    Without a price that is worth nothing in the book, and `is_valued` says so.
    """

    report: TradeReport
    owed: Decimal = ZERO
    is_valued: bool = True


def charge(
    trade: Trade, *, instrument_id: UUID, side: Side, currencies: Currencies, free: Decimal
) -> Charged:
    """The trade with its fee where the exchange took it from.

    A fee in what is traded makes a buy receive less and a sell take more of what is held; `free`
    is what a sell leaves unsold and unoffered. One that the trade and the share cannot bear is
    owed instead, so that a fee never flips a position. Amounts in the account's currency are
    rounded once, here.
    """
    plain = TradeReport(instrument_id, side, trade.quantity, trade.price, ZERO)
    if currencies.is_own(trade.fee_currency):
        return Charged(replace(plain, fee=round_half_even(trade.fee, PRECISION)))
    if trade.fee_currency == currencies.asset:
        if _is_borne(trade, side, free):
            return Charged(replace(plain, fee_quantity=trade.fee))
        rate: Decimal | None = trade.price
    else:
        rate = currencies.rates.get(trade.fee_currency)
    worth = round_half_even(MONEY.multiply(trade.fee, rate or ZERO), PRECISION)
    return Charged(replace(plain, fee_elsewhere=worth), trade.fee, is_valued=rate is not None)


def _is_borne(trade: Trade, side: Side, free: Decimal) -> bool:
    """Whether the quantity can bear the fee, or the rebate, and the trade keeps its direction."""
    if side is Side.BUY:
        return trade.fee < trade.quantity
    return -trade.quantity < trade.fee <= free
