from django.urls import path

from tradingfarm.pages.journal import verification, views

urlpatterns = [
    path("journal/", views.journal, name="journal"),
    path("journal/export/", views.export, name="journal-export"),
    path("journal/verify/", verification.verify, name="journal-verify"),
    path("journal/<int:event_id>/", views.event, name="journal-event"),
]
