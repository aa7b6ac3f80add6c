"""A long journal with chains that hold: hashed here as the database would, stored by COPY."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.pages.copying import Row, copy_rows
from tests.pages.farms import MARKET_NOW
from tradingfarm.kernel.canonical import canonical, moment
from tradingfarm.kernel.journal import link
from tradingfarm.kernel.models import JournalEvent, JournalStream

# Of a thousand events of an account: how many are of each kind, and what they are about.
KINDS: Sequence[tuple[int, str, str, dict[str, object]]] = (
    (430, "agent.message", "execution", {"sender": "Risk", "content": "Approve.", "type": "VOTE"}),
    (80, "execution.queued", "execution", {"causes": [], "team": "1"}),
    (80, "execution.started", "execution", {"attempt": 1, "team": "1"}),
    (80, "execution.ended", "execution", {"problem": "", "state": "DECIDED"}),
    (80, "agent.decision", "execution", {"outcome": "APPROVED", "reason": "As voted."}),
    (80, "risk.assessment", "assessment", {"approved": True, "checks": [], "denials": []}),
    (40, "order.approved", "order", {"quantity": "200", "side": "buy", "strategy": "momentum"}),
    (40, "order.accepted", "order", {"exchange_order_id": "p-1", "problem": ""}),
    (40, "agent.trade.executed", "order", {"price": "39.9", "quantity": "200", "side": "buy"}),
    (25, "trigger.fired", "trigger", {"title": "AAPL rose 2 %"}),
    (15, "risk.denied", "assessment", {"denials": ["DAILY_ENTRIES"], "side": "buy"}),
    (5, "agent.risk.alert", "execution", {"content": "Volatility doubled.", "sender": "Risk"}),
    (3, "protection.fired", "protection", {"kind": "stop_loss", "price": "36.9"}),
    (1, "permission.changed", "permission", {"agent": "Technical", "version": 2}),
    (1, "account.halted", "account", {"epoch": 1, "reason": "Emergency stop"}),
)
ACTORS = ("agent:Technical", "agent:Risk", "gate", "sender", "engine", "person:trader")
SPAN = timedelta(days=120)


@dataclass(frozen=True)
class Chapter:
    """Events of one stream. `subjects` are ids of things by kind; without any it is 0."""

    stream: str
    events: int
    subjects: dict[str, Sequence[object]]


def write_chapter(chapter: Chapter, *, until: datetime) -> None:
    """Append the events to their stream, the newest one at wall time `until`."""
    head, _ = JournalStream.objects.get_or_create(name=chapter.stream)
    copy_rows(JournalEvent, _chained(chapter, head, until))
    head.save()


def _chained(chapter: Chapter, head: JournalStream, until: datetime) -> Iterator[Row]:
    """The events, linked to what `head` stood at; it moves along with them."""
    kinds = [
        (kind, about, canonical(said)) for times, kind, about, said in KINDS for _ in range(times)
    ]
    pause = SPAN / max(chapter.events, 1)
    for number in range(chapter.events):
        # 7 has no factor in common with 1,000: all kinds, well mixed.
        kind, about, said = kinds[number * 7 % len(kinds)]
        row = _row(chapter, kind, about, number)
        row["at"] = until - pause * (chapter.events - 1 - number)
        row["as_of"] = MARKET_NOW - pause * (chapter.events - 1 - number)
        row["entry"] = _entry(row, said)
        row["previous"] = head.hash
        head.seq += 1
        head.hash = link(
            previous=head.hash, stream=head.name, seq=head.seq, text=str(row["entry"])
        )
        row["seq"], row["hash"] = head.seq, head.hash
        yield row


def _row(chapter: Chapter, kind: str, about: str, number: int) -> dict[str, object]:
    things = chapter.subjects.get(about) or (0,)
    return {
        "stream": chapter.stream,
        "kind": kind,
        "actor": ACTORS[number % len(ACTORS)],
        "subject": f"{about}:{things[number * len(things) // chapter.events]}",
    }


def _entry(row: Row, said: str) -> str:
    """What `canonical` makes of an event, whose parts need no escaping here."""
    at, as_of = row["at"], row["as_of"]
    assert isinstance(at, datetime)
    assert isinstance(as_of, datetime)
    return (
        f'{{"actor":"{row["actor"]}","as_of":"{moment(as_of)}","at":"{moment(at)}",'
        f'"kind":"{row["kind"]}","payload":{said},"subject":"{row["subject"]}"}}'
    )
