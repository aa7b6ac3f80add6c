"""How long to wait before a child that died is started again."""

from dataclasses import dataclass

FIRST_SECONDS, LONGEST_SECONDS, HEALTHY_SECONDS = 0.2, 5.0, 30.0


@dataclass(frozen=True)
class Backoff:
    """Deaths in a row, none of them after a healthy life."""

    deaths: int = 0

    def after_death(self, *, lived_seconds: float) -> "Backoff":
        """One more death; a life of 30 seconds or more makes it the first of a new row."""
        return Backoff(1 if lived_seconds >= HEALTHY_SECONDS else self.deaths + 1)

    @property
    def wait_seconds(self) -> float:
        """0.2 s after the first death in a row, twice as long after each more, 5 s at most."""
        if self.deaths == 0:
            return 0.0
        return min(FIRST_SECONDS * 2.0 ** min(self.deaths - 1, 10), LONGEST_SECONDS)
