"""Who speaks to whom in a team, as places on a drawing: a proposal goes down, votes are counted.

The proposer stands on top, the voters below it in rows of four, then the count, then the gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 480
TOP, ROW, COLUMN = 42, 112, 4
SHORT = 14


@dataclass(frozen=True)
class Node:
    """One place. `x` and `y` are its middle; `short` is the name as far as it fits."""

    x: int
    y: int
    name: str
    short: str
    colour: str
    icon: str
    vetoes: bool
    is_active: bool

    @property
    def left(self) -> int:
        return self.x - 11

    @property
    def top(self) -> int:
        return self.y - 11

    @property
    def under(self) -> int:
        """Where its name is written."""
        return self.y + 38

    @property
    def note(self) -> int:
        """Where its right to veto is written."""
        return self.y + 53


@dataclass(frozen=True)
class Way:
    """A line from one place to another: a `proposal`, a `vote` or a `veto`."""

    x1: int
    y1: int
    x2: int
    y2: int
    kind: str


@dataclass(frozen=True)
class Graph:
    """The drawing. `tally` is the height of the count, `gate` that of the risk gate."""

    nodes: tuple[Node, ...]
    ways: tuple[Way, ...]
    tally: int
    gate: int
    width: int = WIDTH

    @property
    def height(self) -> int:
        return self.gate + 40

    @property
    def middle(self) -> int:
        return self.width // 2


@dataclass(frozen=True)
class Seated:
    """One member of a team, as far as a drawing shows it."""

    name: str
    colour: str
    icon: str
    proposes: bool
    vetoes: bool
    is_active: bool


def graph_of(*, seats: Sequence[Seated]) -> Graph:
    """The drawing of a team; without a proposer the votes are drawn alone."""
    voters = [seat for seat in seats if not seat.proposes]
    rows = [voters[first : first + COLUMN] for first in range(0, len(voters), COLUMN)]
    tops = [_node(seat, WIDTH // 2, TOP) for seat in seats if seat.proposes]
    below = [
        _node(seat, _across(place, len(row)), TOP + ROW * (number + 1))
        for number, row in enumerate(rows)
        for place, seat in enumerate(row)
    ]
    tally = TOP + ROW * (len(rows) + 1) + 4
    ways = [_down(top, node) for top in tops for node in below]
    ways += [_counted(node, tally) for node in below]
    return Graph(tuple(tops + below), tuple(ways), tally, tally + 74)


def _across(place: int, count: int) -> int:
    return round(WIDTH * (place + 0.5) / count)


def _node(seat: Seated, x: int, y: int) -> Node:
    short = seat.name if len(seat.name) <= SHORT else f"{seat.name[: SHORT - 1]}…"
    return Node(x, y, seat.name, short, seat.colour, seat.icon, seat.vetoes, seat.is_active)


def _down(top: Node, node: Node) -> Way:
    return Way(top.x, top.y + 44, node.x, node.y - 24, "proposal")


def _counted(node: Node, tally: int) -> Way:
    end = node.y + (60 if node.vetoes else 46)
    return Way(node.x, end, WIDTH // 2, tally - 18, "veto" if node.vetoes else "vote")
