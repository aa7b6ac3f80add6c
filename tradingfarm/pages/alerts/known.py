"""The rows that events of the journal speak of, read together instead of one by one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, OuterRef, QuerySet, Subquery

from agents.models import Decision, TradingSession
from market.models import Instrument
from trading.models import Assessment, Order, Permission, Protection
from tradingfarm.kernel.models import JournalEvent

M = TypeVar("M", bound=Model)
NAMED = frozenset({"account", "confirmation", "parent", "permission"})
"""Sorts of subjects whose events name an instrument or an agent by its id alone."""


@dataclass(frozen=True)
class Known:
    """Rows by their ids; an assessment carries the `execution_id` of its decision, or None.

    `names` are symbols by the ids of instruments, and agents by those of their permissions.
    """

    orders: Mapping[UUID, Order]
    protections: Mapping[UUID, Protection]
    assessments: Mapping[UUID, Assessment]
    sessions: Mapping[UUID, TradingSession]
    names: Mapping[UUID, str]


def known_of(events: Iterable[JournalEvent]) -> Known:
    """What the subjects of `events` name. One query for each sort of thing, none for no thing."""
    ids: dict[str, set[UUID]] = {}
    for event in events:
        sort, key = subject_of(event)
        if key is not None:
            ids.setdefault(sort, set()).add(key)
        if sort in NAMED and (instrument := uuid_of(event.payload.get("instrument"))):
            ids.setdefault("instrument", set()).add(instrument)
    decided = Decision.objects.filter(assessment=OuterRef("pk")).values("execution_id")[:1]
    assessments = Assessment.objects.select_related("instrument").annotate(
        execution_id=Subquery(decided)
    )
    return Known(
        orders=_by_id(Order.objects.select_related("instrument"), ids.get("order")),
        protections=_by_id(Protection.objects.select_related("instrument"), ids.get("protection")),
        assessments=_by_id(assessments, ids.get("assessment")),
        sessions=_by_id(TradingSession.objects.select_related("team"), ids.get("session")),
        names=_names(ids.get("instrument", set()), ids.get("permission", set())),
    )


def _names(instruments: set[UUID], permissions: set[UUID]) -> dict[UUID, str]:
    """One query for both, so that a page of alerts asks no more than it must."""
    if not instruments and not permissions:
        return {}
    symbols = Instrument.objects.filter(id__in=instruments).values_list("id", "symbol")
    agents = Permission.objects.filter(id__in=permissions).values_list("id", "agent_name")
    return dict(symbols.union(agents, all=True))


def subject_of(event: JournalEvent) -> tuple[str, UUID | None]:
    """What sort of thing an event is about, and its id where it has one."""
    sort, _, key = event.subject.partition(":")
    return sort, uuid_of(key)


def uuid_of(value: object) -> UUID | None:
    """The id that a text is, if it is one."""
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _by_id(rows: QuerySet[M], ids: set[UUID] | None) -> dict[UUID, M]:
    return rows.in_bulk(ids) if ids else {}
