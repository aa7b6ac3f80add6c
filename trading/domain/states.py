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
    """Who wants an order. EXTERNAL: found at the exchange, made by nobody here."""

    AGENT = "agent"
    PERSON = "person"
    PROTECTION = "protection"
    LIQUIDATION = "liquidation"
    EXTERNAL = "external"


class OrderType(StrEnum):
    """How an order becomes a trade.

    A market order fills at once within its worst price. A limit order fills at its limit price or
    better. A stop waits until the last price has reached its stop price and is a market order from
    then on; a stop-limit is a limit order from then on.
    """

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"

    @property
    def has_limit(self) -> bool:
        return self in (OrderType.LIMIT, OrderType.STOP_LIMIT)

    @property
    def has_stop(self) -> bool:
        return self in (OrderType.STOP, OrderType.STOP_LIMIT)


class TimeInForce(StrEnum):
    """How long an order may rest: until canceled, not at all, not even in part, for the day."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    DAY = "DAY"


class RiskLevel(StrEnum):
    """How an agent rates the risk of its own order, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    def is_above(self, other: "RiskLevel") -> bool:
        return RISK_LEVELS.index(self) > RISK_LEVELS.index(other)


RISK_LEVELS = tuple(RiskLevel)


class WhenTainted(StrEnum):
    """What a permission does with an order that rests on text from outside."""

    ALLOW = "allow"
    CONFIRM = "confirm"
    DENY = "deny"


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


class CancelState(StrEnum):
    """How far the wish to cancel an order has come; its order keeps its own state meanwhile.

    FAILED: the exchange did not take it, or it is not known whether it did; it is asked again.
    """

    NONE = "NONE"
    REQUESTED = "REQUESTED"
    SENT = "SENT"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


class ParentState(StrEnum):
    """Of an order that is sent in slices."""

    WORKING = "WORKING"
    DONE = "DONE"
    STOPPED = "STOPPED"


class ConfirmationState(StrEnum):
    WAITING = "WAITING"
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class BreakerKind(StrEnum):
    """Why entries are blocked beyond one order; see `trading.domain.breakers` for each effect."""

    AGENT_DAILY_LOSS = "agent_daily_loss"
    ACCOUNT_DAILY_LOSS = "account_daily_loss"
    DRAWDOWN = "drawdown"
    REJECTS = "rejects"
    ORDER_RATE = "order_rate"
    PRICE_JUMP = "price_jump"
    STALE_FEED = "stale_feed"
    FAILED_ANSWERS = "failed_answers"
    EXTERNAL_ACTIVITY = "external_activity"
    DIFFERENCE = "difference"


class ProtectionKind(StrEnum):
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    TIME_EXIT = "time_exit"


class ProtectionState(StrEnum):
    ARMED = "ARMED"
    FIRED = "FIRED"
    DONE = "DONE"
    CANCELED = "CANCELED"


class ExitReason(StrEnum):
    """Why a position was reduced, in freqtrade's words."""

    EXIT_SIGNAL = "exit_signal"
    STOP_LOSS = "stop_loss"
    STOP_ON_EXCHANGE = "stoploss_on_exchange"
    TRAILING_STOP = "trailing_stop_loss"
    TAKE_PROFIT = "roi"
    TIME_EXIT = "custom_exit"
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
