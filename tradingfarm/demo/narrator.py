"""The journal told in the terminal: a line for each message, vote, decision, order and fill."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.text import Truncator

from market.models import Instrument
from tradingfarm.kernel.journal import FARM
from tradingfarm.kernel.models import JournalEvent, JournalStream

RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, GREY = (
    f"\x1b[{code}m" for code in (31, 32, 33, 34, 35, 36, 90)
)
MOST_AT_ONCE = 200
Tell = Callable[[str], None]


class Narrator:
    """Follows every stream by its sequence, so no event is told twice or left out."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told = dict(JournalStream.objects.values_list("name", "seq"))
        self._symbols: dict[str, str] = {}

    def catch_up(self) -> None:
        """Tell what was journaled since the last call."""
        for stream, seq in JournalStream.objects.exclude(name=FARM).values_list("name", "seq"):
            told = self._told.get(stream, 0)
            if seq > told:
                self._told[stream] = self._tell_since(stream, told)

    def _tell_since(self, stream: str, seq: int) -> int:
        events = JournalEvent.objects.filter(stream=stream, seq__gt=seq).order_by("seq")
        for event in events[:MOST_AT_ONCE]:
            teller = LINES.get(event.kind)
            if teller is not None and (line := teller(event.payload, self._symbol)):
                moment = f"{GREY}{event.as_of:%Y-%m-%d %H:%M}\x1b[0m " if event.as_of else ""
                self._tell(f"{moment}{line}")
            seq = event.seq
        return seq

    def _symbol(self, instrument_id: str) -> str:
        if instrument_id not in self._symbols:
            found = Instrument.objects.filter(id=instrument_id).first()
            self._symbols[instrument_id] = found.symbol if found else instrument_id[:8]
        return self._symbols[instrument_id]


Payload = Mapping[str, Any]
Symbol = Callable[[str], str]


def _message(payload: Payload, symbol: Symbol) -> str:
    colour = {"PROPOSAL": YELLOW, "VOTE": CYAN, "DECISION": MAGENTA}.get(
        str(payload["type"]), BLUE
    )
    text = Truncator(" ".join(str(payload["content"]).split())).chars(150)
    return f"{colour}{payload['sender']:<12} {payload['type']:<9}\x1b[0m {text}"


def _order(payload: Payload, symbol: Symbol) -> str:
    reason = f" ({payload['reason']})" if payload.get("reason") else ""
    return (
        f"{GREEN}{'Gate':<12} ORDER    \x1b[0m {payload['side']} {payload['quantity']} "
        f"{symbol(payload['instrument'])}, at worst {Decimal(payload['worst_price']):.2f}{reason}"
    )


def _denied(payload: Payload, symbol: Symbol) -> str | None:
    if payload["approved"]:
        return None
    request = payload["request"]
    return (
        f"{RED}{'Gate':<12} DENIED   \x1b[0m {request['side']} {request['quantity']} "
        f"{symbol(request['instrument_id'])}: {', '.join(payload['denials'])}"
    )


def _fill(payload: Payload, symbol: Symbol) -> str:
    gain = Decimal(payload["realised"])
    realised = f", realised {gain:+,.2f}" if payload["side"] == "sell" else ""
    return (
        f"{GREEN}{'Exchange':<12} FILL     \x1b[0m {payload['side']} {payload['quantity']} "
        f"{symbol(payload['instrument'])} at {Decimal(payload['price']):.2f}{realised}"
    )


def _halted(payload: Payload, symbol: Symbol) -> str:
    return f"{RED}{'Account':<12} HALTED   \x1b[0m {payload['mode']}: {payload['reason']}"


LINES: dict[str, Callable[[Payload, Symbol], str | None]] = {
    "agent.message": _message,
    "order.approved": _order,
    "risk.assessment": _denied,
    "agent.trade.executed": _fill,
    "account.halted": _halted,
}
