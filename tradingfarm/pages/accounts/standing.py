"""How an account stands with its breakers, its exchange and its key, read with the account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from trading.domain.reconciling import Difference
from trading.models import (
    Account,
    Breaker,
    ExchangeKey,
    LiveConfirmation,
    Reconciliation,
)
from tradingfarm.pages.risk.breakers import Tripped, tripped

RECONCILIATIONS = 8
NOT_COMPARED = "Its sender has not compared it with its exchange yet."


@dataclass(frozen=True)
class Compared:
    """One comparison of the account with its exchange. `at` is wall time."""

    at: datetime
    agreed: bool
    kind: str
    adopted: int
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Readiness:
    """Whether the account agrees with its exchange, and why not. `since` is wall time."""

    is_ready: bool
    since: datetime | None
    words: str
    owner: str
    comparisons: tuple[Compared, ...]


@dataclass(frozen=True)
class Standing:
    """An account's breakers that are tripped, its readiness, and its key where it has one."""

    account: Account
    breakers: tuple[Tripped, ...]
    readiness: Readiness
    key: ExchangeKey | None
    confirmed_until: datetime | None


def standing_of(*, account_id: UUID, at: datetime) -> Standing:
    """One query for all of it, at wall time `at`. Raises Account.DoesNotExist."""
    account = (
        Account.objects.select_related("key")
        .defer("key__ciphertext")
        .annotate(
            tripped=ArraySubquery(_breakers()),
            compared=ArraySubquery(_comparisons()),
            confirmed_until=Subquery(_confirmations(at).values("expires_at")[:1]),
        )
        .get(id=account_id)
    )
    notes = vars(account)
    return Standing(
        account=account,
        breakers=tuple(tripped(row) for row in notes["tripped"]),
        readiness=_readiness(account, notes["compared"]),
        key=getattr(account, "key", None),
        confirmed_until=notes["confirmed_until"],
    )


def _breakers() -> QuerySet[Breaker, Any]:
    active = Breaker.objects.filter(account=OuterRef("pk"), released_at=None).order_by("at", "id")
    return active.values(
        json=JSONObject(
            id="id",
            kind="kind",
            number="number",
            limit="limit",
            as_of="as_of",
            agent="permission__agent_name",
            symbol="instrument__symbol",
        )
    )


def _comparisons() -> QuerySet[Reconciliation, Any]:
    newest = Reconciliation.objects.filter(account=OuterRef("pk")).order_by("-at", "-id")
    row = JSONObject(
        at="at", agreed="agreed", kind="kind", adopted="adopted", differences="differences"
    )
    return newest.values(json=row)[:RECONCILIATIONS]


def _confirmations(at: datetime) -> QuerySet[LiveConfirmation]:
    found = LiveConfirmation.objects.filter(
        account=OuterRef("pk"), withdrawn_at=None, expires_at__gt=at
    )
    return found.order_by("-expires_at")


def _readiness(account: Account, rows: list[dict[str, Any]]) -> Readiness:
    words = account.reconciliation or ("" if account.is_ready else NOT_COMPARED)
    return Readiness(
        is_ready=account.is_ready,
        since=account.reconciled_at,
        words=words,
        owner=account.owned_by,
        comparisons=tuple(_compared(row) for row in rows),
    )


def _compared(row: Mapping[str, Any]) -> Compared:
    return Compared(
        at=datetime.fromisoformat(row["at"]),
        agreed=row["agreed"],
        kind=Reconciliation.Kind(row["kind"]).label,
        adopted=row["adopted"],
        differences=tuple(
            Difference(each["asset"], Decimal(each["ours"]), Decimal(each["theirs"])).sentence
            for each in row["differences"]
        ),
    )
