"""Every address of the farm. Each subject's pages bring their own."""

from django.contrib import admin
from django.urls import include, path

from tradingfarm import views

admin.site.site_header = "TradingFarm"
admin.site.site_title = "TradingFarm"
admin.site.index_title = "Administration"

urlpatterns = [
    path("", include("tradingfarm.pages.dashboard.urls")),
    path("", include("tradingfarm.pages.lists.urls")),
    path("", include("tradingfarm.pages.alerts.urls")),
    path("", include("tradingfarm.pages.journal.urls")),
    path("", include("tradingfarm.pages.executions.urls")),
    path("", include("tradingfarm.pages.orders.urls")),
    path("", include("tradingfarm.pages.agents.urls")),
    path("", include("tradingfarm.pages.teams.urls")),
    path("", include("tradingfarm.pages.permissions.urls")),
    path("", include("tradingfarm.pages.start.urls")),
    path("", include("tradingfarm.pages.triggers.urls")),
    path("", include("tradingfarm.pages.markets.urls")),
    path("", include("tradingfarm.pages.stopping.urls")),
    path("", include("tradingfarm.pages.closing.urls")),
    path("", include("tradingfarm.pages.accounts.urls")),
    path("", include("tradingfarm.pages.risk.urls")),
    path("", include("tradingfarm.people.urls")),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("admin/", admin.site.urls),
]
