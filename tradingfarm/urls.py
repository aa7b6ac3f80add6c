"""Every address of the farm. Each subject's pages bring their own."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from tradingfarm import views

admin.site.site_header = "TradingFarm"
admin.site.site_title = "TradingFarm"
admin.site.index_title = "Administration"

urlpatterns = [
    path("", include("tradingfarm.pages.dashboard.urls")),
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
