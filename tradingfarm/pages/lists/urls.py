from django.urls import path

from tradingfarm.pages.lists import views

urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/export/", views.export_orders, name="orders-export"),
    path("fills/", views.fills, name="fills"),
    path("fills/export/", views.export_fills, name="fills-export"),
    path("positions/", views.positions, name="positions"),
    path("positions/export/", views.export_positions, name="positions-export"),
    path("refusals/", views.refusals, name="refusals"),
    path("refusals/export/", views.export_refusals, name="refusals-export"),
    path("executions/", views.executions, name="executions"),
    path("executions/export/", views.export_executions, name="executions-export"),
]
