from django.urls import path

from tradingfarm.pages.markets import views

urlpatterns = [
    path("markets/", views.markets, name="markets"),
    path("markets/<uuid:instrument_id>/", views.market, name="market"),
    path("markets/<uuid:instrument_id>/candles/", views.candles, name="market-candles"),
    path("markets/<uuid:instrument_id>/table/", views.table, name="market-table"),
]
