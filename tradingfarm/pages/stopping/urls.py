from django.urls import path

from tradingfarm.pages.stopping import resuming, views

urlpatterns = [
    path("accounts/stop/", views.stop_all, name="accounts-stop"),
    path("accounts/stop/progress/", views.progress_of_all, name="accounts-stop-progress"),
    path("accounts/<uuid:account_id>/stop/", views.stop, name="account-stop"),
    path(
        "accounts/<uuid:account_id>/stop/progress/", views.progress, name="account-stop-progress"
    ),
    path("accounts/<uuid:account_id>/resume/", resuming.resume, name="account-resume"),
]
