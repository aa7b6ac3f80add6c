"""What happens to a protected position, drawn from a seed: who guards it, and what goes wrong.

A story's seconds are simulated. Prices are parts of the first one; a story ends with a fall far
below every stop, after which nothing may be left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tradingfarm.kernel.randomness import stream

STEP = Decimal("0.5")
"""Seconds between two prices; engine and sender do their work after each."""
EVENTS_UNTIL = 30
REST = 10
"""Seconds from the last event to the last fall."""
PATIENCE = 30
"""Seconds after the last fall by which everything must have been sold."""
GUARDS = ("rests", "watched", "paper")
"""Resting stops at the exchange; a live account whose venue keeps none; the paper exchange."""
BOTH_DOWN = ("engine_dies", "sender_dies")


@dataclass(frozen=True)
class Event:
    """Something that happens at a second. What `number` means depends on the kind."""

    at: Decimal
    kind: str
    number: Decimal = Decimal(0)


@dataclass(frozen=True)
class Story:
    """One position from its entry to its end. Percents are of the entry's price."""

    number: int
    guard: str
    theme: str
    quantity: Decimal
    stop_pct: Decimal
    target_pct: Decimal | None
    trailing_pct: Decimal | None
    entry_parts: int
    events: Sequence[Event]

    @property
    def finale_at(self) -> Decimal:
        """When the price falls far below every stop."""
        return max((each.at for each in self.events), default=Decimal(0)) + REST

    @property
    def name(self) -> str:
        return f"{self.number} ({self.guard}, {self.theme})"


Theme = Callable[[Story, Random], list[Event]]


def stories(*, seed: int, number: int) -> Iterator[Story]:
    """So many stories: each theme with each guard, in an order of chance, and again."""
    pairs = [(theme, guard) for theme in THEMES for guard in GUARDS if _fits(theme, guard)]
    stream(seed, "protection").shuffle(pairs)
    for place in range(number):
        theme, guard = pairs[place % len(pairs)]
        yield _story(place, theme, guard, stream(seed, "protection", place))


def _fits(theme: str, guard: str) -> bool:
    return guard == "rests" or theme not in ("venue_cancels", "stop_rejected", "both_exits_there")


def _story(number: int, theme: str, guard: str, chance: Random) -> Story:
    stop = Decimal(chance.randint(200, 1_000)) / 100
    target = Decimal(chance.randint(200, 800)) / 100
    trails = theme == "trailing" or chance.random() < 0.3
    with_target = theme.startswith("both_exits") or chance.random() < 0.5
    parts = chance.randint(2, 4) if theme == "partial_entry" else 1
    draft = Story(
        number=number,
        guard=guard,
        theme=theme,
        quantity=Decimal(chance.randint(20, 400)),
        stop_pct=stop,
        target_pct=target if with_target else None,
        trailing_pct=Decimal(chance.randint(100, 800)) / 100 if trails else None,
        entry_parts=parts,
        events=(),
    )
    events = [*THEMES[theme](draft, chance), *_second_trouble(theme, guard, chance)]
    return Story(**{**vars(draft), "events": tuple(sorted(events, key=lambda each: each.at))})


def _second_trouble(theme: str, guard: str, chance: Random) -> list[Event]:
    """In a third of the stories something else happens too."""
    if chance.random() > 0.35:
        return []
    others = ["engine_dies", "sender_dies", "lost_answer", "thin"]
    others += ["venue_cancels", "refuse_stop"] if guard == "rests" else []
    kind = chance.choice(others)
    return [_event(_moment(chance), kind, _down(kind, chance))]


def _event(at: float | Decimal, kind: str, number: object = 0) -> Event:
    steps = round(Decimal(str(at)) / STEP)
    return Event(steps * STEP, kind, Decimal(str(number)))


def _moment(chance: Random) -> float:
    return chance.uniform(3, EVENTS_UNTIL - 10)


def _down(kind: str, chance: Random) -> float:
    """For how long a process is gone before somebody has started it again."""
    if kind == "engine_dies" and chance.random() < 0.2:
        return round(chance.uniform(15.5, 17), 1)
    return round(chance.uniform(0.5, 8 if kind == "engine_dies" else 4), 1)


def _below(story: Story, chance: Random) -> Decimal:
    """A price beyond the stop, by little or by far."""
    beyond = Decimal(chance.choice(("0.05", "0.5", "1.5", "4", "12")))
    return (100 - story.stop_pct - beyond) / 100


def _gap(story: Story, chance: Random) -> list[Event]:
    return [_event(_moment(chance), "price", _below(story, chance))]


def _slide(story: Story, chance: Random, *, begins: float | None = None) -> list[Event]:
    """Down through the stop in steps."""
    begins, seconds = begins or _moment(chance), chance.randint(2, 8)
    low = _below(story, chance)
    return [
        _event(begins + second, "price", 1 - (1 - low) * second / seconds)
        for second in range(1, seconds + 1)
    ]


def _dies_while_falling(*kinds: str) -> Theme:
    def theme(story: Story, chance: Random) -> list[Event]:
        begins = _moment(chance)
        deaths = [
            _event(begins + chance.uniform(0, 3), kind, _down(kind, chance)) for kind in kinds
        ]
        return [*_slide(story, chance, begins=begins), *deaths]

    return theme


def _venue_cancels(story: Story, chance: Random) -> list[Event]:
    begins = _moment(chance)
    falls = [_event(begins + chance.uniform(0.5, 6), "price", _below(story, chance))]
    return [_event(begins, "venue_cancels"), *(falls if chance.random() < 0.7 else [])]


def _stop_rejected(story: Story, chance: Random) -> list[Event]:
    refused = _event(0, "refuse_stop", chance.randint(1, 3))
    return [refused, *(_gap(story, chance) if chance.random() < 0.7 else [])]


def _both_exits(story: Story, chance: Random) -> list[Event]:
    """Up to the target and below the stop in one step or in two."""
    begins, between = _moment(chance), chance.choice((0, 0.5, 1, 2))
    target = (100 + (story.target_pct or 5) + Decimal("0.2")) / 100
    pair = [_event(begins, "price", target)]
    return [*pair, _event(begins + between, "price", _below(story, chance))]


def _both_exits_there(story: Story, chance: Random) -> list[Event]:
    """The exchange trades its stop at a price that we are never told; we see the target."""
    begins = _moment(chance)
    target = (100 + (story.target_pct or 5) + Decimal("0.2")) / 100
    return [
        _event(begins, "price", target),
        _event(begins + chance.choice((0, 0, 0.5, 1)), "untold", _below(story, chance)),
    ]


def _partial_entry(story: Story, chance: Random) -> list[Event]:
    return _gap(story, chance) if chance.random() < 0.5 else []


def _halts(kind: str) -> Theme:
    def theme(story: Story, chance: Random) -> list[Event]:
        begins = _moment(chance)
        fall = _event(begins + chance.uniform(-1, 3), "price", _below(story, chance))
        return [_event(begins, kind), *([fall] if chance.random() < 0.8 else [])]

    return theme


def _trailing(story: Story, chance: Random) -> list[Event]:
    """Up, and then down by more than the trail."""
    begins, high = chance.uniform(2, 8), Decimal(1)
    found = []
    for second in range(chance.randint(3, 10)):
        high *= 1 + Decimal(chance.randint(-20, 150)) / 10_000
        found.append(_event(begins + second, "price", round(high, 4)))
    low = high * (100 - (story.trailing_pct or 1) - Decimal("0.3")) / 100
    return [*found, _event(begins + 12, "price", round(low, 4))]


def _lost_answer(story: Story, chance: Random) -> list[Event]:
    begins = chance.choice((0.0, _moment(chance)))
    return [_event(begins, "lost_answer", chance.randint(1, 2)), *_gap(story, chance)]


def _thin(story: Story, chance: Random) -> list[Event]:
    begins = _moment(chance)
    return [_event(begins, "thin"), _event(begins, "price", _below(story, chance))]


def _row_is_lost(story: Story, chance: Random) -> list[Event]:
    """Somebody ends every protection behind the farm's back."""
    begins = _moment(chance)
    falls = [_event(begins + chance.uniform(2.5, 8), "price", _below(story, chance))]
    return [_event(begins, "rows_vanish"), *falls]


def _quiet(story: Story, chance: Random) -> list[Event]:
    return []


THEMES: Mapping[str, Theme] = {
    "gap": _gap,
    "slide": _slide,
    "engine_dies": _dies_while_falling("engine_dies"),
    "sender_dies": _dies_while_falling("sender_dies"),
    "both_die": _dies_while_falling(*BOTH_DOWN),
    "venue_cancels": _venue_cancels,
    "stop_rejected": _stop_rejected,
    "both_exits": _both_exits,
    "both_exits_there": _both_exits_there,
    "partial_entry": _partial_entry,
    "halt": _halts("halt"),
    "stop_cancels": _halts("stop_cancels"),
    "stop_flattens": _halts("stop_flattens"),
    "trailing": _trailing,
    "lost_answer": _lost_answer,
    "thin_market": _thin,
    "row_is_lost": _row_is_lost,
    "quiet": _quiet,
}
