"""Accounts and their orders in the admin: read by the staff, changed by services."""

from trading.admin.accounts import AccountAdmin, PermissionAdmin
from trading.admin.orders import AssessmentAdmin, FillAdmin, OrderAdmin
from trading.admin.positions import PositionAdmin, ProtectionAdmin

__all__ = [
    "AccountAdmin",
    "AssessmentAdmin",
    "FillAdmin",
    "OrderAdmin",
    "PermissionAdmin",
    "PositionAdmin",
    "ProtectionAdmin",
]
