from django.urls import path

from tradingfarm.pages.closing import views

urlpatterns = [
    path(
        "accounts/<uuid:account_id>/positions/<uuid:instrument_id>/close/",
        views.close,
        name="position-close",
    ),
    path("orders/<uuid:order_id>/cancel/", views.cancel, name="order-cancel"),
]
