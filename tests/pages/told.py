"""Executions that really happened on a farm: fired, thought about, voted on, ordered, filled.

Every row is written by the services that write it on a real farm; only what agents say is given.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from agents.domain.asking import ProviderRequest, Reply
from agents.domain.states import Purpose
from agents.loop.asking import Runtime
from agents.loop.thinking import think
from agents.models import AgentVersion, Execution
from agents.services.teams import configuration_of
from market.models import Quote, Replay
from tests.pages.candles import add_candles
from tests.pages.farms import MARKET_NOW, Farm, set_price
from tests.pages.reading import text_of
from tests.pages.watching import price_trigger
from trading.loop.sender import SendingLoop
from trading.models import Account, CashMovement, Permission, Protection
from trading.services.protections import fire as fire_protection
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import transaction
from triggers.domain.causes import Hit, price_cause
from triggers.models import Trigger
from triggers.services.firing import fire

NOW = MARKET_NOW - timedelta(minutes=30)
BUY = {
    "decision": "buy",
    "symbol": "AAPL",
    "quantity": 200,
    "stop_loss": 38.9,
    "take_profit": 44.5,
    "strategy": "dip",
    "confidence": 0.64,
    "risk_assessment": "medium",
    "reasoning": "AAPL fell 2.1 % today within a rising 200-day trend; RSI 14 is 41.",
}
HOLD = {"decision": "hold", "confidence": 0.55, "reasoning": "Nothing is clear in AAPL today."}
VOTES: Mapping[str, Mapping[str, object]] = {
    "fundamental": {"choice": "approve", "reason": "The long trend rises. Only prices are known."},
    "sentiment": {"choice": "approve", "reason": "Volume is 1.3 times its average."},
    "risk": {
        "choice": "approve",
        "reason": "A smaller size suits the volatility.",
        "quantity": 160,
    },
    "execution": {"choice": "approve", "reason": "The spread is 5 basis points."},
}
AGAINST = {"choice": "reject", "reason": "The trend falls."}
VETO = {"choice": "reject", "reason": "Far too wild.", "veto": "VOLATILITY_TOO_HIGH"}


@dataclass
class Voices:
    """Says what it is told to say by role; a list is used up one by one. `dollars` a question."""

    replies: dict[str, Any]
    dollars: Decimal = Decimal(0)
    model: str = ""
    asked: list[ProviderRequest] = field(default_factory=list)

    def most_dollars(self, request: ProviderRequest) -> Decimal:
        return self.dollars * 2

    async def answer(self, request: ProviderRequest) -> Reply:
        self.asked.append(request)
        reply = self.replies[request.role.value]
        if isinstance(reply, list):
            reply = reply.pop(0)
        text = reply if isinstance(reply, str) else json.dumps(reply)
        written = 180 if request.purpose is Purpose.DECIDE else 60
        return Reply(text, 3_100, written, self.dollars, self.model)


def prepare(farm: Farm) -> Farm:
    """Candles, versions of the agents, and the market half an hour before its close.

    The exchange fills at the touch, so that prices do not hang on the ids of a run.
    """
    Account.objects.filter(id=farm.account.id).update(slippage_bps=0)
    CashMovement.objects.create(
        account=farm.account, amount=farm.account.cash, reason="Opening", at=farm.wall
    )
    add_candles(farm, days=120)
    for agent in farm.agents.values():
        agent.system_prompt = f"You are the {agent.name} of a team of five."
        agent.strategy_prompt = "Buy a shallow dip within a long uptrend."
        agent.save()
        AgentVersion.objects.create(
            agent=agent,
            version=1,
            configuration=configuration_of(agent),
            changed_by="person:trader",
            at=farm.wall,
        )
    Quote.objects.filter(feed=farm.account.feed).update(as_of=NOW, previous_close=Decimal(40))
    Replay.objects.filter(feed=farm.account.feed).update(as_of=NOW)
    return farm


def dip(farm: Farm) -> Trigger:
    """The trigger that everything here begins with."""
    found = Trigger.objects.filter(owner=farm.owner, name="Dip").first()
    return found or price_trigger(farm)


def woken(farm: Farm) -> Execution:
    """The execution that the trigger queues by firing at the market's present."""
    trigger, now = dip(farm), present(farm)
    hit = Hit(
        trigger_id=trigger.id,
        cause_key=price_cause(trigger=trigger.id, symbol="AAPL", at=now),
        title="AAPL falls 2 % or more from the day's open",
        symbol="AAPL",
        evidence={"price": "40.32", "before": "40.41", "reference": "41.18"},
    )
    with transaction():
        fire(hits=[hit], now=now, at=SystemClock().now())
    return Execution.objects.get(account=farm.account, state="QUEUED")


def thought(
    farm: Farm, *, technical: Any = BUY, voices: Voices | None = None, **votes: Any
) -> Execution:
    """An execution from its firing to the gate's answer."""
    speaking = voices or Voices({"technical": technical} | dict(VOTES) | votes)
    return think_about(woken(farm), speaking)


def think_about(execution: Execution, voices: Voices) -> Execution:
    """An execution that was queued, brought to its end."""
    runtime = Runtime(clock=SystemClock(), provider_named=lambda name: voices, owner="host:1:1")
    think(execution_id=execution.id, runtime=runtime)
    return Execution.objects.get(id=execution.id)


def traded(farm: Farm, **said: Any) -> Execution:
    """The same, and its order at the paper exchange and filled."""
    execution = thought(farm, **said)
    send(farm)
    return execution


def send(farm: Farm) -> None:
    """What is approved goes to the exchange and is filled at the newest price."""
    SendingLoop(clock=SystemClock(), stopping=lambda: False).work()


def stopped_out(farm: Farm, *, last: str = "38.60") -> None:
    """The price falls a day later, through the stop: the protection sells without any agent."""
    move(farm, by=timedelta(hours=23))
    set_price(farm, "AAPL", last)
    price = Decimal(last)
    Quote.objects.filter(feed=farm.account.feed, instrument=farm.instruments["AAPL"]).update(
        bid=price - Decimal("0.01"), ask=price + Decimal("0.01")
    )
    stop = Protection.objects.get(account=farm.account, kind="stop_loss", state="ARMED")
    fire_protection(protection_id=stop.id, last=price, now=present(farm), at=SystemClock().now())
    send(farm)


def move(farm: Farm, *, by: timedelta) -> None:
    """The market's present goes on."""
    later = present(farm) + by
    Quote.objects.filter(feed=farm.account.feed).update(as_of=later)
    Replay.objects.filter(feed=farm.account.feed).update(as_of=later)


def present(farm: Farm) -> datetime:
    """Market time of the farm's replay."""
    replay = Replay.objects.get(feed=farm.account.feed)
    assert replay.as_of is not None
    return replay.as_of


def widen(farm: Farm, **limits: object) -> None:
    """Other limits for the proposer."""
    Permission.objects.filter(account=farm.account).update(**limits)


def on_models(farm: Farm, *, technical: Any = BUY, **votes: Any) -> Voices:
    """The team on a paid model."""
    for agent in farm.agents.values():
        agent.provider, agent.model = "anthropic", "claude-opus-4-5"
        agent.save()
        AgentVersion.objects.filter(agent=agent).update(configuration=configuration_of(agent))
    replies = {"technical": technical} | dict(VOTES) | votes
    return Voices(replies, Decimal("0.0123"), "claude-opus-4-5-20251101")


def opened(trader: Client, execution: Execution) -> str:
    """The page's markup."""
    answer = trader.get(reverse("execution", args=[execution.id]))
    assert answer.status_code == 200
    return answer.content.decode()


def read(trader: Client, execution: Execution) -> str:
    return text_of(trader.get(reverse("execution", args=[execution.id])))


def steps(markup: str) -> list[str]:
    """The names of the steps, in their order."""
    return [
        part.split('"')[0] for part in markup.split('id="step-')[1:] if "-title" not in part[:20]
    ]
