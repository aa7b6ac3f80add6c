"""Why an execution was woken, and the names that follow from it. Market time only."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

LONGEST_KEY = 200
DIGEST = 32


@dataclass(frozen=True)
class Cause:
    """One reason to wake. `key` names it for ever; `kind` is time, price or person."""

    key: str
    kind: str
    title: str
    symbol: str | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        """The cause as it is stored with its execution."""
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title,
            "symbol": self.symbol,
            "evidence": dict(self.evidence),
        }


def cause_key(causes: Sequence[Cause]) -> str:
    """One key for all causes of a moment, whatever their order; at most 200 characters.

    A longer one keeps its readable start and ends in a digest of the whole. Raises ValueError when
    there is no cause.
    """
    if not causes:
        raise ValueError("An execution needs at least one cause.")
    key = " + ".join(sorted({cause.key for cause in causes}))
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:DIGEST]
    return f"{key[: LONGEST_KEY - DIGEST - 1]}~{digest}"


def execution_id(*, account_id: UUID, team_id: UUID, key: str) -> UUID:
    """The id of the execution of a team on an account for a cause: the same in every replay."""
    return uuid5(account_id, f"{team_id}:{key}")
