"""A sender stands still in the midst of sending: `make campaign NAME=freeze ARGS="--short"`.

It is stopped (SIGSTOP) at a named place of one sending (`frozen_places.py`), for longer than its
lease; a second sender takes the account over and finds out what became of the order. When the
first one wakes, nothing of its may reach the exchange late, and nothing the account. The exchange
is one of our own, a process with a log that is believed.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.campaigns.arena import Findings, arguments, conclude, ground
from tests.campaigns.dealing import dealt
from tests.campaigns.frozen_places import PLACES
from tests.campaigns.judge import Breach, percentile
from tradingfarm.kernel.randomness import stream
from tradingfarm.kernel.vault import new_key

SIDE_BY_SIDE = 6
OWNED_WITHIN = 25.0
"""A lease of 6 s, and 15 s for a transaction that was left open with the account's lock."""


@dataclass
class Frozen:
    """What all rounds together have seen."""

    rounds: int = 0
    posts_after_waking: int = 0
    became: Counter[str] = field(default_factory=Counter)
    taken_over: list[float] = field(default_factory=list)
    shortest: float = float("inf")
    breaches: list[Breach] = field(default_factory=list)

    def take(self, told: dict[str, Any]) -> None:
        """One round's answer."""
        self.breaches += [Breach(kind, text) for kind, text in told["breaches"]]
        if not told["struck"]:
            self.breaches.append(Breach("missed", f"{told['place']}: nobody stood still there"))
            return
        self.rounds += 1
        self.posts_after_waking += told["posts_after_waking"]
        self.became[f"{told['place']}: {told['became']}"] += 1
        self.taken_over.append(told["taken_over"])
        self.shortest = min(self.shortest, told["frozen"])
        if told["taken_over"] > OWNED_WITHIN:
            text = f"{told['place']}: taken over after {told['taken_over']} s"
            self.breaches.append(Breach("late_owner", text))

    @property
    def figures(self) -> dict[str, object]:
        kinds = Counter(str(breach.kind) for breach in self.breaches)
        return {
            "rounds": self.rounds,
            "frozen_seconds_min": self.shortest if self.rounds else 0.0,
            "late_posts": kinds["late"],
            "posts_after_waking": self.posts_after_waking,
            "stale_writes": kinds["stale"],
            "became": dict(sorted(self.became.items())),
            "taken_over_p50_s": percentile(self.taken_over, 0.5),
            "taken_over_max_s": max(self.taken_over, default=0.0),
        }


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """Each place so many times, several side by side."""
    trials = [
        {"place": point.name, "turn": turn, "seed": options.seed}
        for turn in range(options.turns)
        for point in PLACES
        if options.places in point.name
    ]
    stream(options.seed, "freeze").shuffle(trials)
    frozen = Frozen()
    live = {
        "ENABLE_AGENT_TRADING": "1",
        "AGENT_TRADING_MODE": "live",
        "EXCHANGE_KEYS": f"campaign:{new_key()}",
    }
    with (
        ground() as base,
        dealt(
            base,
            module="tests.campaigns.freezing",
            argument=f"{options.seconds} {options.planted}",
            trials=trials,
            side_by_side=SIDE_BY_SIDE,
            take=frozen.take,
            more=live,
        ),
    ):
        findings.figures = {"asked_seconds": options.seconds, "planted": options.planted}
    findings.figures |= frozen.figures
    findings.breaches += frozen.breaches


def main() -> int:
    """Parse the options and run."""
    parser = arguments("freeze", "Senders stand still in the midst of sending, and wake.")
    parser.add_argument("--seconds", type=float, help="Of each freeze: 10 short, 30 long.")
    parser.add_argument("--turns", type=int, help="At each place: 1 short, 8 long.")
    parser.add_argument("--places", default="", help="Only those with this in their names.")
    parser.add_argument(
        "--planted", choices=["", "late", "token"], default="", help="A bug to be found."
    )
    options = parser.parse_args()
    options.seconds = options.seconds or (10.0 if options.short else 30.0)
    options.turns = options.turns or (1 if options.short else 8)
    return conclude("freeze", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
