"""Accounts and their orders in the admin: read by the staff, changed by services."""

from trading.admin.accounts import AccountAdmin, PermissionAdmin
from trading.admin.guards import (
    BreakerAdmin,
    ConfirmationAdmin,
    OverrideAdmin,
    ParentOrderAdmin,
)
from trading.admin.orders import AssessmentAdmin, FillAdmin, OrderAdmin
from trading.admin.positions import PositionAdmin, ProtectionAdmin
from trading.admin.venues import ExchangeKeyAdmin, ReconciliationAdmin

__all__ = [
    "AccountAdmin",
    "AssessmentAdmin",
    "BreakerAdmin",
    "ConfirmationAdmin",
    "ExchangeKeyAdmin",
    "FillAdmin",
    "OrderAdmin",
    "OverrideAdmin",
    "ParentOrderAdmin",
    "PermissionAdmin",
    "PositionAdmin",
    "ProtectionAdmin",
    "ReconciliationAdmin",
]
