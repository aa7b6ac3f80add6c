from django.urls import path

from tradingfarm.pages.teams import editor, performance, sessions, views

urlpatterns = [
    path("teams/", views.teams, name="teams"),
    path("teams/new/", editor.new_team, name="team-new"),
    path("teams/<uuid:team_id>/", views.team, name="team"),
    path(
        "teams/<uuid:team_id>/performance/",
        performance.performance,
        name="team-performance",
    ),
    path("teams/<uuid:team_id>/edit/", editor.edit_team, name="team-edit"),
    path("teams/<uuid:team_id>/run/", sessions.run, name="team-run"),
    path("teams/<uuid:team_id>/sessions/new/", sessions.start, name="session-start"),
    path("sessions/<uuid:session_id>/stop/", sessions.stop, name="session-stop"),
]
