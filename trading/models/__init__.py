from trading.models.accounts import Account, CashMovement, EquitySnapshot, Permission
from trading.models.emergency import StopRun
from trading.models.orders import Assessment, Fill, Order
from trading.models.paper import PaperOrder, PaperTrade
from trading.models.positions import Position, PositionShare, Protection

__all__ = [
    "Account",
    "Assessment",
    "CashMovement",
    "EquitySnapshot",
    "Fill",
    "Order",
    "PaperOrder",
    "PaperTrade",
    "Permission",
    "Position",
    "PositionShare",
    "Protection",
    "StopRun",
]
