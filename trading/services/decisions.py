"""Step two of an execution: one short transaction that checks, reserves and stores an order."""

from datetime import datetime
from uuid import UUID, uuid5

from trading.domain.requests import OrderRequest, order_id
from trading.domain.risk import Assessment, assess
from trading.domain.states import Source
from trading.selectors.books import (
    Earlier,
    LockedAccount,
    know_calendars,
    load_book,
    lock_account,
)
from trading.services.assessments import (
    CONFIRM_WITHIN,
    SEND_WITHIN,
    Finding,
    Verdict,
    confirmation_of,
    store,
)
from trading.services.days import roll_account
from tradingfarm.kernel.journal import transaction

__all__ = ["CONFIRM_WITHIN", "SEND_WITHIN", "Verdict", "decide", "decide_locked"]


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
        request=request,
        now=now,
        # An agent's order is judged by the time that it was decided at, an exit by the present.
        goes_along=request.source is not Source.AGENT,
    )
    if loaded.earlier is not None:
        return _again(loaded.earlier)
    found = assess(loaded.book, request, loaded.now)
    verdict = _verdict(account, found)
    usage = {"day": loaded.book.day, "day_start_pnl": loaded.book.usage.day_start_pnl}
    store(Finding(account, found, verdict, actor, loaded.now, at), usage=usage)
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
        confirmation_id=confirmation_of(account.id, intent) if found.needs_confirmation else None,
    )


def _again(earlier: Earlier) -> Verdict:
    return Verdict(
        assessment_id=earlier.assessment_id,
        approved=earlier.approved,
        order_id=earlier.order_id,
        denials=earlier.denials,
        quantity=earlier.quantity,
        confirmation_id=earlier.confirmation_id,
    )
