"""How orders, protections and exits are called for people."""

from collections.abc import Mapping

from trading.domain.states import OrderState, ProtectionKind, ProtectionState, Source
from trading.models import Order
from tradingfarm.pages.dashboard.orders import STATE_WORDS

SOURCE_WORDS: Mapping[str, str] = {
    Source.AGENT: "an agent",
    Source.PERSON: "a person",
    Source.PROTECTION: "a protection, without any model",
    Source.LIQUIDATION: "an emergency stop",
}
KIND_WORDS: Mapping[str, str] = {
    ProtectionKind.STOP_LOSS: "Stop-loss",
    ProtectionKind.TAKE_PROFIT: "Take-profit",
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
