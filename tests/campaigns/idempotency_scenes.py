"""What is repeated, how often, and what it may come to: values only."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

PROCESSES, CALLERS = 10, 50
"""Callers are connections that ask at the same time; the server has a hundred in all."""
KEYS, DELIVERIES = 1_000, 50


@dataclass(frozen=True)
class Scene:
    """One thing, repeated `times`. `number` is that of the account that it happens on."""

    name: str
    number: int
    times: int

    def told(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Effect:
    """What a scene may come to however often it is repeated.

    `posts` are orders at the exchange, `counts` rows of ours; `is_one` says that all callers must
    be given one and the same answer.
    """

    posts: int
    counts: Mapping[str, int] = field(default_factory=dict)
    is_one: bool = True


ONE_ORDER = {"orders": 1, "assessments": 1, "approved events": 1}
EFFECTS = {
    "keys": Effect(1, ONE_ORDER),
    "form": Effect(2, {"orders": 2, "assessments": 2, "approved events": 2}),
    "firing": Effect(0, {"firings": 1, "executions": 1, "queued events": 1}),
    "message": Effect(
        1,
        ONE_ORDER
        | {"executions": 1, "decisions": 1, "proposals": 1, "votes": 4, "messages": 7}
        | {"ended events": 1},
    ),
    "wish": Effect(0, {"executions": 1, "queued events": 1}),
    "doorbell": Effect(1, ONE_ORDER),
}


def scenes(*, short: bool, rounds: int) -> list[Scene]:
    """Every scene, so many times, each on an account of its own."""
    found = []
    for _ in range(rounds):
        for name in EFFECTS:
            times = KEYS if name in ("keys", "form") else DELIVERIES
            if short and name == "form":
                times //= 5
            found.append(Scene(name, len(found) + 1, times))
    return found
