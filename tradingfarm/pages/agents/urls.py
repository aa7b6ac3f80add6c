from django.urls import path

from tradingfarm.pages.agents import editor, views

urlpatterns = [
    path("agents/", views.agents, name="agents"),
    path("agents/new/", editor.new_agent, name="agent-new"),
    path("agents/<uuid:agent_id>/", views.agent, name="agent"),
    path("agents/<uuid:agent_id>/edit/", editor.edit_agent, name="agent-edit"),
    path("agents/<uuid:agent_id>/status/", editor.change_status, name="agent-status"),
    path("agents/<uuid:agent_id>/pnl/", views.pnl_line, name="agent-pnl"),
]
