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
    "account.differs": Look("loud", "git-compare", "Accounts that differ from their exchange"),
    "account.halted": Look("loud", "hand-stop", "Halts"),
    "account.key_forgotten": Look("wait", "key", "Keys that were forgotten"),
    "account.key_stored": Look("wait", "key", "Keys that were given"),
    "account.live_confirmed": Look("loud", "bolt", "Real money that was confirmed"),
    "account.live_withdrawn": Look("calm", "lock", "Real money that was taken back"),
    "account.paper_switched": Look("wait", "toggle-right", "Switches of the paper exchange"),
    "account.released": Look("calm", "player-play", "Releases"),
    "agent.risk.alert": Look("loud", "speakerphone", "Alarms of agents"),
    "execution.failed": Look("loud", "alert-circle", "Failed executions"),
    "order.external": Look("loud", "users", "Orders that nobody here made"),
    "order.not_amended": Look("wait", "pencil", "Orders that could not be changed"),
    "order.not_placed": Look("wait", "circle-x", "Orders proved not placed"),
    "order.reappeared": Look("loud", "eye", "Orders that came back from the dead"),
    "order.rejected": Look("loud", "circle-x", "Orders rejected by the exchange"),
    "order.unknown": Look("loud", "question-mark", "Orders with an unknown outcome"),
    "position.split": Look("calm", "arrows-sort", "Splits of shares"),
    "protection.fired": Look("wait", "target", "Stops and targets hit"),
    "protection.missing": Look("loud", "shield-x", "Positions without a working stop"),
    "protection.unfilled": Look("loud", "alert-triangle", "Exits that traded nothing"),
    "replay.ended": Look("calm", "flag", "Replays that ended"),
    "risk.breaker": Look("loud", "shield-lock", "Breakers that tripped"),
    "risk.confirmation": Look("loud", "hourglass", "Orders that wait for a person"),
    "risk.denied": Look("wait", "shield-x", "Refused orders"),
    "risk.expired": Look("wait", "clock", "Orders that nobody confirmed in time"),
    "risk.override": Look("wait", "scale", "Checks that a person let an order pass"),
    "risk.released": Look("calm", "shield-check", "Breakers that were released"),
    "session.stopped": Look("wait", "player-stop", "Stopped sessions"),
}
ALERTS = tuple(sorted(KINDS))
LOUD = "loud"
