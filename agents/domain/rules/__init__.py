"""The built-in rules: five roles as plain deterministic strategies over the same context.

They need no model and no key. Being profitable is not their aim; being sensible and explained is.
"""

from agents.domain.answers import Answer
from agents.domain.ballots import Ballot
from agents.domain.contexts import DecisionContext
from agents.domain.rules import execution, fundamental, risk, sentiment, technical
from agents.domain.rules.wording import hold
from agents.domain.states import Choice, Role
from agents.domain.voting import ProposedOrder

VOTERS = {
    Role.FUNDAMENTAL: fundamental.vote,
    Role.SENTIMENT: sentiment.vote,
    Role.RISK: risk.vote,
    Role.EXECUTION: execution.vote,
}


def decide(*, role: Role, context: DecisionContext) -> Answer:
    """What a role proposes. Only Technical has a strategy; the others hold and say so."""
    if role is Role.TECHNICAL:
        return technical.decide(context)
    return hold(f"The built-in {role} rules vote on proposals and make none of their own.")


def vote(*, role: Role, context: DecisionContext, proposal: ProposedOrder) -> Ballot:
    """What a role says of a proposal. Technical abstains: its view is in its own proposals."""
    voter = VOTERS.get(role)
    if voter is None:
        return Ballot(Choice.ABSTAIN, "The built-in technical rules propose and do not vote.")
    view = context.symbol(proposal.symbol)
    if view is None:
        return Ballot(Choice.ABSTAIN, f"There is no price of {proposal.symbol} in the context.")
    return voter(context, view, proposal)
