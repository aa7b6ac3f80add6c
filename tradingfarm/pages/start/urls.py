from django.urls import path

from tradingfarm.pages.start import views

urlpatterns = [path("start/", views.start, name="start")]
