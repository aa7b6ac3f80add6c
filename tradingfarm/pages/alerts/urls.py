from django.urls import path

from tradingfarm.pages.alerts import views

urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/bell/", views.bell, name="alerts-bell"),
    path("alerts/newest/", views.newest, name="alerts-newest"),
    path("alerts/seen/", views.seen, name="alerts-seen"),
]
