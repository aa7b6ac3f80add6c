"""Circuit breakers: what trips each, what it then stops, and when it clears by itself.

Every judgement is made in market time over one `Affairs`, so a replay repeats it. What a person
has released is forgiven: the breaker judges what happens from then on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from trading.domain.states import BreakerKind, HaltState
from tradingfarm.kernel.money import ZERO, plain

REJECTS = 5
"""Orders that the exchange rejected one after the other."""
REJECTS_WITHIN = timedelta(hours=1)
RATE_WINDOW = timedelta(minutes=1)
JUMP_PCT = Decimal(20)
JUMP_WITHIN = timedelta(minutes=1)
JUMP_LASTS = timedelta(days=1)
HUNDRED = Decimal(100)
STRENGTH = (HaltState.ACTIVE, HaltState.REDUCING, HaltState.HALTED)


class Scope(StrEnum):
    """Whose entries a breaker stops."""

    ACCOUNT = "account"
    PERMISSION = "permission"
    INSTRUMENT = "instrument"


@dataclass(frozen=True)
class Effect:
    """What a tripped breaker does: it stops the entries of its scope, and may halt the account.

    `halt` is the state that the account falls to at least. Without `ends_with_day` and `lasts` it
    stays until a person releases it, or the code that tripped it finds the cause gone.
    """

    scope: Scope
    halt: HaltState = HaltState.ACTIVE
    ends_with_day: bool = False
    lasts: timedelta | None = None


EFFECTS: Mapping[BreakerKind, Effect] = {
    BreakerKind.AGENT_DAILY_LOSS: Effect(Scope.PERMISSION, ends_with_day=True),
    BreakerKind.ACCOUNT_DAILY_LOSS: Effect(
        Scope.ACCOUNT, halt=HaltState.REDUCING, ends_with_day=True
    ),
    BreakerKind.DRAWDOWN: Effect(Scope.ACCOUNT, halt=HaltState.REDUCING),
    BreakerKind.REJECTS: Effect(Scope.ACCOUNT),
    BreakerKind.ORDER_RATE: Effect(Scope.PERMISSION),
    BreakerKind.PRICE_JUMP: Effect(Scope.INSTRUMENT, lasts=JUMP_LASTS),
    BreakerKind.STALE_FEED: Effect(Scope.ACCOUNT),
    BreakerKind.FAILED_ANSWERS: Effect(Scope.PERMISSION),
    BreakerKind.EXTERNAL_ACTIVITY: Effect(Scope.INSTRUMENT),
    BreakerKind.DIFFERENCE: Effect(Scope.ACCOUNT, halt=HaltState.REDUCING),
}
HALTING = frozenset(kind for kind, effect in EFFECTS.items() if effect.halt != HaltState.ACTIVE)
"""Kinds that halt the account. Resuming the account releases them."""


@dataclass(frozen=True)
class Trip:
    """A breaker that is to trip. `number` was measured against `limit`, both text for people.

    Raises ValueError when it names another scope than its kind has.
    """

    kind: BreakerKind
    number: str
    limit: str
    halt: HaltState = HaltState.ACTIVE
    permission_id: UUID | None = None
    instrument_id: UUID | None = None

    def __post_init__(self) -> None:
        scope = EFFECTS[self.kind].scope
        if (self.permission_id is not None, self.instrument_id is not None) != (
            scope is Scope.PERMISSION,
            scope is Scope.INSTRUMENT,
        ):
            raise ValueError(f"A breaker of kind {self.kind.value} is of one {scope.value}.")

    @property
    def key(self) -> "Key":
        return Key(self.kind, self.permission_id, self.instrument_id)


@dataclass(frozen=True)
class Key:
    """What can be tripped once at a time."""

    kind: BreakerKind
    permission_id: UUID | None = None
    instrument_id: UUID | None = None


@dataclass(frozen=True)
class Tripped:
    """A breaker that is active. `as_of` is the market time of its trip."""

    id: UUID
    key: Key
    as_of: datetime


@dataclass(frozen=True)
class Ending:
    """An active breaker whose cause is gone."""

    id: UUID
    reason: str


@dataclass(frozen=True)
class AgentAffairs:
    """An agent's day: what it lost (a gain is negative), and its latest attempts to order.

    `attempts` counts what the gate was asked within RATE_WINDOW, denials with it, since a person
    last released its breaker; `forgiven` is the loss that a person has seen and let pass today.
    """

    permission_id: UUID
    loss: Decimal
    max_daily_loss: Decimal
    attempts: int = 0
    forgiven: Decimal = ZERO


@dataclass(frozen=True)
class Answer:
    """An exchange's answer to an order: it took it, or it did not. `as_of` is market time."""

    rejected: bool
    as_of: datetime


@dataclass(frozen=True)
class FeedAffairs:
    """How fresh a feed is: the market time of its newest quote, and since when a market is open.

    `open_since` is None while none of its markets is open.
    """

    newest: datetime
    open_since: datetime | None
    max_age: timedelta


@dataclass(frozen=True)
class Affairs:
    """An account as its breakers judge it. Money in its currency, limits in percent.

    `answers` are the exchange's latest ones, newest first, since a person last released that
    breaker; `forgiven_pct` is the loss that a person has seen and let pass today.
    """

    account_id: UUID
    halt_state: HaltState
    equity: Decimal
    day_start_equity: Decimal | None
    high_water_equity: Decimal | None
    max_daily_loss_pct: Decimal
    reduce_drawdown_pct: Decimal
    halt_drawdown_pct: Decimal
    max_orders_per_minute: int
    forgiven_pct: Decimal = ZERO
    agents: tuple[AgentAffairs, ...] = ()
    answers: tuple[Answer, ...] = ()
    feed: FeedAffairs | None = None
    tripped: tuple[Tripped, ...] = ()

    @property
    def active(self) -> frozenset[Key]:
        return frozenset(each.key for each in self.tripped)


Judgement = Callable[[Affairs, datetime], Iterator[Trip]]


def agents_daily_loss(affairs: Affairs, now: datetime) -> Iterator[Trip]:
    """An agent that lost its limit since the day began enters no more until the next one."""
    for agent in affairs.agents:
        limit = agent.forgiven + agent.max_daily_loss
        if agent.loss >= limit:
            yield Trip(
                BreakerKind.AGENT_DAILY_LOSS,
                _money(agent.loss),
                _money(limit),
                permission_id=agent.permission_id,
            )


def accounts_daily_loss(affairs: Affairs, now: datetime) -> Iterator[Trip]:
    """An account that lost its percentage of the day's first equity reduces until the next day."""
    lost = _fall(affairs.day_start_equity, affairs.equity)
    limit = affairs.forgiven_pct + affairs.max_daily_loss_pct
    if lost is not None and lost >= limit:
        yield Trip(
            BreakerKind.ACCOUNT_DAILY_LOSS, _percent(lost), _percent(limit), HaltState.REDUCING
        )


def drawdown(affairs: Affairs, now: datetime) -> Iterator[Trip]:
    """The fall from the most that the account was worth: it reduces first, and then halts."""
    fall = _fall(affairs.high_water_equity, affairs.equity)
    if fall is None:
        return
    if fall >= affairs.halt_drawdown_pct:
        yield _drawdown(fall, affairs.halt_drawdown_pct, HaltState.HALTED)
    elif fall >= affairs.reduce_drawdown_pct:
        yield _drawdown(fall, affairs.reduce_drawdown_pct, HaltState.REDUCING)


def _drawdown(fall: Decimal, limit: Decimal, halt: HaltState) -> Trip:
    return Trip(BreakerKind.DRAWDOWN, _percent(fall), _percent(limit), halt)


def repeated_rejects(affairs: Affairs, now: datetime) -> Iterator[Trip]:
    """The exchange rejected the last orders in a row, all within an hour."""
    latest = affairs.answers[:REJECTS]
    recent = [each for each in latest if each.rejected and now - each.as_of <= REJECTS_WITHIN]
    if len(recent) == REJECTS:
        yield Trip(
            BreakerKind.REJECTS, f"{REJECTS} in a row", f"fewer than {REJECTS} within an hour"
        )


def order_rate(affairs: Affairs, now: datetime) -> Iterator[Trip]:
    """An agent that asks for orders faster than its account allows: a loop that has run away."""
    for agent in affairs.agents:
        if agent.attempts > affairs.max_orders_per_minute:
            yield Trip(
                BreakerKind.ORDER_RATE,
                f"{agent.attempts} a minute",
                f"{affairs.max_orders_per_minute} a minute",
                permission_id=agent.permission_id,
            )


def stale_feed(affairs: Affairs, now: datetime) -> Iterator[Trip]:
    """No quote at all for too long, on a feed with a market that has been open for as long."""
    feed = affairs.feed
    if feed is None or feed.open_since is None:
        return
    if now - max(feed.newest, feed.open_since) > feed.max_age:
        yield Trip(BreakerKind.STALE_FEED, _seconds(now - feed.newest), _seconds(feed.max_age))


JUDGEMENTS: tuple[Judgement, ...] = (
    agents_daily_loss,
    accounts_daily_loss,
    drawdown,
    repeated_rejects,
    order_rate,
    stale_feed,
)


def judge(affairs: Affairs, now: datetime) -> tuple[Trip, ...]:
    """What is to trip at market time `now` and has not yet, or has to halt the account harder."""
    found = (trip for rule in JUDGEMENTS for trip in rule(affairs, now))
    return tuple(trip for trip in found if is_new(trip, affairs))


def is_new(trip: Trip, affairs: Affairs) -> bool:
    """Whether it is not active, or the account has not fallen to its state."""
    return trip.key not in affairs.active or is_stronger(trip.halt, affairs.halt_state)


def is_stronger(one: HaltState, other: HaltState) -> bool:
    return STRENGTH.index(one) > STRENGTH.index(other)


def endings(affairs: Affairs, now: datetime) -> tuple[Ending, ...]:
    """Active breakers that nobody has to release: the feed is fresh again, the time is over."""
    return tuple(
        Ending(each.id, reason)
        for each in affairs.tripped
        if (reason := _reason_to_end(each, affairs.feed, now))
    )


def _reason_to_end(tripped: Tripped, feed: FeedAffairs | None, now: datetime) -> str:
    lasts = EFFECTS[tripped.key.kind].lasts
    if lasts is not None and now - tripped.as_of >= lasts:
        return "Its time is over."
    is_fresh = feed is not None and now - feed.newest <= feed.max_age
    if tripped.key.kind is BreakerKind.STALE_FEED and is_fresh:
        return "The feed is fresh again."
    return ""


class Quoted(Protocol):
    """A price of one instrument at a moment of market time, as a Tick."""

    @property
    def instrument_id(self) -> UUID: ...
    @property
    def last(self) -> Decimal: ...
    @property
    def at(self) -> datetime: ...


def jumps(*, before: Mapping[UUID, Quoted], after: Iterable[Quoted]) -> tuple[Trip, ...]:
    """Prices that moved by a fifth or more within a minute of market time, by instrument.

    `before` has the quotes so far, by instrument.
    """
    found = []
    for quote in after:
        earlier = before.get(quote.instrument_id)
        moved = _moved(earlier, quote) if earlier else ZERO
        if moved >= JUMP_PCT:
            found.append(
                Trip(
                    BreakerKind.PRICE_JUMP,
                    f"{_percent(moved)} within a minute",
                    f"less than {_percent(JUMP_PCT)}",
                    instrument_id=quote.instrument_id,
                )
            )
    return tuple(found)


def _moved(earlier: Quoted, later: Quoted) -> Decimal:
    """Percent of the earlier price, whichever way; none when they are no minute's work."""
    if not timedelta(0) <= later.at - earlier.at <= JUMP_WITHIN or earlier.last <= 0:
        return ZERO
    return abs(later.last - earlier.last) / earlier.last * HUNDRED


def latch_reason(*, kind: BreakerKind, number: str, limit: str) -> str:
    """Why a breaker halted its account, in the words that the account keeps.

    A new day lifts what a breaker latched only while these are still the account's words: whoever
    halted it for another reason since is not overruled.
    """
    return f"{kind.value.replace('_', ' ').capitalize()}: {number}, limit {limit}"[:200]


def measured(number: str) -> Decimal:
    """The amount in a breaker's `number`: 1234.5 of '1,234.50', 5.12 of '5.12 %'."""
    return Decimal(number.removesuffix("%").replace(",", "").strip())


def _fall(start: Decimal | None, present: Decimal) -> Decimal | None:
    """Percent of `start` that was lost since; a gain is negative, and of nothing there is none."""
    if start is None or start <= 0:
        return None
    return (start - present) / start * HUNDRED


def _money(value: Decimal) -> str:
    return f"{value:,.2f}"


def _percent(value: Decimal) -> str:
    return f"{plain(round(value, 2))} %"


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
