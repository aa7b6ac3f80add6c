"""The words an order, an account and a protection can be described with, and the allowed moves."""

from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class HaltState(StrEnum):
    """What an account still lets out: everything, exits only, or what a person chose."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Source(StrEnum):
    """Who wants an order."""

    AGENT = "agent"
    PERSON = "person"
    PROTECTION = "protection"
    LIQUIDATION = "liquidation"


class OrderState(StrEnum):
    APPROVED = "APPROVED"
    SUBMITTING = "SUBMITTING"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    UNKNOWN = "UNKNOWN"
    FILLED = "FILLED"
    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_LOCAL = "EXPIRED_LOCAL"
    NOT_PLACED = "NOT_PLACED"


TERMINAL = frozenset(
    {
        OrderState.FILLED,
        OrderState.REJECTED,
        OrderState.CANCELED,
        OrderState.EXPIRED,
        OrderState.EXPIRED_LOCAL,
        OrderState.NOT_PLACED,
    }
)
AT_WORK = frozenset(OrderState) - TERMINAL

_AT_EXCHANGE = frozenset(
    {
        OrderState.OPEN,
        OrderState.PARTIALLY_FILLED,
        OrderState.FILLED,
        OrderState.CANCELED,
        OrderState.EXPIRED,
    }
)
MOVES: dict[OrderState, frozenset[OrderState]] = {
    OrderState.APPROVED: frozenset({OrderState.SUBMITTING, OrderState.EXPIRED_LOCAL}),
    OrderState.SUBMITTING: _AT_EXCHANGE
    | {OrderState.REJECTED, OrderState.UNKNOWN, OrderState.NOT_PLACED},
    OrderState.UNKNOWN: _AT_EXCHANGE | {OrderState.REJECTED, OrderState.NOT_PLACED},
    OrderState.OPEN: _AT_EXCHANGE - {OrderState.OPEN},
    OrderState.PARTIALLY_FILLED: _AT_EXCHANGE - {OrderState.OPEN},
} | {state: frozenset() for state in TERMINAL}
"""From each state, where an order may go. A terminal order takes late fills and never moves."""


class ProtectionKind(StrEnum):
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"


class ProtectionState(StrEnum):
    ARMED = "ARMED"
    FIRED = "FIRED"
    DONE = "DONE"
    CANCELED = "CANCELED"


class ExitReason(StrEnum):
    """Why a position was reduced, in freqtrade's words."""

    EXIT_SIGNAL = "exit_signal"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "roi"
    FORCE_EXIT = "force_exit"
    EMERGENCY_EXIT = "emergency_exit"


class StopMode(StrEnum):
    """What an emergency stop does with orders and positions once nothing new can be sent."""

    KEEP = "keep"
    CANCEL = "cancel"
    FLATTEN = "flatten"


def may_move(old: OrderState, new: OrderState) -> bool:
    """Whether an order in `old` may go to `new`."""
    return new in MOVES[old]
