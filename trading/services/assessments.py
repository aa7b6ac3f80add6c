"""What the gate found, stored and journaled: the assessment, and the order if there is one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from uuid import UUID, uuid5

from trading.domain.checks import Check
from trading.domain.requests import OrderRequest, client_order_id
from trading.domain.risk import ApprovedOrder, Assessment
from trading.domain.states import ConfirmationState, OrderState, Side
from trading.models import Confirmation, Override
from trading.selectors.books import LockedAccount
from tradingfarm.kernel.canonical import as_json, canonical
from tradingfarm.kernel.journal import account_stream, record
from tradingfarm.kernel.money import plain
from tradingfarm.kernel.prepared import prepared
from tradingfarm.kernel.statements import Values

SEND_WITHIN = timedelta(seconds=30)
"""An approved order that was not claimed by then expires instead of being sent stale."""
CONFIRM_WITHIN = timedelta(minutes=15)
"""An order that nobody confirmed by then is not made."""

# One statement stores the whole decision while the account is locked: the order, its reservation,
# the counters, the assessment, and the doorbell of the senders. An empty order id is a denial:
# only the assessment is written.
STORE = """
WITH approved AS (
  INSERT INTO trading_order (id, account_id, permission_id, instrument_id, intent_key,
    client_order_id, source, side, order_type, quantity, reduce_only, expected_price, worst_price,
    reserved_cash, stop_loss, take_profit, trailing_pct, exit_after_seconds, limit_price,
    stop_price, time_in_force, good_until, risk, is_tainted, parent_id, replaces_id, cancel_state,
    cancel_requested_by, state, reason, problem, strategy, confidence, reasoning, decision_id,
    epoch, as_of, approved_at, expires_at, sender, exchange_order_id, filled_quantity,
    filled_value, fees)
  SELECT %(order)s::uuid, %(account)s::uuid, %(permission)s::uuid, %(instrument)s::uuid,
    %(intent_key)s, %(client_order_id)s, %(source)s, %(side)s, %(order_type)s,
    %(quantity)s::numeric, %(reduces)s::boolean, %(expected_price)s::numeric,
    %(worst_price)s::numeric, %(reserved_cash)s::numeric, %(stop_loss)s::numeric,
    %(take_profit)s::numeric, %(trailing_pct)s::numeric, %(exit_after_seconds)s::integer,
    %(limit_price)s::numeric, %(stop_price)s::numeric, %(time_in_force)s,
    %(good_until)s::timestamptz, %(risk)s, %(is_tainted)s::boolean, %(parent)s::uuid,
    %(replaces)s::uuid, 'NONE', '', %(state)s, %(reason)s, '', %(strategy)s,
    %(confidence)s::numeric, %(reasoning)s, %(decision)s::uuid, %(epoch)s::integer,
    %(now)s::timestamptz, %(at)s::timestamptz, %(expires_at)s::timestamptz, '', '', 0, 0, 0
  WHERE %(order)s::uuid IS NOT NULL
  RETURNING id, account_id, permission_id, instrument_id, quantity, reduce_only, reserved_cash,
    parent_id, replaces_id, as_of
), money AS (
  UPDATE trading_account a SET reserved = a.reserved + o.reserved_cash
  FROM approved o WHERE a.id = o.account_id AND o.reserved_cash > 0
), counter AS (
  UPDATE trading_permission p SET day = %(day)s::date,
    entries_today = CASE WHEN p.day = %(day)s::date THEN p.entries_today ELSE 0 END + 1,
    day_start_pnl = %(day_start_pnl)s::numeric, last_entry_as_of = o.as_of
  FROM approved o WHERE p.id = o.permission_id AND NOT o.reduce_only
    AND o.parent_id IS NULL AND o.replaces_id IS NULL
), offered AS (
  UPDATE trading_positionshare s SET reserved_quantity = s.reserved_quantity + o.quantity
  FROM approved o JOIN trading_position p
    ON p.account_id = o.account_id AND p.instrument_id = o.instrument_id
  WHERE s.position_id = p.id AND s.permission_id IS NOT DISTINCT FROM o.permission_id
    AND o.reduce_only
), assessed AS (
  INSERT INTO trading_assessment (id, account_id, permission_id, instrument_id, intent_key,
    request, approved, denials, checks, largest, order_id, as_of, at)
  VALUES (%(assessment)s::uuid, %(account)s::uuid, %(permission)s::uuid, %(instrument)s::uuid,
    %(intent_key)s, %(request)s::jsonb, %(order)s::uuid IS NOT NULL, %(denials)s::varchar[],
    %(checks)s::jsonb, %(largest)s::numeric, %(order)s::uuid, %(now)s::timestamptz,
    %(at)s::timestamptz)
)
SELECT pg_notify('farm_orders', '') FROM approved
"""


@dataclass(frozen=True)
class Verdict:
    """What the gate answered. `quantity` is the approved size, or the one that was denied.

    With a confirmation, a person is asked first: then there is no order yet.
    """

    assessment_id: UUID
    approved: bool
    order_id: UUID | None
    denials: tuple[str, ...]
    quantity: Decimal
    confirmation_id: UUID | None = None


@dataclass(frozen=True)
class Finding:
    """An assessment with whose it is and when: market time `now`, wall time `at`."""

    account: LockedAccount
    assessment: Assessment
    verdict: Verdict
    actor: str
    now: datetime
    at: datetime

    @property
    def request(self) -> OrderRequest:
        return self.assessment.request

    @cached_property
    def written_request(self) -> object:
        """The request, ready to be written."""
        return as_json(self.request)

    @cached_property
    def checks(self) -> list[Values]:
        """All checks, ready to be written."""
        return plain_checks(self.assessment.checks)


def store(finding: Finding, *, usage: Values) -> None:
    """Store and journal all of it, inside the transaction that holds the account's lock.

    `usage` is what the permission's row is to count on: its day and where its P&L stood then.
    """
    with prepared() as cursor:
        cursor.execute(STORE, _assessment(finding) | _order(finding) | _prices(finding) | usage)
    if finding.verdict.approved:
        _use_up(finding)
    if finding.verdict.confirmation_id:
        _ask(finding, finding.verdict.confirmation_id)
    _journal(finding)


def confirmation_of(account_id: UUID, intent_key: str) -> UUID:
    """The id of the confirmation that an intent asks for."""
    return uuid5(account_id, f"confirmation:{intent_key}")


def plain_checks(checks: Iterable[Check]) -> list[Values]:
    """The checks in canonical form: the same text, many times as fast."""
    return [
        {
            "code": check.code.value,
            "number": check.number,
            "limit": check.limit,
            "passed": check.passed,
            "room": None if check.room is None else plain(check.room),
            "overridden": check.overridden,
        }
        for check in checks
    ]


def _assessment(finding: Finding) -> Values:
    request, found = finding.request, finding.assessment
    return {
        "assessment": finding.verdict.assessment_id,
        "account": finding.account.id,
        "permission": request.permission_id,
        "instrument": request.instrument_id,
        "intent_key": request.intent_key,
        "request": canonical(finding.written_request),
        "denials": list(found.denials),
        "checks": canonical(finding.checks),
        "largest": found.largest,
        "now": finding.now,
        "at": finding.at,
    }


def _order(finding: Finding) -> Values:
    request, verdict, account = finding.request, finding.verdict, finding.account
    named = verdict.order_id and client_order_id(order=verdict.order_id, live=account.live)
    return {
        "order": verdict.order_id,
        "client_order_id": named,
        "source": request.source.value,
        "side": request.side.value,
        "order_type": request.order_type.value,
        "quantity": request.quantity,
        "reduces": request.side is Side.SELL,
        "limit_price": request.limit_price,
        "stop_price": request.stop_price,
        "time_in_force": request.time_in_force.value,
        "stop_loss": request.stop_loss,
        "take_profit": request.take_profit,
        "trailing_pct": request.trailing_pct,
        "exit_after_seconds": request.exit_after_seconds,
        "risk": request.risk.value if request.risk else "",
        "is_tainted": request.is_tainted,
        "parent": request.parent_id,
        "replaces": request.replaces_id,
        "reason": request.reason,
        "strategy": request.strategy,
        "confidence": request.confidence,
        "reasoning": request.reasoning,
        "decision": request.decision_id,
        "state": OrderState.APPROVED.value,
        "epoch": account.epoch,
        "expires_at": finding.at + SEND_WITHIN,
    }


def _prices(finding: Finding) -> Values:
    order = finding.assessment.order
    return {
        "expected_price": order.expected_price if order else None,
        "worst_price": order.worst_price if order else None,
        "reserved_cash": order.reserved_cash if order else None,
        "good_until": order.good_until if order else None,
    }


def _use_up(finding: Finding) -> None:
    """What a person allowed was allowed once."""
    found = finding.assessment
    if found.overridden:
        Override.objects.filter(
            account=finding.account.id,
            order_digest=found.request.digest,
            code__in=found.overridden,
            used_at=None,
        ).update(used_at=finding.at, order=finding.verdict.order_id)
    if found.was_confirmed:
        Confirmation.objects.filter(
            account=finding.account.id,
            order_digest=found.request.digest,
            state=ConfirmationState.CONFIRMED,
            order=None,
        ).update(order=finding.verdict.order_id)


def _ask(finding: Finding, confirmation_id: UUID) -> None:
    """A person is asked for this very order, at no worse a price."""
    found, verdict = finding.assessment, finding.verdict
    asked = Confirmation.objects.create(
        id=confirmation_id,
        account_id=finding.account.id,
        permission_id=found.request.permission_id,
        instrument_id=found.request.instrument_id,
        assessment_id=verdict.assessment_id,
        request=json.loads(canonical(found.request)),
        order_digest=found.request.digest,
        value=found.worst_value,
        worst_price=found.worst_price,
        state=ConfirmationState.WAITING,
        actor=finding.actor,
        at=finding.at,
        expires_at=finding.at + CONFIRM_WITHIN,
    )
    _record(
        finding,
        "risk.confirmation",
        f"confirmation:{confirmation_id}",
        {
            "side": found.request.side,
            "instrument": found.request.instrument_id,
            "quantity": found.request.quantity,
            "value": asked.value,
            "worst_price": asked.worst_price,
            "order_digest": asked.order_digest,
            "expires_at": asked.expires_at,
        },
    )


def _journal(finding: Finding) -> None:
    found, verdict = finding.assessment, finding.verdict
    _record(
        finding,
        "risk.assessment",
        f"assessment:{verdict.assessment_id}",
        {
            "approved": verdict.approved,
            "denials": verdict.denials,
            "largest": found.largest,
            "checks": finding.checks,
            "request": finding.written_request,
        },
    )
    if found.order is not None:
        _journal_order(finding, found.order)
    elif verdict.confirmation_id is None:
        _journal_denial(finding)


def _journal_order(finding: Finding, order: ApprovedOrder) -> None:
    request = finding.request
    _record(
        finding,
        "order.approved",
        f"order:{finding.verdict.order_id}",
        {
            "order": finding.verdict.order_id,
            "permission": request.permission_id,
            "side": request.side,
            "instrument": request.instrument_id,
            "quantity": plain(request.quantity),
            "order_type": request.order_type,
            "worst_price": order.worst_price,
            "reserved_cash": order.reserved_cash,
            "overridden": finding.assessment.overridden,
            "strategy": request.strategy,
            "confidence": request.confidence,
            "reasoning": request.reasoning,
            "reason": request.reason,
        },
    )


def _journal_denial(finding: Finding) -> None:
    """A kind of its own: people are alerted to denials, and few assessments are one."""
    request = finding.request
    _record(
        finding,
        "risk.denied",
        f"assessment:{finding.verdict.assessment_id}",
        {
            "side": request.side,
            "instrument": request.instrument_id,
            "quantity": request.quantity,
            "denials": finding.assessment.denials,
        },
    )


def _record(finding: Finding, kind: str, subject: str, payload: Values) -> None:
    record(
        stream=account_stream(finding.account.id),
        kind=kind,
        actor=finding.actor,
        subject=subject,
        payload=payload,
        at=finding.at,
        as_of=finding.now,
    )
