"""Every address of the farm."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from tradingfarm import views

admin.site.site_header = "TradingFarm"
admin.site.site_title = "TradingFarm"
admin.site.index_title = "Administration"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("accounts/<uuid:account_id>/", views.dashboard, name="account"),
    path("accounts/<uuid:account_id>/numbers/", views.dashboard_numbers, name="account-numbers"),
    path(
        "accounts/<uuid:account_id>/conversation/",
        views.dashboard_conversation,
        name="account-conversation",
    ),
    path("accounts/<uuid:account_id>/equity/", views.dashboard_equity, name="account-equity"),
    path(
        "login/",
        LoginView.as_view(template_name="people/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("admin/", admin.site.urls),
]
