"""How each venue says yes and no, read from its JSON without trusting any part of it to be there.

A body is what the JSON parser made of an answer; None is one that is no JSON.
"""

from collections.abc import Callable, Mapping

from trading.exchanges.ccxt.terms import Shape

Body = object
Accepted = tuple[str, str]
"""The venue's order id and the client id it repeats, both empty where they are missing."""

NOTHING: Accepted = ("", "")
# Binance puts many meanings under these codes: the message belongs to the code.
WITH_MESSAGE = frozenset({"-1010", "-2010", "-2011"})
OKX_ENVELOPES = frozenset({"1", "2"})
NO_REASON = frozenset({"", "UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON"})


def at(body: Body, *keys: str | int) -> object:
    """What lies under the keys, and None as soon as one is missing."""
    for key in keys:
        try:
            body = body[key]  # type: ignore[index]  # whatever it is, it says so itself
        except (KeyError, IndexError, TypeError):
            return None
    return body


def text(body: Body, *keys: str | int) -> str:
    """A string or a number under the keys, as text; empty for anything else."""
    found = at(body, *keys)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


# ------------------------------------------------------------------------------------- codes


def _binance_codes(body: Body) -> tuple[str, ...]:
    code = text(body, "code")
    if code in WITH_MESSAGE:
        code = f"{code} {text(body, 'msg')}"
    return (code,) if code else ()


def _kraken_codes(body: Body) -> tuple[str, ...]:
    errors = at(body, "error")
    return tuple(map(str, errors)) if isinstance(errors, list) else ()


def _coinbase_codes(body: Body) -> tuple[str, ...]:
    """The first reason that says something; an order that succeeded has none."""
    if at(body, "success") is True:
        return ()
    errors = at(body, "error_response")
    said = [
        text(body, "error"),
        text(body, "errors", 0, "id"),
        text(errors, "error"),
        text(errors, "new_order_failure_reason"),
        text(errors, "preview_failure_reason"),
        text(body, "results", 0, "failure_reason"),
    ]
    return tuple(code for code in said if code not in NO_REASON)[:1]


def _bybit_codes(body: Body) -> tuple[str, ...]:
    code = text(body, "retCode")
    return () if code in ("", "0") else (code,)


def _okx_codes(body: Body) -> tuple[str, ...]:
    code = text(body, "code")
    if code in OKX_ENVELOPES:
        code = text(body, "data", 0, "sCode")
    return () if code in ("", "0") else (code,)


def _hyperliquid_codes(body: Body) -> tuple[str, ...]:
    status = text(body, "status")
    if status == "err":
        return (text(body, "response"),)
    if status == "unknownOid":
        return (status,)
    error = text(body, "response", "data", "statuses", 0, "error")
    return (error,) if error else ()


# --------------------------------------------------------------------------------- acceptance


def _binance_accepted(body: Body) -> Accepted:
    return text(body, "orderId"), text(body, "clientOrderId")


def _kraken_accepted(body: Body) -> Accepted:
    """Kraken repeats no client id. More than one order for one request is no yes either."""
    ids = at(body, "result", "txid")
    return (text(ids, 0), "") if isinstance(ids, list) and len(ids) == 1 else NOTHING


def _coinbase_accepted(body: Body) -> Accepted:
    if at(body, "success") is not True:
        return NOTHING
    told = at(body, "success_response")
    return text(told, "order_id"), text(told, "client_order_id")


def _bybit_accepted(body: Body) -> Accepted:
    if text(body, "retCode") != "0":
        return NOTHING
    return text(body, "result", "orderId"), text(body, "result", "orderLinkId")


def _okx_accepted(body: Body) -> Accepted:
    row = at(body, "data", 0)
    if (text(body, "code"), text(row, "sCode")) != ("0", "0"):
        return NOTHING
    return text(row, "ordId"), text(row, "clOrdId")


def _hyperliquid_accepted(body: Body) -> Accepted:
    if text(body, "status") != "ok":
        return NOTHING
    status = at(body, "response", "data", "statuses", 0)
    told = at(status, "resting") or at(status, "filled")
    return text(told, "oid"), text(told, "cloid")


CODES: Mapping[str, Callable[[Body], tuple[str, ...]]] = {
    "binance": _binance_codes,
    "kraken": _kraken_codes,
    "coinbase": _coinbase_codes,
    "bybit": _bybit_codes,
    "okx": _okx_codes,
    "hyperliquid": _hyperliquid_codes,
}
ACCEPTED: Mapping[str, Callable[[Body], Accepted]] = {
    "binance": _binance_accepted,
    "kraken": _kraken_accepted,
    "coinbase": _coinbase_accepted,
    "bybit": _bybit_accepted,
    "okx": _okx_accepted,
    "hyperliquid": _hyperliquid_accepted,
}


def fits(shape: Shape, body: Body) -> bool:
    """Whether the body holds what the shape promises, in every row."""
    found = at(body, *shape.keys)
    if not isinstance(found, shape.kind):
        return False
    if not shape.required:
        return True
    return all(_has(row, shape.required) for row in rows_of(shape, body))


def rows_of(shape: Shape, body: Body) -> list[object]:
    """The rows of an answer that fits the shape."""
    found = at(body, *shape.keys)
    if isinstance(found, dict):
        return list(found.values()) if shape.by_id else [found]
    return found if isinstance(found, list) else []


def _has(row: object, required: tuple[str, ...]) -> bool:
    return isinstance(row, Mapping) and all(row.get(key) is not None for key in required)
