"""How orders were executed, each by itself or all slices of a large one together."""

from uuid import UUID

from django.db.models import Max, Min, Sum

from trading.domain.execution_report import Executed, ExecutionReport, execution_report
from trading.domain.states import Side
from trading.models import Order, ParentOrder
from tradingfarm.kernel.money import ZERO


def report_of_order(*, order_id: UUID) -> ExecutionReport:
    """The report of one order: one query. Raises Order.DoesNotExist."""
    order = Order.objects.get(id=order_id)
    return execution_report(
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


def report_of_parent(*, parent_id: UUID) -> ExecutionReport:
    """The report of an order that is sent in slices, against the price when it was approved.

    Two queries. Raises ParentOrder.DoesNotExist.
    """
    parent = ParentOrder.objects.get(id=parent_id)
    slices = parent.slices.aggregate(
        filled_quantity=Sum("filled_quantity", default=ZERO),
        value=Sum("filled_value", default=ZERO),
        fees=Sum("fees", default=ZERO),
        first_fill_at=Min("first_fill_at"),
        last_fill_at=Max("last_fill_at"),
    )
    return execution_report(
        Executed(
            side=Side(parent.side),
            quantity=parent.quantity,
            expected_price=parent.expected_price,
            approved_at=parent.at,
            **slices,
        )
    )
