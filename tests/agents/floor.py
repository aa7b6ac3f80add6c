"""A team at work on an account, with a provider that says what a test wants it to say."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.domain.asking import ProviderFailed, ProviderRequest, Reply
from agents.domain.causes import Cause
from agents.loop.asking import Runtime
from agents.loop.thinking import think
from agents.models import Execution, Message, Team, TradingSession
from agents.services.executions import queue_executions
from agents.services.founding import create_builtin_team
from agents.services.leases import claim
from agents.services.sessions import start_session
from tests.factories import NOW, make_account, make_instrument, make_quote, make_user, wall
from trading.models import Account
from tradingfarm.kernel.clock import ManualClock
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.models import JournalEvent

BUY = {
    "decision": "buy",
    "symbol": "AAPL",
    "quantity": 20,
    "stop_loss": 95,
    "take_profit": 110,
    "strategy": "dip",
    "confidence": 0.7,
    "reasoning": "It fell.",
}
HOLD = {"decision": "hold", "confidence": 0.5, "reasoning": "Nothing to do."}
APPROVE = {"choice": "approve", "reason": "Fine."}
REJECT = {"choice": "reject", "reason": "No."}
NOON = Cause("time:noon", "time", "Every day at noon")


@dataclass
class Scripted:
    """Answers by role; a list is used up one by one, a failure is raised. Remembers questions."""

    replies: dict[str, Any]
    asked: list[ProviderRequest] = field(default_factory=list)
    most: Decimal = Decimal(0)

    def most_dollars(self, request: ProviderRequest) -> Decimal:
        return self.most

    async def answer(self, request: ProviderRequest) -> Reply:
        self.asked.append(request)
        reply = self.replies[request.role.value]
        if isinstance(reply, list):
            reply = reply.pop(0)
        if isinstance(reply, ProviderFailed):
            raise reply
        if callable(reply):
            spoken: Reply = await reply()
            return spoken
        return Reply(reply if isinstance(reply, str) else json.dumps(reply), 100, 20)


def scripted(technical: Any = BUY, **others: Any) -> Scripted:
    """A provider for the five roles; voters approve unless told otherwise."""
    voters = dict.fromkeys(("fundamental", "sentiment", "risk", "execution"), APPROVE)
    return Scripted({"technical": technical} | voters | others)


@dataclass(frozen=True)
class Floor:
    """An account with the built-in team in a running session, and one instrument at 100."""

    account: Account
    team: Team
    session: TradingSession

    def wake(self, *causes: Cause, as_of: datetime = NOW) -> Execution:
        """The execution that the causes queue on this account."""
        with transaction():
            [execution] = queue_executions(
                team_id=self.team.id,
                causes=causes or [NOON],
                as_of=as_of,
                at=wall(),
                actor="test",
            )
        return execution

    def conversation(self):
        """Who said what, in order, without the words."""
        said = Message.objects.filter(account=self.account).order_by("at", "place")
        return [(each.sender_name, each.message_type) for each in said]

    def events(self) -> list[str]:
        """The kinds of what was journaled for the account, in order."""
        found = JournalEvent.objects.filter(stream=account_stream(self.account.id))
        return list(found.order_by("seq").values_list("kind", flat=True))


def make_floor(*, number: int = 0) -> Floor:
    account = make_account(number=number)
    make_quote(make_instrument(), "100", volume="500000")
    team = create_builtin_team(owner=make_user(), account=account, at=wall())
    session = start_session(team=team, account=account, accepted_by="ada", at=wall())
    return Floor(account, team, session)


def runtime(
    provider: Any, *, clock: ManualClock | None = None, owner: str = "host:1:1"
) -> Runtime:
    return Runtime(
        clock=clock or ManualClock(wall()),
        provider_named=lambda name: provider,
        owner=owner,
    )


def claimed(execution, *, owner="host:1:1", at=None):
    """The lease on the execution, None when it cannot be had."""
    return claim(execution_id=execution.id, owner=owner, at=at or wall())


def thought(execution, provider, **parts):
    """The execution after somebody thought about it."""
    think(execution_id=execution.id, runtime=runtime(provider, **parts))
    return Execution.objects.select_related("decision__assessment__order").get(id=execution.id)
