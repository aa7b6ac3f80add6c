"""The hand on the exchange: `POST /__control__` with {"do": action, ...} and JSON back.

Each function below is an action of its own name; its keyword arguments are those of the message.
Amounts come as strings. A mistake is answered with 400 and {"problem": ...}.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.exchanges.accounts import Account, Balance
from tests.exchanges.arming import Armed
from tests.exchanges.books import Book, Level, ladder
from tests.exchanges.engine import VENUE
from tests.exchanges.exchange import LEVEL_SIZE, Exchange
from tests.exchanges.faults import KINDS
from tests.exchanges.limits import Limits
from tests.exchanges.reading import read_terms
from tests.exchanges.shapes import order_shape
from tests.exchanges.state import Market
from tests.exchanges.symbols import Symbol
from tests.exchanges.terms import Order, Refused, Status

CONTROL = "/__control__"

Amount = str | int | float
Pairs = list[list[str]]


class Problem(Exception):
    """A message that says something impossible, in a sentence."""


def act(exchange: Exchange, message: dict[str, Any]) -> object:
    """Carry out one message. Raises Problem."""
    arguments = dict(message)
    action = ACTIONS.get(arguments.pop("do", ""))
    if action is None:
        raise Problem(f"Say what to do: {', '.join(ACTIONS)}.")
    try:
        inspect.signature(action).bind(exchange, **arguments)
    except TypeError as error:
        raise Problem(f"{action.__name__}: {error}") from error
    with exchange.lock:
        try:
            return action(exchange, **arguments)
        except (Refused, ValueError, KeyError, InvalidOperation) as error:
            raise Problem(f"{action.__name__}: {error!r}") from error


# ------------------------------------------------------------------------------------- market


def price(
    exchange: Exchange,
    *,
    symbol: str,
    price: Amount,
    size: Amount | None = None,
    levels: int = 10,
) -> object:
    """Move the market: a new last price, and a ladder around it with `size` on each level."""
    tick = _market(exchange, symbol).symbol.tick
    depth = LEVEL_SIZE if size is None else _amount(size)
    book = ladder(price=_amount(price), tick=tick, size=depth, levels=levels)
    exchange.engine.move(symbol, book)
    return {}


def gap(exchange: Exchange, *, symbol: str, percent: Amount) -> object:
    """Jump by so many percent, with nothing traded in between; whole ticks."""
    market = _market(exchange, symbol)
    target = market.book.last * (1 + _amount(percent) / 100)
    ticks = (target / market.symbol.tick).to_integral_value()
    return price(exchange, symbol=symbol, price=str(ticks * market.symbol.tick))


def book(
    exchange: Exchange, *, symbol: str, bids: Pairs, asks: Pairs, last: Amount | None = None
) -> object:
    """The whole book as pairs of price and quantity, best first."""
    known = _market(exchange, symbol).book
    exchange.engine.move(
        symbol,
        Book(
            last=known.last if last is None else _amount(last),
            bids=_levels(bids),
            asks=_levels(asks),
        ),
    )
    return {}


def list_symbol(
    exchange: Exchange,
    *,
    base: str,
    quote: str = "USDT",
    tick: Amount,
    lot: Amount,
    min_notional: Amount,
    price: Amount,
) -> object:
    """Trade one more pair."""
    terms = (_amount(value) for value in (tick, lot, min_notional, price))
    symbol = Symbol(base, quote, *terms)
    start = ladder(price=symbol.price, tick=symbol.tick, size=LEVEL_SIZE)
    exchange.engine.list_symbol(symbol, start)
    return {"symbol": symbol.name}


# ------------------------------------------------------------------------------------- orders


def fill(
    exchange: Exchange,
    *,
    order: str | int,
    quantity: Amount | None = None,
    price: Amount | None = None,
) -> object:
    """Let an open order trade: all of it, or `quantity`; at its own price, or at `price`."""
    return order_shape(
        exchange.engine.fill(
            _order(exchange, order),
            quantity=None if quantity is None else _amount(quantity),
            price=None if price is None else _amount(price),
        )
    )


def cancel(exchange: Exchange, *, order: str | int, status: str = "EXPIRED") -> object:
    """The venue ends an open order by itself, as EXPIRED or CANCELED."""
    found = _order(exchange, order)
    return order_shape(exchange.engine.cancel(found, by=VENUE, status=Status(status)))


def foreign(exchange: Exchange, *, account: str, **parameters: str) -> object:
    """Somebody else orders in this account; the parameters are those of `POST order`."""
    market = _market(exchange, parameters["symbol"])
    terms = read_terms(
        parameters,
        symbol=market.symbol,
        book=market.book,
        invented_id=exchange.engine.invented_id("web"),
    )
    owner = _account(exchange, account)
    return order_shape(exchange.engine.place(account=owner, terms=terms, origin=VENUE))


# ----------------------------------------------------------------------------------- accounts


def account(
    exchange: Exchange,
    *,
    name: str,
    balances: dict[str, Amount] | None = None,
    **changes: Any,
) -> object:
    """Open an account, or change one: balances (free), key, secret, maker, taker, fee_in,
    can_trade, can_withdraw.

    Its key is `key-of-NAME` and its secret `secret-of-NAME` unless told otherwise.
    """
    known = exchange.engine.accounts.get(name) or Account(
        name=name, key=f"key-of-{name}", secret=f"secret-of-{name}"
    )
    for rate in ("maker", "taker"):
        if rate in changes:
            changes[rate] = _amount(changes[rate])
    try:
        changed = replace(known, **changes)
    except TypeError as error:
        raise ValueError(str(error)) from error
    for asset, amount in (balances or {}).items():
        held = changed.balances.get(asset, Balance())
        changed.balances[asset] = Balance(_amount(amount), held.locked)
    exchange.engine.open_account(changed)
    return {"name": changed.name, "key": changed.key, "secret": changed.secret}


def drift(exchange: Exchange, *, account: str, asset: str, amount: Amount) -> object:
    """A balance changes by `amount`, and no trade says why."""
    owner = _account(exchange, account)
    exchange.engine.drift(owner, asset=asset, amount=_amount(amount))
    return {}


def limits(exchange: Exchange, *, weight: int | None, orders: int | None) -> object:
    """Weight a minute, orders in ten seconds for each account; None lets everything through."""
    exchange.limits.weight, exchange.limits.orders = weight, orders
    return {}


# ------------------------------------------------------------------------------------- faults


def fault(exchange: Exchange, *, kind: str, **terms: Any) -> object:
    """Arm a fault: `times`, `probability`, method, path, order_kind, account, symbol, options."""
    armed = exchange.faults.arm(kind, **terms)
    exchange.record.write("armed", **_described(armed))
    return _described(armed)


def disarm(exchange: Exchange, *, number: int | None = None) -> object:
    """Take one fault away, or all of them. What was chosen for a request already still comes."""
    exchange.faults.disarm(number)
    exchange.banned_until = 0.0
    exchange.record.write("disarmed", number=number)
    return {}


def reject_next_stop(exchange: Exchange) -> object:
    """The next stop order is refused as one that would trigger immediately."""
    return fault(exchange, kind="stop_rejected")


def kinds(exchange: Exchange) -> object:
    """The registry."""
    return {
        each.name: {
            "line": each.line,
            "slot": each.slot,
            "places": each.places,
            "reaches_engine": each.reaches_engine,
            "is_standing": each.is_standing,
            "order_kind": each.order_kind,
            "options": each.defaults,
        }
        for each in KINDS.values()
    }


def _described(armed: Armed) -> dict[str, object]:
    return {
        "number": armed.number,
        "kind": armed.kind.name,
        "times": armed.times,
        "probability": armed.probability,
        "options": armed.options,
    }


# ---------------------------------------------------------------------------------- the truth


def log(exchange: Exchange, *, since: int = 0) -> object:
    """Every event after this sequence number, from the last reset on."""
    return exchange.record.since(since)


def state(exchange: Exchange) -> object:
    """Prices, balances, open orders and armed faults as they are now."""
    engine = exchange.engine
    return {
        "seed": exchange.seed,
        "prices": {name: market.book.last for name, market in engine.markets.items()},
        "balances": {name: each.snapshot() for name, each in engine.accounts.items()},
        "open_orders": [order_shape(order) for order in engine.open_orders()],
        "faults": [_described(armed) for armed in exchange.faults.armed],
    }


def counts(exchange: Exchange) -> object:
    """Requests by method and path, and Binance's weights."""
    known: Limits = exchange.limits
    return {
        "requests": dict(known.requests),
        "weight": known.total_weight,
        "weight_this_minute": known.used,
    }


def clock(exchange: Exchange, *, ahead: float) -> object:
    """Move time by hand: `ahead` seconds before this machine's, until the next reset."""
    if ahead < exchange.engine.ahead:
        raise ValueError("Time does not go back.")
    exchange.engine.ahead = ahead
    return {}


def reset(exchange: Exchange, *, seed: int | None = None) -> object:
    """Everything as at the start; the log file goes on with an event `begin`."""
    exchange.reset(seed=exchange.seed if seed is None else seed)
    return {}


ACTIONS: dict[str, Callable[..., object]] = {
    action.__name__: action
    for action in (
        price,
        gap,
        book,
        list_symbol,
        fill,
        cancel,
        foreign,
        account,
        drift,
        limits,
        fault,
        disarm,
        reject_next_stop,
        kinds,
        log,
        state,
        counts,
        clock,
        reset,
    )
}


def _amount(value: Amount) -> Decimal:
    return Decimal(str(value))


def _levels(pairs: Pairs) -> tuple[Level, ...]:
    return tuple(Level(_amount(price), _amount(quantity)) for price, quantity in pairs)


def _market(exchange: Exchange, symbol: str) -> Market:
    return exchange.engine.markets[symbol]


def _account(exchange: Exchange, name: str) -> Account:
    return exchange.engine.accounts[name]


def _order(exchange: Exchange, name: str | int) -> Order:
    """By the exchange's id, or by the client's: the newest of that name in any account."""
    orders = exchange.engine.orders
    if isinstance(name, int):
        return orders[name]
    named = [order for order in orders.values() if order.terms.client_order_id == name]
    if not named:
        raise ValueError(f"There is no order {name}.")
    return named[-1]
