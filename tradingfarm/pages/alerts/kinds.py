"""Which events of an account are alerts. Each kind is one that the journal finds by its index."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """How an alert is drawn. `tone` is loud (look now), wait (look soon) or calm."""

    tone: str
    icon: str
    name: str


KINDS: Mapping[str, Look] = {
    "account.halted": Look("loud", "hand-stop", "Halts"),
    "account.released": Look("calm", "player-play", "Releases"),
    "agent.risk.alert": Look("loud", "speakerphone", "Alarms of agents"),
    "execution.failed": Look("loud", "alert-circle", "Failed executions"),
    "order.not_placed": Look("wait", "circle-x", "Orders proved not placed"),
    "order.rejected": Look("loud", "circle-x", "Orders rejected by the exchange"),
    "order.unknown": Look("loud", "question-mark", "Orders with an unknown outcome"),
    "protection.fired": Look("wait", "target", "Stops and targets hit"),
    "replay.ended": Look("calm", "flag", "Replays that ended"),
    "risk.denied": Look("wait", "shield-x", "Refused orders"),
    "session.stopped": Look("wait", "player-stop", "Stopped sessions"),
}
ALERTS = tuple(sorted(KINDS))
LOUD = "loud"
