"""The endpoints: what each asks of the engine or of the query side."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.exchanges.accounts import Account
from tests.exchanges.arming import (
    ACCOUNT,
    ALL_ORDERS,
    BOOK_TICKER,
    DAY_TICKER,
    DEPTH,
    MY_TRADES,
    OPEN_ORDERS,
    ORDER,
    Plan,
)
from tests.exchanges.engine import CLIENT, Engine
from tests.exchanges.limits import Limits, Parameters, by_depth, by_order, flat, with_symbol
from tests.exchanges.queries import Queries
from tests.exchanges.reading import number, read_terms, required
from tests.exchanges.shapes import (
    account_shape,
    canceled_shape,
    day_shape,
    depth_shape,
    exchange_shape,
    order_shape,
    placed_shape,
    restrictions_shape,
    ticker_shape,
    trade_shape,
)
from tests.exchanges.state import Market
from tests.exchanges.terms import Order, Refused, Trade

LONGEST_SPAN_MS = 24 * 3600 * 1000


@dataclass
class Call:
    """One request on its way through an endpoint. `placed` is set once an order was accepted."""

    engine: Engine
    limits: Limits
    parameters: Parameters
    plan: Plan
    account: Account | None = None
    placed: Order | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> Account:
        assert self.account is not None
        return self.account

    @property
    def queries(self) -> Queries:
        return Queries(self.engine, self.owner, self.plan.view)

    def symbol(self) -> str:
        """The symbol that has to be named. Raises Refused (-1121)."""
        name = required(self.parameters, "symbol")
        if name not in self.engine.markets:
            raise Refused(-1121, "Invalid symbol.")
        return name


@dataclass(frozen=True)
class Route:
    """`weight` is Binance's, by the parameters of the request."""

    answer: Callable[[Call], object]
    weight: Callable[[Parameters], int]
    is_signed: bool = True


# ------------------------------------------------------------------------------------- public


def ping(call: Call) -> object:
    return {}


def server_time(call: Call) -> object:
    return {"serverTime": call.engine.now_ms()}


def exchange_info(call: Call) -> object:
    symbols = [market.symbol for market in _markets(call)]
    return exchange_shape(symbols, limits=call.limits, now_ms=call.engine.now_ms())


def book_ticker(call: Call) -> object:
    factor = call.plan.view.price_factor
    return _one_or_all(call, lambda market: ticker_shape(market, factor=factor))


def day_ticker(call: Call) -> object:
    factor, now_ms = call.plan.view.price_factor, call.engine.now_ms()
    return _one_or_all(call, lambda market: day_shape(market, factor=factor, now_ms=now_ms))


def depth(call: Call) -> object:
    return depth_shape(
        call.engine.markets[call.symbol()],
        factor=call.plan.view.price_factor,
        limit=number(call.parameters, "limit") or 100,
        now_ms=call.engine.now_ms(),
    )


def _one_or_all(call: Call, shape: Callable[[Market], dict[str, Any]]) -> object:
    shapes = [shape(market) for market in _markets(call)]
    return shapes[0] if "symbol" in call.parameters else shapes


def _markets(call: Call) -> list[Market]:
    """Those that `symbol` or `symbols` (a JSON list) names, otherwise all."""
    if "symbol" in call.parameters:
        return [call.engine.markets[call.symbol()]]
    try:
        names = json.loads(call.parameters.get("symbols", "[]"))
    except ValueError as error:
        raise Refused(-1100, "Illegal characters found in parameter 'symbols'.") from error
    if not set(names) <= set(call.engine.markets):
        raise Refused(-1121, "Invalid symbol.")
    return [call.engine.markets[name] for name in names or call.engine.markets]


# ------------------------------------------------------------------------------------- orders


def place(call: Call) -> object:
    engine, plan = call.engine, call.plan
    if not call.owner.can_trade:
        raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
    market = engine.markets[call.symbol()]
    terms = read_terms(
        call.parameters,
        symbol=market.symbol,
        book=market.book,
        invented_id=engine.invented_id("auto"),
    )
    now_ms = engine.now_ms()
    if not call.limits.allows_order(account=call.owner.name, now_ms=now_ms):
        raise Refused(-1015, "Too many new orders; current limit is reached.", status=429)
    if plan.refused:
        raise plan.refused
    before = len(engine.trades)
    call.placed = engine.place(account=call.owner, terms=terms, tweak=plan.tweak)
    call.limits.count_order(account=call.owner.name, now_ms=now_ms)
    count = call.limits.orders_used(account=call.owner.name, now_ms=now_ms)
    call.headers["X-MBX-ORDER-COUNT-10S"] = str(count)
    form = call.parameters.get("newOrderRespType", _usual_form(terms.type))
    if plan.is_silent:
        return placed_shape(engine.versions[call.placed.id][0].order, [], form=form)
    return placed_shape(call.placed, engine.trades[before:], form=form)


def _usual_form(type_: str) -> str:
    return "FULL" if type_ in ("MARKET", "LIMIT") else "ACK"


def query_order(call: Call) -> object:
    order_id, name = _named(call.parameters)
    return order_shape(
        call.queries.order(symbol=call.symbol(), order_id=order_id, client_order_id=name)
    )


def cancel_order(call: Call) -> object:
    call.symbol()
    _named(call.parameters)
    order = named_order(call.engine, call.owner.name, call.parameters)
    if order is None or not order.is_open:
        raise Refused(-2011, "Unknown order sent.")
    return _canceled(call, order)


def cancel_all(call: Call) -> object:
    orders = call.engine.open_orders(account=call.owner.name, symbol=call.symbol())
    if not orders:
        raise Refused(-2011, "Unknown order sent.")
    return [_canceled(call, order) for order in orders]


def _canceled(call: Call, order: Order) -> object:
    if call.plan.cancel:
        order = call.plan.cancel(call.engine, order)
    else:
        order = call.engine.cancel(order, by=CLIENT)
    name = call.parameters.get("newClientOrderId") or call.engine.invented_id("cancel")
    return canceled_shape(order, cancel_id=name)


def _named(parameters: Parameters) -> tuple[int | None, str]:
    """The exchange's id and the client's. Raises Refused (-1102) where both are missing."""
    order_id, name = number(parameters, "orderId"), parameters.get("origClientOrderId", "")
    if order_id is None and not name:
        raise Refused(
            -1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        )
    return order_id, name


def named_order(engine: Engine, account: str, parameters: Parameters) -> Order | None:
    """The order that a request speaks of as it truly is; an open one first, then the newest."""
    order_id, name = parameters.get("orderId", ""), parameters.get("origClientOrderId", "")
    if order_id.isdigit():
        found = [engine.orders[int(order_id)]] if int(order_id) in engine.orders else []
    else:
        found = engine.orders_named(account, name) if name else []
    mine = [order for order in found if order.account == account]
    symbol = parameters.get("symbol", "")
    mine = [order for order in mine if symbol in ("", order.terms.symbol)]
    return max(mine, key=lambda order: (order.is_open, order.id), default=None)


# ------------------------------------------------------------------------------------ queries


def open_orders(call: Call) -> object:
    symbol = call.symbol() if "symbol" in call.parameters else ""
    return [order_shape(order) for order in call.queries.open_orders(symbol=symbol)]


def all_orders(call: Call) -> object:
    least = number(call.parameters, "orderId")
    orders = [
        order
        for order in call.queries.all_orders(symbol=call.symbol())
        if _is_in_span(call.parameters, order.placed_ms) and (least is None or order.id >= least)
    ]
    return [order_shape(order) for order in _page(call.parameters, orders, starts=least)]


def my_trades(call: Call) -> object:
    queries, parameters = call.queries, call.parameters
    _check_span(parameters)
    least = number(parameters, "fromId")
    trades = [
        trade
        for trade in queries.trades(symbol=call.symbol(), order_id=number(parameters, "orderId"))
        if _is_in_span(parameters, trade.time_ms) and (least is None or trade.id >= least)
    ]
    page: list[Trade] = _page(parameters, trades, starts=least)
    return [trade_shape(trade) for trade in queries.presented(page)]


def _check_span(parameters: Parameters) -> None:
    start, end = number(parameters, "startTime"), number(parameters, "endTime")
    if start is not None and end is not None and end - start > LONGEST_SPAN_MS:
        raise Refused(-1127, "More than 24 hours between startTime and endTime.")


def _is_in_span(parameters: Parameters, at_ms: int) -> bool:
    start, end = number(parameters, "startTime"), number(parameters, "endTime")
    return (start is None or at_ms >= start) and (end is None or at_ms <= end)


def _page(parameters: Parameters, found: list[Any], *, starts: int | None) -> list[Any]:
    """The oldest ones from a start on, otherwise the newest; 500 unless `limit` says (1000)."""
    limit = min(number(parameters, "limit") or 500, 1000)
    from_start = starts is not None or "startTime" in parameters
    return found[:limit] if from_start else found[-limit:]


def account(call: Call) -> object:
    return account_shape(call.owner, call.queries.balances(), now_ms=call.engine.now_ms())


def restrictions(call: Call) -> object:
    return restrictions_shape(call.owner, now_ms=call.engine.now_ms())


ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): Route(ping, flat(1), is_signed=False),
    ("GET", "/api/v3/time"): Route(server_time, flat(1), is_signed=False),
    ("GET", "/api/v3/exchangeInfo"): Route(exchange_info, flat(20), is_signed=False),
    ("GET", DEPTH): Route(depth, by_depth, is_signed=False),
    ("GET", BOOK_TICKER): Route(book_ticker, with_symbol(2, without=4), is_signed=False),
    ("GET", DAY_TICKER): Route(day_ticker, with_symbol(2, without=80), is_signed=False),
    ("POST", ORDER): Route(place, flat(1)),
    ("GET", ORDER): Route(query_order, flat(4)),
    ("DELETE", ORDER): Route(cancel_order, flat(1)),
    ("GET", OPEN_ORDERS): Route(open_orders, with_symbol(6, without=80)),
    ("DELETE", OPEN_ORDERS): Route(cancel_all, flat(1)),
    ("GET", ALL_ORDERS): Route(all_orders, flat(20)),
    ("GET", MY_TRADES): Route(my_trades, by_order),
    ("GET", ACCOUNT): Route(account, flat(20)),
    ("GET", "/sapi/v1/account/apiRestrictions"): Route(restrictions, flat(1)),
}
