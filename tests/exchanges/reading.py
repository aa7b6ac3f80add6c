"""From the parameters of `POST /api/v3/order` to terms, with Binance's complaints."""

import re
from collections.abc import Mapping
from decimal import Decimal

from tests.exchanges.books import Book, affordable, taken, whole
from tests.exchanges.symbols import Symbol
from tests.exchanges.terms import ZERO, Refused, Terms

Parameters = Mapping[str, str]

REQUIRED: dict[str, set[str]] = {
    "LIMIT": {"timeInForce", "quantity", "price"},
    "LIMIT_MAKER": {"quantity", "price"},
    "MARKET": set(),
    "STOP_LOSS": {"quantity", "stopPrice"},
    "STOP_LOSS_LIMIT": {"timeInForce", "quantity", "price", "stopPrice"},
    "TAKE_PROFIT": {"quantity", "stopPrice"},
    "TAKE_PROFIT_LIMIT": {"timeInForce", "quantity", "price", "stopPrice"},
}
OPTIONAL = {"MARKET": {"quantity", "quoteOrderQty"}}
GOVERNED = ("timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice")
TIMES_IN_FORCE = {"GTC", "IOC", "FOK"}
CLIENT_ORDER_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
AMOUNT = re.compile(r"\d{1,20}(\.\d{1,20})?")


def read_terms(parameters: Parameters, *, symbol: Symbol, book: Book, invented_id: str) -> Terms:
    """The terms, or Refused. `invented_id` names an order that came without a name."""
    type_ = required(parameters, "type")
    if type_ not in REQUIRED:
        raise Refused(-1116, "Invalid orderType.")
    side = required(parameters, "side")
    if side not in ("BUY", "SELL"):
        raise Refused(-1117, "Invalid side.")
    _check_presence(parameters, type_)
    if parameters.get("timeInForce", "GTC") not in TIMES_IN_FORCE:
        raise Refused(-1115, "Invalid timeInForce.")
    return Terms(
        symbol=symbol.name,
        side=side,
        type=type_,
        quantity=_quantity(parameters, side=side, symbol=symbol, book=book),
        client_order_id=_client_order_id(parameters) or invented_id,
        time_in_force=parameters.get("timeInForce", "GTC"),
        price=_amount(parameters, "price"),
        stop_price=_amount(parameters, "stopPrice"),
        quote_quantity=_amount(parameters, "quoteOrderQty"),
    )


def required(parameters: Parameters, name: str) -> str:
    """A parameter that has to be there. Raises Refused (-1102)."""
    value = parameters.get(name, "")
    if not value:
        raise Refused(
            -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        )
    return value


def number(parameters: Parameters, name: str) -> int | None:
    """A whole number, or None where the parameter is missing. Raises Refused (-1100)."""
    value = parameters.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit():
        raise Refused(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(value)


def _check_presence(parameters: Parameters, type_: str) -> None:
    for name in sorted(REQUIRED[type_]):
        required(parameters, name)
    allowed = REQUIRED[type_] | OPTIONAL.get(type_, set())
    for name in GOVERNED:
        if name in parameters and name not in allowed:
            raise Refused(-1106, f"Parameter '{name}' sent when not required.")
    if type_ == "MARKET" and ("quantity" in parameters) == ("quoteOrderQty" in parameters):
        raise Refused(
            -1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
        )


def _client_order_id(parameters: Parameters) -> str:
    name = parameters.get("newClientOrderId", "")
    if name and not CLIENT_ORDER_ID.fullmatch(name):
        raise Refused(-1100, "Illegal characters found in parameter 'newClientOrderId'.")
    return name


def _amount(parameters: Parameters, name: str) -> Decimal | None:
    value = parameters.get(name)
    if value is None:
        return None
    if not AMOUNT.fullmatch(value):
        raise Refused(-1100, f"Illegal characters found in parameter '{name}'.")
    if len(value.partition(".")[2].rstrip("0")) > 8:
        raise Refused(-1111, f"Parameter '{name}' has too much precision.")
    return Decimal(value)


def _quantity(parameters: Parameters, *, side: str, symbol: Symbol, book: Book) -> Decimal:
    quantity = _amount(parameters, "quantity")
    if quantity is not None:
        return quantity
    budget = _amount(parameters, "quoteOrderQty") or ZERO
    levels = taken(book.against(side), side=side, quantity=symbol.largest, limit=None)
    bought = sum(
        (level.quantity for level in affordable(levels, budget=budget, lot=symbol.lot)), ZERO
    )
    return whole(bought, symbol.lot)
