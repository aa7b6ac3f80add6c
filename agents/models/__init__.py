from agents.models.agents import Agent, AgentVersion, Member, Team, TradingSession
from agents.models.executions import Context, Execution, ProviderCall, Spending
from agents.models.votes import Decision, Message, Proposal, Vote

__all__ = [
    "Agent",
    "AgentVersion",
    "Context",
    "Decision",
    "Execution",
    "Member",
    "Message",
    "Proposal",
    "ProviderCall",
    "Spending",
    "Team",
    "TradingSession",
    "Vote",
]
