"""How orders, protections and exits are called for people."""

from collections.abc import Mapping

from trading.domain.states import (
    TERMINAL,
    CancelState,
    OrderState,
    OrderType,
    ParentState,
    ProtectionKind,
    ProtectionState,
    Source,
    TimeInForce,
)
from trading.models import Order
from tradingfarm.pages.dashboard.orders import STATE_WORDS

SOURCE_WORDS: Mapping[str, str] = {
    Source.AGENT: "an agent",
    Source.PERSON: "a person",
    Source.PROTECTION: "a protection, without any model",
    Source.LIQUIDATION: "an emergency stop",
    Source.EXTERNAL: "somebody else, at the exchange itself",
}
KIND_WORDS: Mapping[str, str] = {
    ProtectionKind.STOP_LOSS: "Stop-loss",
    ProtectionKind.TAKE_PROFIT: "Take-profit",
    ProtectionKind.TRAILING_STOP: "Trailing stop",
    ProtectionKind.TIME_EXIT: "Time exit",
}
TYPE_WORDS: Mapping[str, str] = {
    OrderType.MARKET: "market: fills at once within its worst price",
    OrderType.LIMIT: "limit: fills at its limit price or better",
    OrderType.STOP: "stop: a market order once the last price reaches its stop price",
    OrderType.STOP_LIMIT: "stop-limit: a limit order once the last price reaches its stop price",
}
FORCE_WORDS: Mapping[str, str] = {
    TimeInForce.GTC: "until it is canceled (GTC)",
    TimeInForce.IOC: "what fills at once, the rest ends (IOC)",
    TimeInForce.FOK: "all of it at once, or nothing (FOK)",
    TimeInForce.DAY: "until the day ends (DAY)",
}
CANCEL_WORDS: Mapping[str, str] = {
    CancelState.NONE: "",
    CancelState.REQUESTED: "asked for, not yet told to the exchange",
    CancelState.SENT: "asked of the exchange, which has not confirmed it yet",
    CancelState.CONFIRMED: "confirmed by the exchange",
    CancelState.FAILED: "not taken by the exchange so far",
}
ENDED_FIRST = "came too late: the order had ended before"
PARENT_WORDS: Mapping[str, str] = {
    ParentState.WORKING: "at work",
    ParentState.DONE: "all slices made",
    ParentState.STOPPED: "stopped",
}
PROTECTION_WORDS: Mapping[str, str] = {
    ProtectionState.ARMED: "armed",
    ProtectionState.FIRED: "fired, its exit is at work",
    ProtectionState.DONE: "fired and done",
    ProtectionState.CANCELED: "canceled, nothing was left to protect",
}
BAD = (OrderState.REJECTED, OrderState.EXPIRED, OrderState.EXPIRED_LOCAL, OrderState.NOT_PLACED)


def source_words(order: Order) -> str:
    """Who asked for the order: the agent by name, else what it was."""
    if order.source == Source.AGENT and order.permission is not None:
        return str(order.permission.agent_name)
    return SOURCE_WORDS.get(order.source, order.source)


def state_words(order: Order) -> str:
    """The state that an order is in."""
    return STATE_WORDS[OrderState(order.state)]


def cancel_words(order: Order) -> str:
    """How far the wish to cancel the order has come, '' without one."""
    if order.cancel_state == CancelState.FAILED and order.state in TERMINAL:
        return ENDED_FIRST
    return CANCEL_WORDS[order.cancel_state]
