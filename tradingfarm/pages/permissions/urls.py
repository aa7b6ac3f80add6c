from django.urls import path

from tradingfarm.pages.permissions import views

urlpatterns = [
    path("permissions/<uuid:permission_id>/", views.edit, name="permission-edit"),
    path("agents/<uuid:agent_id>/permissions/new/", views.grant, name="permission-grant"),
]
