"""An exchange by hand: it follows the Protocol, remembers its calls, and answers as it is told."""

from datetime import timedelta

from trading.domain.exchange import Delays, ExchangeUnavailable, Outcome, OutcomeKind


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

    def place(self, placing):
        self.placed.append(placing)
        return self.outcome

    def reports(self, *, client_order_ids):
        self._answer()
        return {key: self.known[key] for key in client_order_ids if key in self.known}

    def open_orders(self, *, account_id):
        self._answer()
        return tuple(self.resting)

    def cancel(self, *, client_order_id):
        self._answer()
        self.canceled.append(client_order_id)
        self.resting = [key for key in self.resting if key != client_order_id]

    def _answer(self):
        if self.is_down:
            raise ExchangeUnavailable("No answer.")
