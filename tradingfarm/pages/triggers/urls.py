from django.urls import path

from tradingfarm.pages.triggers import editor, switching, views

urlpatterns = [
    path("triggers/", views.triggers, name="triggers"),
    path("triggers/new/", editor.new, name="trigger-new"),
    path("triggers/fields/", editor.fields, name="trigger-fields"),
    path("triggers/preview/", editor.preview, name="trigger-preview"),
    path("triggers/<uuid:trigger_id>/", views.trigger, name="trigger"),
    path("triggers/<uuid:trigger_id>/edit/", editor.edit, name="trigger-edit"),
    path("triggers/<uuid:trigger_id>/switch/", switching.switch, name="trigger-switch"),
    path("triggers/<uuid:trigger_id>/chart/", views.chart, name="trigger-chart"),
]
