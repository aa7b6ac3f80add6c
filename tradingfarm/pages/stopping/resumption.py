"""What letting an account trade again would do, and who may."""

from dataclasses import dataclass
from uuid import UUID

from agents.domain.states import SessionState
from agents.models import TradingSession
from trading.models import Account, Permission, StopRun
from trading.services.resuming import Resumed
from tradingfarm.people.models import Role, User

WORDS = {
    Resumed.RESUMED: "{name} trades again.",
    Resumed.ALREADY_ACTIVE: "{name} was trading already; nothing has changed.",
    Resumed.STOP_UNFINISHED: "{name} is still being stopped. Resume it when that is done.",
    Resumed.STOPPED_AGAIN: (
        "{name} was stopped again since you opened the page; look at that stop, then decide anew."
    ),
}


@dataclass(frozen=True)
class Resumption:
    """What follows. `teams` trade automatically at once; those of `waiting` stay stopped."""

    account: Account
    is_being_stopped: bool
    teams: tuple[str, ...]
    waiting: tuple[str, ...]
    agents: tuple[str, ...]


def resumption_of(*, account_id: UUID) -> Resumption:
    """Four queries. Raises Account.DoesNotExist."""
    sessions = (
        TradingSession.objects.filter(account=account_id)
        .order_by("team__name", "-started_at")
        .distinct("team__name")
        .values_list("team__name", "state")
    )
    states = dict(sessions)
    unfinished = StopRun.objects.filter(account=account_id).exclude(step=StopRun.Step.DONE)
    active = Permission.objects.filter(account=account_id, active=True).order_by("agent_name")
    return Resumption(
        account=Account.objects.get(id=account_id),
        is_being_stopped=unfinished.exists(),
        teams=tuple(name for name, state in states.items() if state != SessionState.STOPPED),
        waiting=tuple(name for name, state in states.items() if state == SessionState.STOPPED),
        agents=tuple(active.values_list("agent_name", flat=True)),
    )


def may_resume(*, person: User, account: Account) -> bool:
    """An operator always; a trader only an own account that is paper."""
    if person.may(Role.OPERATOR):
        return True
    own = account.owner_id == person.pk and account.kind == Account.Kind.PAPER
    return own and person.may(Role.TRADER)


def outcome_words(resumed: Resumed, name: str) -> str:
    """What came of it, in a sentence."""
    return WORDS[resumed].format(name=name)
