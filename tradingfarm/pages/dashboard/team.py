"""Who trades an account at the moment, by whose leave, and what their models cost today."""

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet, Sum

from agents.domain.states import SessionState
from agents.models import ProviderCall, TradingSession
from tradingfarm.kernel.money import ZERO

RULES = "rules"


@dataclass(frozen=True)
class TeamNote:
    """The newest trading session. `dollars_today` counts from midnight in the account's zone."""

    name: str
    state: SessionState
    accepted_by: str
    started_at: datetime
    stopped_at: datetime | None
    stop_reason: str
    providers: tuple[str, ...]
    dollars_today: Decimal

    @property
    def only_rules(self) -> bool:
        """Whether no agent of the team asks a model."""
        return self.providers == (RULES,)

    @property
    def trades(self) -> bool:
        return self.state is SessionState.AUTO_TRADING


def team_note(*, account_id: UUID, time_zone: str, now: datetime) -> TeamNote | None:
    """The team on this account at `now` (wall time), one that trades before one that was stopped.

    One query, two where models are asked.
    """
    session = _sessions(account_id).first()
    if session is None:
        return None
    providers = tuple(sorted(vars(session)["providers"] or ()))
    return TeamNote(
        name=session.team.name,
        state=SessionState(session.state),
        accepted_by=session.accepted_by,
        started_at=session.started_at,
        stopped_at=session.stopped_at,
        stop_reason=session.stop_reason,
        providers=providers,
        dollars_today=ZERO
        if providers == (RULES,)
        else _dollars(account_id, since=_midnight(now, time_zone)),
    )


def _sessions(account_id: UUID) -> QuerySet[TradingSession]:
    return (
        TradingSession.objects.filter(account=account_id)
        .select_related("team")
        .annotate(
            providers=ArrayAgg("team__members__agent__provider", distinct=True, default=None)
        )
        .alias(trades=Q(state=SessionState.AUTO_TRADING))
        .order_by("-trades", "-started_at", "id")
    )


def _dollars(account_id: UUID, *, since: datetime) -> Decimal:
    calls = ProviderCall.objects.filter(execution__account=account_id, at__gte=since)
    total: Decimal | None = calls.aggregate(total=Sum("dollars"))["total"]
    return total or ZERO


def _midnight(now: datetime, time_zone: str) -> datetime:
    local = now.astimezone(ZoneInfo(time_zone))
    return datetime.combine(local.date(), time.min, tzinfo=local.tzinfo)
