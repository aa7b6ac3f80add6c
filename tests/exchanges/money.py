"""What an order sets aside, what a trade moves, and who pays the fee."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from tests.exchanges.accounts import RECEIVED, Account
from tests.exchanges.books import Book, Level, takes
from tests.exchanges.state import Market
from tests.exchanges.symbols import Symbol
from tests.exchanges.terms import SMALLEST, ZERO, Order, Terms


def paid_asset(terms: Terms, symbol: Symbol) -> str:
    return symbol.quote if terms.side == "BUY" else symbol.base


def unit_price(terms: Terms) -> Decimal | None:
    """How much of the paid asset one unit may need; None for a buy at any price."""
    if terms.side == "SELL":
        return Decimal(1)
    return terms.price or terms.stop_price


def needed(terms: Terms, *, book: Book) -> Decimal:
    """What the account must have free, in the paid asset."""
    unit = unit_price(terms)
    if unit is not None:
        return unit * terms.quantity
    return sum((level.price * level.quantity for level in takes(terms, book)), ZERO)


def settle(order: Order, level: Level, *, account: Account, symbol: Symbol) -> Order:
    """Move both sides of a trade; what the order had set aside too much is free again.

    Raises ValueError, before anything has moved, when the account cannot pay.
    """
    value = level.price * level.quantity
    share = (unit_price(order.terms) or ZERO) * level.quantity if order.locked else ZERO
    is_buy = order.terms.side == "BUY"
    pays, price = (symbol.quote, value) if is_buy else (symbol.base, level.quantity)
    gets, goods = (symbol.base, level.quantity) if is_buy else (symbol.quote, value)
    if account.free(pays) + share < price:
        raise ValueError(f"{account.name} cannot pay {price} {pays}.")
    account.release(pays, share)
    account.add(pays, -price)
    account.add(gets, goods)
    return replace(order, locked=order.locked - share)


def charge(
    order: Order, level: Level, *, account: Account, rate: Decimal, markets: Mapping[str, Market]
) -> tuple[Decimal, str]:
    """Take the fee where the account wants it, or from what was received if that lacks."""
    symbol = markets[order.terms.symbol].symbol
    received = symbol.base if order.terms.side == "BUY" else symbol.quote
    names = {RECEIVED: received, "base": symbol.base, "quote": symbol.quote}
    for asset in (names.get(account.fee_in, account.fee_in), received):
        amount = _in_asset(level, asset, symbol=symbol, markets=markets)
        if amount is not None:
            fee = (amount * rate).quantize(SMALLEST, rounding=ROUND_DOWN)
            if account.free(asset) >= fee:
                account.add(asset, -fee)
                return fee, asset
    raise AssertionError("What a trade has just brought in pays its fee.")


def _in_asset(
    level: Level, asset: str, *, symbol: Symbol, markets: Mapping[str, Market]
) -> Decimal | None:
    """The trade's size in units of the asset; None where nothing says what that is worth."""
    value = level.price * level.quantity
    if asset in (symbol.base, symbol.quote):
        return level.quantity if asset == symbol.base else value
    market = markets.get(f"{asset}{symbol.quote}")
    return value / market.book.last if market else None
