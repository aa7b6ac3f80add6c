"""What the account and the triggers did with one instrument, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from trading.domain.states import AT_WORK, OrderState
from trading.models import Order
from tradingfarm.pages.dashboard.orders import REASON_WORDS, STATE_WORDS
from triggers.models import Firing, Trigger
from triggers.selectors.sentences import trigger_sentence

ORDERS, FIRINGS = 20, 4


@dataclass(frozen=True)
class OrderLine:
    """One order with what was filled of it; `average_price` is None before the first fill."""

    id: UUID
    side: str
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None
    worst_price: Decimal
    fees: Decimal
    state: str
    state_words: str
    is_at_work: bool
    who: str
    why: str
    as_of: datetime


@dataclass(frozen=True)
class FiringLine:
    """One firing of a trigger (market time); `refused` says why it woke nobody."""

    id: UUID
    as_of: datetime
    refused: str
    execution_id: UUID | None


@dataclass(frozen=True)
class Watcher:
    """A price trigger that watches the instrument, with its newest firings for it."""

    id: UUID
    name: str
    sentence: str
    enabled: bool
    firings: tuple[FiringLine, ...]


def newest_orders(*, account_id: UUID, instrument_id: UUID) -> tuple[OrderLine, ...]:
    """The account's twenty newest orders in the instrument. One query."""
    found = (
        Order.objects.filter(account=account_id, instrument=instrument_id)
        .select_related("permission")
        .defer("reasoning")
        .order_by("-approved_at", "-id")
    )
    return tuple(_order_line(order) for order in found[:ORDERS])


def watchers_of(*, owner_id: int, feed_name: str, symbol: str) -> tuple[Watcher, ...]:
    """The owner's price triggers on a feed that watch a symbol, by name. One query."""
    execution = Firing.executions.through.objects.filter(firing=OuterRef("pk"))
    newest = (
        Firing.objects.filter(trigger=OuterRef("pk"), evidence__symbol=symbol)
        .order_by("-as_of")
        .annotate(execution=ArraySubquery(execution.values("execution_id")[:1]))
        .values(line=JSONObject(id="id", as_of="as_of", refused="refused", execution="execution"))
    )
    found = Trigger.objects.filter(
        owner=owner_id, type=Trigger.Type.PRICE, feed=feed_name, symbols__contains=[symbol]
    ).annotate(newest=ArraySubquery(newest[:FIRINGS]))
    return tuple(_watcher(trigger, symbol) for trigger in found.order_by("-enabled", "name"))


def _order_line(order: Order) -> OrderLine:
    average = order.filled_value / order.filled_quantity if order.filled_quantity else None
    return OrderLine(
        id=order.id,
        side=order.side,
        quantity=order.quantity,
        filled=order.filled_quantity,
        average_price=average,
        worst_price=order.worst_price,
        fees=order.fees,
        state=order.state,
        state_words=STATE_WORDS[OrderState(order.state)],
        is_at_work=order.state in AT_WORK,
        who=order.permission.agent_name if order.permission else order.source,
        why=_why(order),
        as_of=order.as_of,
    )


def _why(order: Order) -> str:
    words: Mapping[Any, str] = REASON_WORDS
    return words.get(order.reason, (order.reason or order.strategy).replace("_", " "))


def _watcher(trigger: Trigger, symbol: str) -> Watcher:
    trigger.symbols = [symbol]
    newest: Sequence[Mapping[str, Any]] = vars(trigger)["newest"]
    return Watcher(
        trigger.id,
        trigger.name,
        trigger_sentence(trigger),
        trigger.enabled,
        tuple(_firing_line(line) for line in newest),
    )


def _firing_line(line: Mapping[str, Any]) -> FiringLine:
    executions = line["execution"]
    return FiringLine(
        UUID(line["id"]),
        datetime.fromisoformat(line["as_of"]),
        line["refused"],
        UUID(executions[0]) if executions else None,
    )
