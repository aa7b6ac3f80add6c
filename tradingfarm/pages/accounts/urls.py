from django.urls import path

from tradingfarm.pages.accounts import (
    bounding,
    connecting,
    hands,
    keys,
    moving,
    performance,
    switching,
    views,
)

urlpatterns = [
    path("accounts/connect/", connecting.connect, name="account-connect"),
    path("accounts/<uuid:account_id>/settings/", views.settings, name="account-settings"),
    path("accounts/<uuid:account_id>/switch/", switching.switch, name="account-switch"),
    path("accounts/<uuid:account_id>/limits/", bounding.change_limits, name="account-limits"),
    path("accounts/<uuid:account_id>/money/", moving.move_money, name="account-move-money"),
    path("accounts/<uuid:account_id>/live/", hands.confirm, name="account-confirm-live"),
    path(
        "accounts/<uuid:account_id>/live/withdraw/", hands.withdraw, name="account-withdraw-live"
    ),
    path("accounts/<uuid:account_id>/key/", keys.replace_key, name="account-key"),
    path("accounts/<uuid:account_id>/key/forget/", keys.forget, name="account-forget-key"),
    path(
        "accounts/<uuid:account_id>/performance/",
        performance.performance,
        name="account-performance",
    ),
    path(
        "accounts/<uuid:account_id>/performance/curve/",
        performance.curve,
        name="account-performance-curve",
    ),
    path(
        "accounts/<uuid:account_id>/performance/export/",
        performance.export,
        name="account-performance-export",
    ),
]
