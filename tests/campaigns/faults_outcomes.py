"""What became of stories, as it is handed from the programs that tell them to the campaign."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.campaigns.judge import Breach


@dataclass(frozen=True)
class Outcome:
    """Sums over stories. `hits` counts by fault and order kind the stories whose fault met one."""

    stories: int = 0
    posts: int = 0
    seconds: float = 0.0
    hits: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, int] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return asdict(self)


def outcome_from(told: Mapping[str, Any]) -> Outcome:
    """What `plain` was made of."""
    breaches = tuple(Breach(**each) for each in told["breaches"])
    return Outcome(**{**told, "breaches": breaches})


def summed(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(
        stories=one.stories + other.stories,
        posts=one.posts + other.posts,
        seconds=one.seconds + other.seconds,
        hits=dict(Counter(one.hits) + Counter(other.hits)),
        states=dict(Counter(one.states) + Counter(other.states)),
        breaches=one.breaches + other.breaches,
    )
