"""Tripped breakers in words: what happened, whose entries stop, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trading.domain.breakers import EFFECTS, Scope
from trading.domain.states import BreakerKind, HaltState
from trading.models import Breaker

NAMES: Mapping[BreakerKind, str] = {
    BreakerKind.AGENT_DAILY_LOSS: "Lost its limit of the day",
    BreakerKind.ACCOUNT_DAILY_LOSS: "The account lost its limit of the day",
    BreakerKind.DRAWDOWN: "Fell too far below its highest worth",
    BreakerKind.REJECTS: "The exchange rejected order after order",
    BreakerKind.ORDER_RATE: "Asks for orders too fast",
    BreakerKind.PRICE_JUMP: "The price jumped",
    BreakerKind.STALE_FEED: "No fresh prices",
    BreakerKind.FAILED_ANSWERS: "Answers failed one after the other",
    BreakerKind.EXTERNAL_ACTIVITY: "Traded by somebody else at the exchange",
    BreakerKind.DIFFERENCE: "Differs from its exchange",
}
FROM_NOW_ON: Mapping[BreakerKind, str] = {
    BreakerKind.AGENT_DAILY_LOSS: "Today's loss may grow by the limit once more.",
    BreakerKind.ACCOUNT_DAILY_LOSS: "Today's loss may grow by the limit once more.",
    BreakerKind.DRAWDOWN: "The fall is measured from what the account is worth now.",
    BreakerKind.REJECTS: "Rejected orders are counted from now on.",
    BreakerKind.ORDER_RATE: "Its orders of a minute are counted from now on.",
}
"""What a release forgives; the others judge as before."""
HALTS: Mapping[HaltState, str] = {
    HaltState.ACTIVE: "",
    HaltState.REDUCING: "the account only reduces",
    HaltState.HALTED: "the account is halted",
}


@dataclass(frozen=True)
class Tripped:
    """One active breaker. `as_of` and `until_at` are market times; `of` is whose entries stop.

    `until` says what ends it where no moment does.
    """

    id: UUID
    name: str
    of: str
    number: str
    limit: str
    effect: str
    as_of: datetime
    until: str
    until_at: datetime | None
    halts: bool
    forgives: str


def tripped_of(breaker: Breaker) -> Tripped:
    """A breaker that comes with its permission and instrument."""
    permission, instrument = breaker.permission, breaker.instrument
    return tripped(
        {
            "id": breaker.id,
            "kind": breaker.kind,
            "number": breaker.number,
            "limit": breaker.limit,
            "as_of": breaker.as_of.isoformat(),
            "agent": permission.agent_name if permission else None,
            "symbol": instrument.symbol if instrument else None,
        }
    )


def tripped(row: Mapping[str, Any]) -> Tripped:
    """A breaker from its columns as JSON has them, with `agent` and `symbol`."""
    kind = BreakerKind(row["kind"])
    effect, as_of = EFFECTS[kind], datetime.fromisoformat(row["as_of"])
    of = row["agent"] or row["symbol"] or ""
    return Tripped(
        id=UUID(str(row["id"])),
        name=NAMES[kind],
        of=of,
        number=row["number"],
        limit=row["limit"],
        effect=_effect(kind, of),
        as_of=as_of,
        until=_until(kind),
        until_at=as_of + effect.lasts if effect.lasts else None,
        halts=effect.halt is not HaltState.ACTIVE,
        forgives=FROM_NOW_ON.get(kind, ""),
    )


def _effect(kind: BreakerKind, of: str) -> str:
    effect = EFFECTS[kind]
    stopped = {
        Scope.ACCOUNT: "No agent enters",
        Scope.PERMISSION: f"{of or 'The agent'} enters nothing",
        Scope.INSTRUMENT: f"Nothing enters {of or 'the instrument'}",
    }[effect.scope]
    halt = HALTS[effect.halt]
    return f"{stopped}; {halt}" if halt else stopped


def _until(kind: BreakerKind) -> str:
    if EFFECTS[kind].ends_with_day:
        return "the account's next day, or a person releases it"
    if kind is BreakerKind.STALE_FEED:
        return "prices are fresh again, or a person releases it"
    return "a person releases it"
