from django.urls import path

from tradingfarm.pages.orders import views

urlpatterns = [
    path("orders/<uuid:order_id>/", views.order, name="order"),
    path("parents/<uuid:parent_id>/", views.parent, name="parent"),
    path("positions/<uuid:instrument_id>/", views.position, name="position"),
]
