from django.urls import path

from tradingfarm.pages.closing import changing, parents, protecting, views

urlpatterns = [
    path(
        "accounts/<uuid:account_id>/positions/<uuid:instrument_id>/close/",
        views.close,
        name="position-close",
    ),
    path("orders/<uuid:order_id>/cancel/", views.cancel, name="order-cancel"),
    path("orders/<uuid:order_id>/change/", changing.change, name="order-change"),
    path("parents/<uuid:parent_id>/stop/", parents.stop, name="parent-stop"),
    path("shares/<int:share_id>/protection/", protecting.protect, name="share-protect"),
]
