from django.urls import path

from tradingfarm.pages.accounts import views

urlpatterns = [
    path("accounts/<uuid:account_id>/settings/", views.settings, name="account-settings"),
]
