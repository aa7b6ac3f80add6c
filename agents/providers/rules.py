"""The built-in rules as a provider: they answer in JSON, as a model would."""

from decimal import Decimal

from agents.domain import rules
from agents.domain.asking import ProviderRequest, Reply
from agents.domain.contexts import read
from agents.domain.prompts import read_proposal
from agents.domain.states import Purpose
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.money import ZERO


class RulesProvider:
    """Answers at once, costs nothing, and gives equal replies to equal requests."""

    def most_dollars(self, request: ProviderRequest) -> Decimal:
        return ZERO

    async def answer(self, request: ProviderRequest) -> Reply:
        context = read(request.context)
        if request.purpose is Purpose.DECIDE:
            return Reply(canonical(rules.decide(role=request.role, context=context)))
        proposal = read_proposal(request.proposal)
        ballot = rules.vote(role=request.role, context=context, proposal=proposal)
        return Reply(canonical(ballot))
