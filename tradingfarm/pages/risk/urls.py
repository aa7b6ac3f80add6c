from django.urls import path

from tradingfarm.pages.risk import confirming, overriding, releasing, views

urlpatterns = [
    path("accounts/<uuid:account_id>/risk/", views.risk, name="account-risk"),
    path("breakers/<uuid:breaker_id>/release/", releasing.release_breaker, name="breaker-release"),
    path("confirmations/<uuid:confirmation_id>/", confirming.confirm_order, name="confirmation"),
    path(
        "confirmations/<uuid:confirmation_id>/refuse/",
        confirming.refuse_order,
        name="confirmation-refuse",
    ),
    path(
        "refusals/<uuid:assessment_id>/override/",
        overriding.override_check,
        name="assessment-override",
    ),
]
