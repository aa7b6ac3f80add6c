"""Why a team was woken: each cause with its evidence and its trigger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.domain.conditions import (
    Above,
    Below,
    ChangePercent,
    Condition,
    CrossesAbove,
    CrossesBelow,
    InvalidCondition,
    parse_condition,
    sentence,
)
from market.models import Quote
from tradingfarm.kernel.money import NotAnAmount, amount
from tradingfarm.pages.executions.rows import Rows
from triggers.models import Firing, Trigger
from triggers.selectors.sentences import trigger_sentence

HUNDRED = Decimal(100)
LABELS = {"cron": "Schedule", "time_zone": "Time zone", "by": "Asked for by"}


@dataclass(frozen=True)
class CauseCard:
    """One cause. Times are those of the firing, None for what no trigger fired.

    `price` is what was seen, `before` the price seen before it, `reference` what a change is
    measured against and `moved_pct` by how much. `level` is the price at which the condition came
    true; None for another kind, or where the trigger was changed since (`is_changed`). `due_at` is
    when a time trigger was due.
    """

    kind: str
    title: str
    symbol: str
    instrument_id: UUID | None
    tick_size: Decimal
    trigger_id: UUID | None
    trigger_name: str
    trigger_sentence: str
    is_changed: bool
    price: Decimal | None
    before: Decimal | None
    reference: Decimal | None
    moved_pct: Decimal | None
    level: Decimal | None
    due_at: datetime | None
    evidence: tuple[tuple[str, str], ...]
    as_of: datetime | None
    at: datetime | None


def causes_of(*, rows: Rows) -> tuple[CauseCard, ...]:
    """The causes in the order in which they came."""
    return tuple(_card(cause, rows) for cause in rows.execution.causes)


def _card(cause: Mapping[str, object], rows: Rows) -> CauseCard:
    firing = rows.firings.get(str(cause.get("key", "")))
    evidence = cause.get("evidence")
    found = dict(evidence) if isinstance(evidence, Mapping) else {}
    symbol = str(cause.get("symbol") or "")
    quote = rows.quotes.get(symbol)
    title = str(cause.get("title") or cause.get("kind") or "Woken")
    condition = _condition(firing, symbol, title)
    reference = _amount(found.get("reference"))
    price = _amount(found.get("price"))
    return CauseCard(
        kind=str(cause.get("kind") or ""),
        title=title,
        symbol=symbol,
        instrument_id=quote.instrument_id if quote else None,
        tick_size=_tick(quote),
        trigger_id=firing.trigger_id if firing else None,
        trigger_name=firing.trigger.name if firing else "",
        trigger_sentence=trigger_sentence(firing.trigger) if firing else "",
        is_changed=_is_price(firing) and condition is None,
        price=price,
        before=_amount(found.get("before")),
        reference=reference,
        moved_pct=(price / reference - 1) * HUNDRED if price and reference else None,
        level=_level(condition, reference),
        due_at=_moment(found.get("due_at")),
        evidence=tuple(
            (label, str(found[key]).removeprefix("person:"))
            for key, label in LABELS.items()
            if found.get(key)
        ),
        as_of=firing.as_of if firing else None,
        at=firing.at if firing else None,
    )


def _tick(quote: Quote | None) -> Decimal:
    return quote.instrument.tick_size if quote else Decimal("0.01")


def _is_price(firing: Firing | None) -> bool:
    return firing is not None and firing.trigger.type == Trigger.Type.PRICE


def _condition(firing: Firing | None, symbol: str, title: str) -> Condition | None:
    """The trigger's condition, if it still is the one that came true."""
    if firing is None or not _is_price(firing):
        return None
    try:
        condition = parse_condition(firing.trigger.condition)
    except InvalidCondition:
        return None
    return condition if sentence(condition, symbol=symbol) == title else None


def _level(condition: Condition | None, reference: Decimal | None) -> Decimal | None:
    match condition:
        case Above() | Below() | CrossesAbove() | CrossesBelow():
            return condition.price
        case ChangePercent() if reference is not None:
            return reference * (1 + condition.percent / HUNDRED)
    return None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _amount(value: object) -> Decimal | None:
    try:
        return amount(str(value)) if value else None
    except NotAnAmount:
        return None
