"""Every kill point of the lanes, several lanes at once: what was struck, and what came of it."""

import argparse
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.campaigns.arena import Ground
from tests.campaigns.dealing import dealt
from tests.campaigns.judge import Breach, percentile
from tests.campaigns.places import LANES
from tradingfarm.kernel.randomness import stream

READY_WITHIN = 15.0
PLANTS = ("release", "two-commits", "keep")
SIDE_BY_SIDE = 8


@dataclass
class Struck:
    """What all lanes together have seen."""

    by_place: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    ready: list[float] = field(default_factory=list)
    sending: list[float] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)

    def take(self, told: dict[str, Any]) -> None:
        """One lane's answer."""
        self.breaches += [Breach(kind, text) for kind, text in told["breaches"]]
        if not told["struck"]:
            text = f"{told['place']}, turn {told.get('turn')}: nobody died there"
            self.breaches.append(Breach("missed", text))
        if "ready" in told:
            self.by_place[told["place"]] += told["struck"]
            self.states.update(told["states"])
            self.ready.append(told["ready"])
            self.sending.append(told["sending"])
            if told["ready"] > READY_WITHIN:
                text = f"{told['place']}: ready {told['ready']:.1f} s after the restart"
                self.breaches.append(Breach("late", text))

    @property
    def figures(self) -> dict[str, object]:
        return {
            "places": len(self.by_place),
            "kills_at_places": self.by_place.total(),
            "fewest_at_a_place": min(self.by_place.values(), default=0),
            "with_orders_in": dict(sorted(self.states.items())),
            "ready_p50_s": round(percentile(self.ready, 0.5), 1),
            "ready_max_s": round(max(self.ready, default=0.0), 1),
            "sending_p50_s": round(percentile(self.sending, 0.5), 1),
            "sending_max_s": round(max(self.sending, default=0.0), 1),
        }


@contextlib.contextmanager
def lanes(base: Ground, options: argparse.Namespace) -> Iterator[Struck]:
    """Each place so many times meanwhile; the end waits until all have been struck.

    `places` of the options narrows the places down by a part of their names.
    """
    trials = [
        {"place": point.name, "turn": turn, "seed": options.seed}
        for turn in range(options.turns)
        for point in LANES
        if options.places in point.name
    ]
    stream(options.seed, "lanes").shuffle(trials)
    struck = Struck()
    with dealt(
        base,
        module="tests.campaigns.lanes",
        argument=options.planted,
        trials=trials,
        side_by_side=SIDE_BY_SIDE,
        take=struck.take,
    ):
        yield struck
