"""What an order cost beyond its price: the execution report, as pages show it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from trading.domain.execution_report import Executed, ExecutionReport, execution_report
from trading.domain.states import Side
from trading.models import Order
from tradingfarm.pages.orders.spans import span_words

HUNDRED = 100


@dataclass(frozen=True)
class Report:
    """What was expected and what was paid.

    `found` has the figures, None before the first fill; `worst` is the price beyond which nothing
    may fill, None for several orders together. Spans are from the approval, in words.
    """

    found: ExecutionReport
    worst: Decimal | None
    to_first_fill: str
    to_last_fill: str

    @property
    def filled_pct(self) -> int:
        """Whole, 0 to 100."""
        return int(self.found.filled_part * HUNDRED)


def report_of(order: Order) -> Report:
    """The report of an order as it stands. No query."""
    found = execution_report(
        Executed(
            side=Side(order.side),
            quantity=order.quantity,
            expected_price=order.expected_price,
            approved_at=order.approved_at,
            filled_quantity=order.filled_quantity,
            value=order.filled_value,
            fees=order.fees,
            first_fill_at=order.first_fill_at,
            last_fill_at=order.last_fill_at,
        )
    )
    return shown(found, worst=order.worst_price)


def shown(found: ExecutionReport, *, worst: Decimal | None = None) -> Report:
    """A report with its spans in words."""
    return Report(found, worst, _words(found.to_first_fill), _words(found.to_last_fill))


def _words(span: timedelta | None) -> str:
    return "" if span is None else span_words(span)
