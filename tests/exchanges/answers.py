"""What goes back over the wire, and the ways in which it can be spoiled on its way."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.exchanges.terms import Refused

JSON, HTML = "application/json;charset=UTF-8", "text/html"


class Manner(StrEnum):
    """How an answer leaves."""

    SENT = "sent"
    # Nothing is ever sent; the connection stays open for a while.
    WITHHELD = "withheld"
    # The connection is reset (RST) instead.
    RESET = "reset"
    # Half of the body that the headers promise, then the connection closes.
    CUT = "cut"


@dataclass(frozen=True)
class Answer:
    """`seconds` is how long a withheld answer keeps the client waiting."""

    status: int = 200
    body: bytes = b""
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = Manner.SENT
    seconds: float = 0.0


def ok(shape: object) -> Answer:
    return Answer(body=_encoded(shape))


def refusal(refused: Refused) -> Answer:
    return failure(refused.status, refused.code, refused.message)


def failure(status: int, code: int, message: str, **headers: str) -> Answer:
    return Answer(status, _encoded({"code": code, "msg": message}), headers=headers)


def page(status: int, title: str) -> Answer:
    """What a proxy, a firewall or a captive portal says."""
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, body.encode(), HTML)


def _encoded(shape: object) -> bytes:
    return json.dumps(shape, separators=(",", ":")).encode()


# Stands in for the true answer where the engine was never asked.
NOTHING_PLACED = ok({"symbol": "BTCUSDT", "orderId": 1, "clientOrderId": "", "status": "NEW"})

# From the answer that was meant, the path asked and the fault's seconds to what is done instead.
Spoiling = Callable[[Answer, str, float], Answer]


def _always(answer: Answer) -> Spoiling:
    return lambda meant, path, seconds: answer


def _withheld(meant: Answer, path: str, seconds: float) -> Answer:
    return replace(meant, manner=Manner.WITHHELD, seconds=seconds)


def _reset(meant: Answer, path: str, seconds: float) -> Answer:
    return replace(meant, manner=Manner.RESET)


def _cut(meant: Answer, path: str, seconds: float) -> Answer:
    return replace(meant, manner=Manner.CUT)


def _half(meant: Answer, path: str, seconds: float) -> Answer:
    return replace(meant, status=200, body=meant.body[: len(meant.body) // 2])


def _elsewhere(meant: Answer, path: str, seconds: float) -> Answer:
    return Answer(307, b"", HTML, {"Location": path})


STATUS_UNKNOWN = (
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown."
)
UNKNOWN_CODE = -9876

# Each becomes two faults: one after the engine has taken the request, one without asking it. On
# the wire the two look the same, which is the point.
SPOILINGS: dict[str, tuple[str, Spoiling]] = {
    "timeout": ("no answer comes for `seconds`", _withheld),
    "reset": ("the connection is reset", _reset),
    "cut_connection": ("the connection closes in the middle of the answer", _cut),
    "http_408": ("408 from a proxy", _always(page(408, "Request Timeout"))),
    "http_500": ("500", _always(failure(500, -1000, "An unknown error occurred."))),
    "http_502": ("502 from a proxy", _always(page(502, "Bad Gateway"))),
    "http_503": ("503 with -1007, status unknown", _always(failure(503, -1007, STATUS_UNKNOWN))),
    "http_504": ("504 from a proxy", _always(page(504, "Gateway Timeout"))),
    "http_507": ("507 from a proxy", _always(page(507, "Insufficient Storage"))),
    "http_520": ("520 from a proxy", _always(page(520, "Unknown Error"))),
    "http_524": ("524 from a proxy", _always(page(524, "A Timeout Occurred"))),
    "html": ("200 with a page instead of JSON", _always(page(200, "Welcome"))),
    "empty": ("200 with nothing in it", _always(Answer())),
    "braces": ("200 with {}", _always(Answer(body=b"{}"))),
    "cut_json": ("200 with half of the JSON, as if it were whole", _half),
    "unknown_code": (
        "400 with a code that nobody has reviewed",
        _always(failure(400, UNKNOWN_CODE, "Something went differently.")),
    ),
    "redirect": ("307 to the same address, which clients send the order to again", _elsewhere),
}
