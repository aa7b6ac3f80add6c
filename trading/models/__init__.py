from trading.models.accounts import (
    Account,
    Balance,
    CashMovement,
    EquitySnapshot,
    Permission,
)
from trading.models.emergency import StopRun
from trading.models.guards import Breaker, Confirmation, Override
from trading.models.orders import Assessment, Fill, Order, ParentOrder
from trading.models.paper import PaperOrder, PaperTrade
from trading.models.performance import PerformanceSnapshot
from trading.models.positions import Position, PositionShare, Protection, SplitBooking
from trading.models.venues import ExchangeKey, LiveConfirmation, Reconciliation, SenderLease

__all__ = [
    "Account",
    "Assessment",
    "Balance",
    "Breaker",
    "CashMovement",
    "Confirmation",
    "EquitySnapshot",
    "ExchangeKey",
    "Fill",
    "LiveConfirmation",
    "Order",
    "Override",
    "PaperOrder",
    "PaperTrade",
    "ParentOrder",
    "PerformanceSnapshot",
    "Permission",
    "Position",
    "PositionShare",
    "Protection",
    "Reconciliation",
    "SenderLease",
    "SplitBooking",
    "StopRun",
]
