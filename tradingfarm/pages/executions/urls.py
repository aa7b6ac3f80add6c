from django.urls import path

from tradingfarm.pages.executions import views

urlpatterns = [
    path("executions/<uuid:execution_id>/", views.execution, name="execution"),
    path("executions/<uuid:execution_id>/chart/", views.chart, name="execution-chart"),
]
