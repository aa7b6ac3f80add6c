"""What a story shows: pure functions over the exchange's log and what was seen after each step.

Unprotected is judged without the farm's own gauge: something is held, the exchange has no open
sell for all of it at a price that it takes, and no engine that lives and has a working protection
stands between it and a price below the stop.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.campaigns.judge import Breach, percentile
from tests.exchanges.log import Event

ZERO = Decimal(0)
USUAL_SECONDS, RESTART_SECONDS = 5.0, 20.0


@dataclass(frozen=True)
class Seen:
    """The state after one step. `covered` is what open sells at the exchange would sell.

    `level` is where the stop must lie at least, as the story reckons it; `guarded`: an engine
    lives and has a working protection. `recovers`: a process is gone, or is not itself again.
    `gauge` says that the farm counts the share as unprotected.
    """

    at: float
    held: Decimal
    covered: Decimal
    price: Decimal
    level: Decimal
    guarded: bool
    recovers: bool
    gauge: bool

    @property
    def is_bare(self) -> bool:
        if self.held <= self.covered:
            return False
        return not (self.guarded and self.price > self.level)


@dataclass(frozen=True)
class Span:
    """Seconds in a row, and whether a restart was among them."""

    seconds: float
    through_restart: bool


@dataclass
class Told:
    """One story as it went: the exchange's events, what was seen, and what our book says then."""

    name: str
    events: Sequence[Event]
    seen: Sequence[Seen]
    bought: Decimal
    sold: Decimal
    booked: Decimal
    reserved: Decimal = ZERO
    working: int = 0
    exits: Sequence[str] = field(default_factory=tuple)


def judge(told: Told) -> Iterator[Breach]:
    """Every breach of one story."""
    yield from flips(told)
    yield from offered_twice(told)
    yield from left(told)
    yield from too_long(told)


def flips(told: Told) -> Iterator[Breach]:
    """Moments at which more had been sold than was bought."""
    held = ZERO
    for event in told.events:
        if event["event"] == "trade":
            held += _signed(event)
            if held < 0:
                yield Breach("flip", f"{told.name}: {held} held after trade {event['trade_id']}")


def offered_twice(told: Told) -> Iterator[Breach]:
    """Moments at which open sells together would sell more than is held: two exits could win."""
    held, sells = ZERO, dict[int, Decimal]()
    for event in told.events:
        key = event.get("order_id", 0)
        if event["event"] == "accepted" and event["side"] == "SELL":
            sells[key] = Decimal(event["quantity"])
        elif event["event"] == "ended":
            sells.pop(key, None)
        elif event["event"] == "trade":
            held += _signed(event)
            if key in sells:
                sells[key] -= Decimal(event["quantity"])
        else:
            continue
        if sum(sells.values(), ZERO) > held:
            text = f"{told.name}: {sum(sells.values(), ZERO)} offered of {held}"
            yield Breach("two_exits", text)


def _signed(event: Event) -> Decimal:
    quantity = Decimal(event["quantity"])
    return quantity if event["side"] == "BUY" else -quantity


def left(told: Told) -> Iterator[Breach]:
    """What is there after the last fall: at the exchange, in our book, or waiting."""
    if told.bought == 0:
        yield Breach("empty", f"{told.name}: nothing was bought")
    if told.bought != told.sold:
        yield Breach("not_sold", f"{told.name}: {told.bought - told.sold} are left")
    if told.booked != told.bought - told.sold:
        yield Breach("misbooked", f"{told.name}: our book says {told.booked}")
    if told.bought == told.sold and (told.working or told.reserved):
        text = f"{told.name}: {told.working} protections of nothing, {told.reserved} offered"
        yield Breach("left_over", text)


def too_long(told: Told) -> Iterator[Breach]:
    """Spans through a restart that are too long, by the exchange's log and by the gauge."""
    for name, found in (("log", spans(told.seen)), ("gauge", gauged(told.seen))):
        for span in found:
            if span.through_restart and span.seconds > RESTART_SECONDS:
                text = f"{told.name}: {span.seconds:.1f} s through a restart, by the {name}"
                yield Breach("unprotected", text)


def spans(seen: Sequence[Seen]) -> list[Span]:
    """Unprotected spans, independent of the farm."""
    return list(_spans((each, each.is_bare) for each in seen))


def gauged(seen: Sequence[Seen]) -> list[Span]:
    """Unprotected spans as the farm's own gauge has them."""
    return list(_spans((each, each.gauge) for each in seen))


def _spans(marked: Iterable[tuple[Seen, bool]]) -> Iterator[Span]:
    began, restart, last = -1.0, False, 0.0
    for each, is_bare in marked:
        last = each.at
        if is_bare and began < 0:
            began, restart = each.at, each.recovers
        elif is_bare:
            restart = restart or each.recovers
        elif began >= 0:
            yield Span(each.at - began, restart)
            began = -1.0
    if began >= 0:
        yield Span(last - began, restart)


def judge_together(found: Sequence[Span], *, by: str) -> Iterator[Breach]:
    """What may be long now and then: the spans without a restart, of all stories."""
    usual = [span.seconds for span in found if not span.through_restart]
    if percentile(usual, 0.99) > USUAL_SECONDS:
        text = f"p99 of {len(usual)} spans is {percentile(usual, 0.99):.1f} s, by the {by}"
        yield Breach("unprotected", text)


def figures(found: Sequence[Span]) -> dict[str, object]:
    """Spans as numbers."""
    usual = [span.seconds for span in found if not span.through_restart]
    restart = [span.seconds for span in found if span.through_restart]
    return {
        "spans": len(usual),
        "p50": percentile(usual, 0.5),
        "p99": percentile(usual, 0.99),
        "max": max(usual, default=0.0),
        "restart_spans": len(restart),
        "restart_p99": percentile(restart, 0.99),
        "restart_max": max(restart, default=0.0),
    }


def seconds_to_flat(seen: Sequence[Seen]) -> float:
    """From the first price at or below the stop of what is held until nothing is; 0 without."""
    began = next((each.at for each in seen if each.held and each.price <= each.level), None)
    if began is None:
        return 0.0
    return next((each.at - began for each in seen if each.at >= began and not each.held), 999.0)
