"""Waking teams: one execution for each account that a team trades, whatever woke it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agents.domain.causes import Cause, cause_key, execution_id
from agents.domain.states import ExecutionState, SessionState
from agents.models import Execution, Team, TradingSession
from agents.services.endings import TASK
from market.selectors.clocks import market_times
from tradingfarm.kernel.canonical import moment
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.wake import ring

LONGEST_REQUEST = 80
REQUEST_LIVES = timedelta(days=1)


def queue_executions(
    *,
    team_id: UUID,
    causes: Sequence[Cause],
    as_of: datetime,
    at: datetime,
    actor: str,
    feed_name: str | None = None,
) -> list[Execution]:
    """Wake a team on every account that it trades, inside the caller's transaction().

    All `causes` make one execution for each account with a session in AUTO_TRADING; where one is
    queued already they join it, and where one exists for the same causes it is returned as it is.
    Without such a session the list is empty. `as_of` is market time, `at` wall time. Causes of one
    feed (`feed_name`) wake accounts on that feed alone; others wake them all, each as of its own
    market time, so that no account on a replay is shown a later price.
    """
    sessions = TradingSession.objects.filter(team=team_id, state=SessionState.AUTO_TRADING)
    if feed_name is not None:
        sessions = sessions.filter(account__feed=feed_name)
    woken = list(sessions.select_related("account").order_by("account_id"))
    if feed_name is not None:
        moments = {feed_name: as_of}
    else:
        moments = market_times(feed_names={session.account.feed_id for session in woken}, at=as_of)
    key = cause_key(causes)
    return [
        _queue(
            session,
            causes,
            key,
            as_of=moments[session.account.feed_id],
            at=at,
            actor=actor,
        )
        for session in woken
    ]


def run_now(*, team_id: UUID, request: str, actor: str, at: datetime) -> list[Execution]:
    """Wake a team because a person asks for it: as any cause would, through the same gate.

    `request` names this one wish; made with `new_request` when the button was drawn, it holds the
    market time of that moment, so that sending the form twice wakes the team once. The list is
    empty without a session in AUTO_TRADING. `at` is wall time. Opens its own transaction.
    """
    cause = Cause(
        key=f"person:{request[:LONGEST_REQUEST]}",
        kind="person",
        title=f"Asked for by {actor.removeprefix('person:')}",
        evidence={"by": actor},
    )
    with transaction():
        Team.objects.select_for_update(no_key=True).get(id=team_id)
        known = _caused(team_id, cause.key, since=at - REQUEST_LIVES)
        return known or queue_executions(
            team_id=team_id, causes=[cause], as_of=at, at=at, actor=actor
        )


def new_request(*, now: datetime, token: str) -> str:
    """A name for one wish of a person: market time `now` and a token that nobody else has."""
    return f"{moment(now)}:{token}"


def _caused(team_id: UUID, key: str, *, since: datetime) -> list[Execution]:
    """Executions that this cause has woken already, or has joined."""
    found = Execution.objects.filter(
        team=team_id, queued_at__gte=since, causes__contains=[{"key": key}]
    )
    return list(found.order_by("account_id"))


def _queue(
    session: TradingSession,
    causes: Sequence[Cause],
    key: str,
    *,
    as_of: datetime,
    at: datetime,
    actor: str,
) -> Execution:
    waiting = _waiting(session)
    if waiting is not None:
        return _join(waiting, causes, as_of=as_of, at=at, actor=actor)
    execution, is_new = Execution.objects.get_or_create(
        id=execution_id(account_id=session.account_id, team_id=session.team_id, key=key),
        defaults={
            "team_id": session.team_id,
            "account_id": session.account_id,
            "session": session,
            "cause_key": key,
            "causes": [cause.plain() for cause in causes],
            "state": ExecutionState.QUEUED,
            "as_of": as_of,
            "queued_at": at,
        },
    )
    if is_new:
        _journal(execution, causes, "execution.queued", at=at, actor=actor)
        ring(TASK, row_id=execution.id)
    return execution


def _waiting(session: TradingSession) -> Execution | None:
    return (
        Execution.objects.select_for_update(no_key=True)
        .filter(team=session.team_id, account=session.account_id, state=ExecutionState.QUEUED)
        .order_by("queued_at", "id")
        .first()
    )


def _join(
    execution: Execution, causes: Sequence[Cause], *, as_of: datetime, at: datetime, actor: str
) -> Execution:
    """Causes that arrive before it started become part of a waiting execution."""
    known = {cause["key"] for cause in execution.causes}
    joining = [cause for cause in causes if cause.key not in known]
    if joining:
        execution.causes = [*execution.causes, *(cause.plain() for cause in joining)]
        execution.as_of = max(execution.as_of, as_of)
        execution.save(update_fields=["causes", "as_of"])
        _journal(execution, joining, "execution.joined", at=at, actor=actor)
    ring(TASK, row_id=execution.id)
    return execution


def _journal(
    execution: Execution, causes: Sequence[Cause], kind: str, *, at: datetime, actor: str
) -> None:
    record(
        stream=account_stream(execution.account_id),
        kind=kind,
        actor=actor,
        subject=f"execution:{execution.id}",
        payload={"team": execution.team_id, "causes": [cause.plain() for cause in causes]},
        at=at,
        as_of=execution.as_of,
    )
