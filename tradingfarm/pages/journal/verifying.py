"""Verifying a stream part by part: a million events take longer than a request may.

Between two parts the browser keeps how far the walk has come, signed, so that nobody can say of
a part that it was verified.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.core import signing

from tradingfarm.kernel.journal import Walk, verify_part
from tradingfarm.kernel.models import JournalEvent

VERIFIED = "user.verified"
SALT = "journal.verify"
PART = 10_000


@dataclass(frozen=True)
class Progress:
    """A walk as the page shows it. `cursor` goes on with it, '' once it has ended."""

    walk: Walk
    cursor: str

    @property
    def percent(self) -> int:
        return 100 * self.walk.seq // self.walk.head_seq if self.walk.head_seq else 100


def go_on(walk: Walk) -> Progress:
    """The next ten thousand events."""
    gone = verify_part(walk=walk, most=PART)
    return Progress(gone, "" if gone.ended else cursor_of(gone))


def cursor_of(walk: Walk) -> str:
    """A walk that has not ended as a signed text."""
    values = {key: value for key, value in asdict(walk).items() if key not in ("ended", "broken")}
    return signing.dumps(values, salt=SALT, compress=True)


def walk_from(cursor: str) -> Walk:
    """The walk that a text stands for. Raises signing.BadSignature for a text of another hand."""
    return Walk(**signing.loads(cursor, salt=SALT))


@dataclass(frozen=True)
class Verification:
    """When a stream was last verified, by whom, how far, and what was wrong ('' for nothing)."""

    actor: str
    seq: int
    problem: str
    at: datetime


def last_verification(*, stream: str) -> Verification | None:
    """The newest verification of a stream that its journal tells of. One query."""
    event = JournalEvent.objects.filter(stream=stream, kind=VERIFIED).order_by("-seq").first()
    if event is None:
        return None
    found = event.payload
    return Verification(
        actor=event.actor.partition(":")[2],
        seq=int(found["seq"]),
        problem=str(found["problem"]),
        at=event.at,
    )
