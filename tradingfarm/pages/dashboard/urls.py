from django.urls import path

from tradingfarm.pages.dashboard import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("accounts/<uuid:account_id>/", views.dashboard, name="account"),
    path("accounts/<uuid:account_id>/equity/", views.equity, name="account-equity"),
]
