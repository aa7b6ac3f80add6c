"""Starting and stopping automatic trading. A session owns no limits; permissions do."""

from datetime import datetime
from uuid import uuid5

from django.db.models import Exists, OuterRef

from agents.domain.states import ExecutionState, SessionState
from agents.models import Execution, Team, TradingSession
from agents.services.endings import end
from trading.domain.states import BreakerKind
from trading.models import Account, Breaker
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction

LOST = "The account reached its daily loss; a person looks at it first."


class AlreadyTrading(FarmError):
    """The team has a session on this account that was not stopped."""

    def __init__(self, team: Team, account: Account) -> None:
        super().__init__(
            f"{team.name} trades {account.name} already; stop that session first.", permanent=True
        )


class RiskNotAccepted(FarmError):
    """Nobody accepted the risk disclosure."""

    def __init__(self) -> None:
        super().__init__("Say who accepted the risk disclosure.", permanent=True)


def start_session(
    *, team: Team, account: Account, accepted_by: str, at: datetime
) -> TradingSession:
    """Let a team trade an account automatically from now on.

    `accepted_by` is who accepted the risk disclosure. Raises AlreadyTrading and RiskNotAccepted.
    """
    if not accepted_by.strip():
        raise RiskNotAccepted
    with transaction():
        Team.objects.select_for_update(no_key=True).get(id=team.id)
        earlier = TradingSession.objects.filter(team=team, account=account)
        if earlier.exclude(state=SessionState.STOPPED).exists():
            raise AlreadyTrading(team, account)
        session = TradingSession.objects.create(
            id=uuid5(team.id, f"{account.id}:session:{earlier.count() + 1}"),
            team=team,
            account=account,
            state=SessionState.AUTO_TRADING,
            accepted_by=accepted_by,
            started_at=at,
        )
        _journal(session, "session.started", accepted_by, {"accepted_by": accepted_by}, at)
    return session


def stop_session(*, session: TradingSession, reason: str, actor: str, at: datetime) -> None:
    """Stop automatic trading at once; stopping twice is nothing.

    What waits is abandoned; what is thinking ends without an order. Protections stay.
    """
    with transaction():
        stopped = TradingSession.objects.select_for_update(no_key=True).get(id=session.id)
        if stopped.state == SessionState.STOPPED:
            return
        stopped.state = SessionState.STOPPED
        stopped.stopped_at = at
        stopped.stop_reason = reason[:200]
        stopped.save(update_fields=["state", "stopped_at", "stop_reason"])
        _journal(stopped, "session.stopped", actor, {"reason": reason}, at)
        waiting = Execution.objects.select_for_update(no_key=True).filter(
            session=stopped, state=ExecutionState.QUEUED
        )
        for execution in waiting.order_by("id"):
            end(
                execution=execution,
                state=ExecutionState.ABANDONED,
                problem="The trading session was stopped.",
                at=at,
            )


def stop_losers(*, at: datetime) -> int:
    """Stop the sessions of accounts that reached their daily loss; returns how many.

    A session that a person started after that is theirs to answer for and goes on. One query
    where no account has lost so much.
    """
    lost = Breaker.objects.filter(
        account=OuterRef("account"),
        kind=BreakerKind.ACCOUNT_DAILY_LOSS,
        released_at=None,
        at__gte=OuterRef("started_at"),
    )
    trading = TradingSession.objects.filter(Exists(lost), state=SessionState.AUTO_TRADING)
    losing = list(trading.order_by("id"))
    for session in losing:
        stop_session(session=session, reason=LOST, actor="risk", at=at)
    return len(losing)


def _journal(
    session: TradingSession, kind: str, actor: str, payload: dict[str, str], at: datetime
) -> None:
    record(
        stream=account_stream(session.account_id),
        kind=kind,
        actor=actor,
        subject=f"session:{session.id}",
        payload=payload | {"team": session.team_id, "state": session.state},
        at=at,
    )
