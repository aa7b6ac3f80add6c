"""The list of what the risk gate refused, with every failed check."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse

from agents.models import Decision
from trading.domain.checks import OVERRIDABLE, Code
from trading.models import Assessment, Override
from tradingfarm.kernel.money import NotAnAmount, amount
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.listing import M, Sort
from tradingfarm.pages.lists.filters import ANY, AgentFilters, ChoiceField
from tradingfarm.pages.lists.pages import AccountList

SORTS = (
    Sort("time", "When", ("-at", "-id")),
    Sort("symbol", "Symbol", ("instrument__symbol", "-at", "-id")),
)
HEADS = (
    "date",
    "assessment",
    "symbol",
    "side",
    "quantity",
    "largest",
    "codes",
    "reasons",
    "agent",
)


class RefusalFilters(AgentFilters):
    check = ChoiceField(
        label="Failed check",
        choices=[ANY, *((code.value, code.value.replace("_", " ").lower()) for code in Code)],
    )
    field_order = ("symbol", "check", "agent")

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        check = self.found.get("check")
        return super().narrow(rows.filter(denials__contains=[check]) if check else rows)


@dataclass(frozen=True)
class FailedCheck:
    """Why it was refused, and the quantity that this check lets pass, None without one."""

    code: str
    sentence: str
    room: Decimal | None


@dataclass(frozen=True)
class RefusalRow:
    """One order that the gate refused. `largest` is the quantity that every check allows.

    `made_id` is the order that a person's override has made of it all the same, `confirmation_id`
    where a person was asked.
    """

    id: UUID
    symbol: str
    instrument_id: UUID
    side: str
    quantity: Decimal | None
    largest: Decimal
    agent: str
    checks: tuple[FailedCheck, ...]
    may_be_overridden: bool
    made_id: UUID | None
    confirmation_id: UUID | None
    execution_id: UUID | None
    as_of: datetime
    lot_size: Decimal


def refusals_of(page: AccountPage) -> QuerySet[Assessment]:
    """The account's denied assessments, with the execution that each came from."""
    decided = Decision.objects.filter(assessment=OuterRef("pk"))
    made = Override.objects.filter(assessment=OuterRef("pk"), order__isnull=False)
    return (
        Assessment.objects.filter(account=page.id, approved=False)
        .select_related("instrument", "permission")
        .annotate(
            execution_id=Subquery(decided.values("execution_id")[:1]),
            made_id=Subquery(made.values("order_id")[:1]),
            asked_id=F("confirmation__id"),
        )
    )


def refusal_row(assessment: Assessment) -> RefusalRow:
    """A denial as the list shows it."""
    asked = assessment.request
    return RefusalRow(
        id=assessment.id,
        symbol=assessment.instrument.symbol,
        instrument_id=assessment.instrument_id,
        side=str(asked.get("side", "")),
        quantity=_amount(asked.get("quantity")),
        largest=assessment.largest,
        agent=assessment.permission.agent_name if assessment.permission else "",
        checks=_failed(assessment),
        may_be_overridden=not OVERRIDABLE.isdisjoint(assessment.denials),
        made_id=vars(assessment).get("made_id"),
        confirmation_id=vars(assessment).get("asked_id"),
        execution_id=vars(assessment).get("execution_id"),
        as_of=assessment.as_of,
        lot_size=assessment.instrument.lot_size,
    )


def _failed(assessment: Assessment) -> tuple[FailedCheck, ...]:
    found: dict[str, Mapping[str, object]] = {
        str(check.get("code")): check for check in assessment.checks
    }
    sentences = sentences_of(denials=assessment.denials, checks=assessment.checks)
    return tuple(
        FailedCheck(code, sentence, _amount(found.get(code, {}).get("room")))
        for code, sentence in zip(assessment.denials, sentences, strict=True)
    )


def _amount(value: object) -> Decimal | None:
    try:
        return None if value is None else amount(str(value))
    except NotAnAmount:
        return None


def _cells(assessment: Assessment) -> tuple[object, ...]:
    row = refusal_row(assessment)
    return (
        *(row.as_of, row.id, row.symbol, row.side, row.quantity, row.largest),
        " ".join(check.code for check in row.checks),
        " ".join(check.sentence for check in row.checks),
        row.agent,
    )


REFUSALS = AccountList(
    name="refusals",
    section="orders",
    rows=refusals_of,
    sorts=SORTS,
    filters=lambda query, page: RefusalFilters(query, zone=page.time_zone, account_id=page.id),
    row=refusal_row,
    heads=HEADS,
    cells=_cells,
    more=lambda frame, listing: {
        "settings_address": reverse("account-settings", args=[frame.account.id])
    },
)
