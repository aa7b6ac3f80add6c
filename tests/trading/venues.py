"""An exchange by hand: it follows the Protocol, remembers its calls, and answers as it is told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.domain.exchange import (
    Capabilities,
    Delays,
    ExchangeUnavailable,
    FoundOrder,
    Outcome,
    OutcomeKind,
)
from trading.domain.states import OrderType, Side, TimeInForce


def found(client_order_id, *, symbol="AAPL", quantity="10", filled="0", **changes):
    """An order that rests at the exchange, ours or not."""
    values = {
        "client_order_id": client_order_id,
        "exchange_order_id": f"at-{client_order_id}",
        "symbol": symbol,
        "side": Side.BUY,
        "quantity": Decimal(quantity),
        "filled_quantity": Decimal(filled),
        "order_type": OrderType.LIMIT,
        "limit_price": Decimal(90),
        "placed_at": datetime(2001, 3, 7, 15, 30, tzinfo=UTC),
    }
    return FoundOrder(**(values | changes))


class RecordingExchange:
    """Accepts what it gets unless told otherwise. `known` are the reports that it gives."""

    def __init__(self, *, outcome=None, known=(), is_down=False):
        self.delays = Delays(
            send_window=timedelta(seconds=5),
            clock_error=timedelta(seconds=1),
            query_lag=timedelta(seconds=10),
            between_queries=timedelta(seconds=2),
        )
        self.outcome = outcome or Outcome(OutcomeKind.ACCEPTED, exchange_order_id="x-1")
        self.known = {report.client_order_id: report for report in known}
        self.is_down = is_down
        self.placed = []
        self.canceled = []
        self.resting = []
        self.elsewhere = []
        self.traded = []
        self.held = {}
        self.armed = []
        self.offset = timedelta(0)
        self.capabilities = Capabilities(
            order_types=frozenset(OrderType), times_in_force=frozenset(TimeInForce)
        )

    def place(self, placing):
        self.placed.append(placing)
        return self.outcome

    def reports(self, *, orders):
        self._answer()
        keys = [order.client_order_id for order in orders]
        return {key: self.known[key] for key in keys if key in self.known}

    def open_orders(self, *, account_id):
        self._answer()
        return tuple(found(key) for key in self.resting) + tuple(self.elsewhere)

    def trades(self, *, account_id, since):
        self._answer()
        return tuple(self.traded)

    def balances(self, *, account_id):
        self._answer()
        return self.held

    def clock_offset(self, *, account_id):
        self._answer()
        return self.offset

    def arm_dead_man(self, *, account_id, timeout):
        self._answer()
        self.armed.append(timeout)

    def cancel(self, *, order):
        self._answer()
        self.canceled.append(order.client_order_id)
        self.resting = [key for key in self.resting if key != order.client_order_id]

    def _answer(self):
        if self.is_down:
            raise ExchangeUnavailable("No answer.")
