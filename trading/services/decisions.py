"""Step two of an execution: one short transaction that checks, reserves and stores an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.db import connection

from trading.domain.requests import OrderRequest, client_order_id, order_id
from trading.domain.risk import ApprovedOrder, Assessment, assess
from trading.domain.states import OrderState, Side, Source
from trading.selectors.books import LockedAccount, know_calendars, load_book, lock_account
from trading.services.days import roll_account
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain
from tradingfarm.kernel.statements import Values

SEND_WITHIN = timedelta(seconds=30)
"""An approved order that was not claimed by then expires instead of being sent stale."""

# One statement stores the whole decision while the account is locked: the order, its reservation,
# the counters, the assessment. An empty order id is a denial: only the assessment is written.
STORE = """
WITH approved AS (
  INSERT INTO trading_order (id, account_id, permission_id, instrument_id, intent_key,
    client_order_id, source, side, order_type, quantity, reduce_only, expected_price, worst_price,
    reserved_cash, stop_loss, take_profit, trailing_pct, exit_after_seconds, limit_price,
    stop_price, time_in_force, good_until, risk, is_tainted, parent_id, replaces_id, cancel_state,
    cancel_requested_by, state, reason, problem, strategy, confidence, reasoning, decision_id,
    epoch, as_of, approved_at, expires_at, sender, exchange_order_id, filled_quantity,
    filled_value, fees)
  SELECT %(order)s, %(account)s, %(permission)s, %(instrument)s, %(intent_key)s,
    %(client_order_id)s, %(source)s, %(side)s, %(order_type)s, %(quantity)s, %(reduces)s,
    %(expected_price)s, %(worst_price)s, %(reserved_cash)s, %(stop_loss)s, %(take_profit)s,
    %(trailing_pct)s, %(exit_after_seconds)s, %(limit_price)s, %(stop_price)s,
    %(time_in_force)s, %(good_until)s, %(risk)s, %(is_tainted)s, %(parent)s, %(replaces)s,
    'NONE', '', %(state)s, %(reason)s, '', %(strategy)s, %(confidence)s, %(reasoning)s,
    %(decision)s, %(epoch)s, %(now)s, %(at)s, %(expires_at)s, '', '', 0, 0, 0
  WHERE %(order)s::uuid IS NOT NULL
  RETURNING id, account_id, permission_id, instrument_id, quantity, reduce_only, reserved_cash
), money AS (
  UPDATE trading_account a SET reserved = a.reserved + o.reserved_cash
  FROM approved o WHERE a.id = o.account_id AND o.reserved_cash > 0
), counter AS (
  UPDATE trading_permission p SET day = %(day)s,
    entries_today = CASE WHEN p.day = %(day)s THEN p.entries_today ELSE 0 END + 1,
    day_start_pnl = %(day_start_pnl)s
  FROM approved o WHERE p.id = o.permission_id AND NOT o.reduce_only
), offered AS (
  UPDATE trading_positionshare s SET reserved_quantity = s.reserved_quantity + o.quantity
  FROM approved o JOIN trading_position p
    ON p.account_id = o.account_id AND p.instrument_id = o.instrument_id
  WHERE s.position_id = p.id AND s.permission_id IS NOT DISTINCT FROM o.permission_id
    AND o.reduce_only
)
INSERT INTO trading_assessment (id, account_id, permission_id, instrument_id, intent_key, request,
  approved, denials, checks, largest, order_id, as_of, at)
VALUES (%(assessment)s, %(account)s, %(permission)s, %(instrument)s, %(intent_key)s,
  %(request)s::jsonb, %(order)s::uuid IS NOT NULL, %(denials)s::varchar[], %(checks)s::jsonb,
  %(largest)s, %(order)s, %(now)s, %(at)s)
"""


@dataclass(frozen=True)
class Verdict:
    """What the gate answered. `quantity` is the approved size, or the one that was denied."""

    assessment_id: UUID
    approved: bool
    order_id: UUID | None
    denials: tuple[str, ...]
    quantity: Decimal


def decide(
    *, account_id: UUID, request: OrderRequest, actor: str, now: datetime, at: datetime
) -> Verdict:
    """Check `request` under the account's lock and store the outcome, in one transaction.

    The same intent key gives the first answer again, however often it is asked. `now` is market
    time, `at` wall time. Raises NoSuchAccount, NoSuchInstrument, and django.db.OperationalError
    when the lock is not had within the lock timeout; nothing is stored then and asking again is
    safe.
    """
    know_calendars()
    with transaction():
        return decide_locked(
            account=lock_account(account_id=account_id, now=now),
            request=request,
            actor=actor,
            now=now,
            at=at,
        )


def decide_locked(
    *, account: LockedAccount, request: OrderRequest, actor: str, now: datetime, at: datetime
) -> Verdict:
    """As `decide`, for a caller whose transaction holds the account's lock already."""
    account = roll_account(account=account, now=now)
    loaded = load_book(
        account=account,
        permission_id=request.permission_id,
        instrument_id=request.instrument_id,
        intent_key=request.intent_key,
        now=now,
        # An agent's order is judged by the time that it was decided at, an exit by the present.
        goes_along=request.source is not Source.AGENT,
    )
    now = loaded.now
    if loaded.earlier is not None:
        return _earlier(loaded.earlier)
    found = assess(loaded.book, request, now)
    verdict = _verdict(account, found)
    with connection.cursor() as cursor:
        values = _assessment(account, found, verdict) | _order(account, found, verdict, at)
        usage = {"day": loaded.book.day, "day_start_pnl": loaded.book.usage.day_start_pnl}
        cursor.execute(STORE, values | usage | {"now": now, "at": at})
        if verdict.approved:
            cursor.execute("NOTIFY farm_orders")
    _journal(account, found, verdict, actor=actor, now=now, at=at)
    return verdict


def _verdict(account: LockedAccount, found: Assessment) -> Verdict:
    approved = found.order is not None
    intent = found.request.intent_key
    return Verdict(
        assessment_id=uuid5(account.id, f"assessment:{intent}"),
        approved=approved,
        order_id=order_id(account_id=account.id, intent_key=intent) if approved else None,
        denials=found.denials,
        quantity=found.request.quantity,
    )


def _earlier(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        assessment_id=UUID(row["id"]),
        approved=row["approved"],
        order_id=UUID(row["order_id"]) if row["order_id"] else None,
        denials=tuple(row["denials"]),
        quantity=Decimal(row["quantity"]),
    )


def _assessment(account: LockedAccount, found: Assessment, verdict: Verdict) -> Values:
    return {
        "assessment": verdict.assessment_id,
        "account": account.id,
        "permission": found.request.permission_id,
        "instrument": found.request.instrument_id,
        "intent_key": found.request.intent_key,
        "request": canonical(found.request),
        "denials": list(found.denials),
        "checks": canonical(found.checks),
        "largest": found.largest,
    }


def _order(account: LockedAccount, found: Assessment, verdict: Verdict, at: datetime) -> Values:
    request, order = found.request, found.order
    return {
        "order": verdict.order_id,
        "client_order_id": (
            client_order_id(order=verdict.order_id, live=account.live)
            if verdict.order_id
            else None
        ),
        "source": request.source.value,
        "side": request.side.value,
        "quantity": request.quantity,
        "reduces": request.side is Side.SELL,
        "order_type": request.order_type.value,
        "limit_price": request.limit_price,
        "stop_price": request.stop_price,
        "time_in_force": request.time_in_force.value,
        "good_until": None,
        "trailing_pct": request.trailing_pct,
        "exit_after_seconds": request.exit_after_seconds,
        "risk": request.risk.value if request.risk else "",
        "is_tainted": request.is_tainted,
        "parent": request.parent_id,
        "replaces": request.replaces_id,
        "stop_loss": request.stop_loss,
        "take_profit": request.take_profit,
        "reason": request.reason,
        "strategy": request.strategy,
        "confidence": request.confidence,
        "reasoning": request.reasoning,
        "decision": request.decision_id,
        "state": OrderState.APPROVED.value,
        "epoch": account.epoch,
        "expires_at": at + SEND_WITHIN,
    } | _prices(order)


def _prices(order: ApprovedOrder | None) -> Values:
    return {
        "expected_price": order.expected_price if order else None,
        "worst_price": order.worst_price if order else None,
        "reserved_cash": order.reserved_cash if order else None,
    }


def _journal(
    account: LockedAccount,
    found: Assessment,
    verdict: Verdict,
    *,
    actor: str,
    now: datetime,
    at: datetime,
) -> None:
    stream = account_stream(account.id)
    record(
        stream=stream,
        kind="risk.assessment",
        actor=actor,
        subject=f"assessment:{verdict.assessment_id}",
        payload={
            "approved": verdict.approved,
            "denials": verdict.denials,
            "largest": found.largest,
            "checks": found.checks,
            "request": found.request,
        },
        at=at,
        as_of=now,
    )
    if found.order is None:
        _journal_denial(stream, found, verdict, actor=actor, now=now, at=at)
        return
    record(
        stream=stream,
        kind="order.approved",
        actor=actor,
        subject=f"order:{verdict.order_id}",
        payload={
            "order": verdict.order_id,
            "side": found.request.side,
            "instrument": found.request.instrument_id,
            "quantity": plain(found.request.quantity),
            "worst_price": found.order.worst_price,
            "reserved_cash": found.order.reserved_cash,
            "strategy": found.request.strategy,
            "confidence": found.request.confidence,
            "reasoning": found.request.reasoning,
            "reason": found.request.reason,
        },
        at=at,
        as_of=now,
    )


def _journal_denial(
    stream: str, found: Assessment, verdict: Verdict, *, actor: str, now: datetime, at: datetime
) -> None:
    """A kind of its own: people are alerted to denials, and few assessments are one."""
    record(
        stream=stream,
        kind="risk.denied",
        actor=actor,
        subject=f"assessment:{verdict.assessment_id}",
        payload={
            "side": found.request.side,
            "instrument": found.request.instrument_id,
            "quantity": found.request.quantity,
            "denials": found.denials,
        },
        at=at,
        as_of=now,
    )
