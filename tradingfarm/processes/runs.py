"""What a supervisor's run is told, and what it tells."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tradingfarm.kernel.errors import FarmError


class FarmDidNotGetReady(FarmError):
    """Some children were not ready in time, or kept dying before they ever were."""


class ChildFailed(FarmError):
    """A child that is not to be restarted ended with a status other than 0."""


@dataclass
class RunReport:
    """How a run went. `statuses` are those of the stop, negative for a signal."""

    ready_seconds: float | None = None
    restarts: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    unclean: list[str] = field(default_factory=list)

    @property
    def stopped_cleanly(self) -> bool:
        return not self.unclean


@dataclass(frozen=True)
class Hooks:
    """What the owner wants to be called for, in the main thread; these must be quick.

    `on_ready` gets the seconds since this process started. `on_tick` comes about ten times a
    second, from the first start to the stop.
    """

    on_ready: Callable[[float], None] = lambda seconds: None
    on_tick: Callable[[], None] = lambda: None
