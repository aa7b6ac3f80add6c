"""What a planted bug is: small textual edits, why it is dangerous, and the checks that know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """One change of one file; the old text occurs there exactly once."""

    file: str
    old: str
    new: str

    def problem(self, root: Path) -> str:
        """Why it cannot be made to the tree at `root`; empty when it can."""
        path = root / self.file
        found = path.read_text().count(self.old) if path.exists() else 0
        return "" if found == 1 else f"{self.file} has the old text {found} times: {self.old!r}"

    def apply(self, root: Path) -> None:
        path = root / self.file
        path.write_text(path.read_text().replace(self.old, self.new))


@dataclass(frozen=True)
class Check:
    """What may find a bug: tests by node id, a campaign with its options, or the import rules."""

    kind: str
    targets: Sequence[str] = ()


@dataclass(frozen=True)
class Mutant:
    """One planted bug. Its checks are tried in this order, the cheapest first."""

    name: str
    why: str
    edits: Sequence[Edit]
    checks: Sequence[Check]


def tests(*nodes: str) -> Check:
    return Check("tests", nodes)


def campaign(name: str, *options: str) -> Check:
    return Check("campaign", (name, *options))


def imports() -> Check:
    return Check("imports")
