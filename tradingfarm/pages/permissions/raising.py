"""Who may loosen a limit, and that a second factor was proved for it. Tightening is free."""

from collections.abc import Mapping

from django.http import HttpRequest

from trading.domain.ceilings import loosened
from trading.models import Account
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.access import person_of
from tradingfarm.people.models import Role, User
from tradingfarm.people.second_factor import proved_lately

CLOCK = SystemClock()
NEEDS_OPERATOR = "Raising this takes the role operator; lowering it does not."
NEEDS_OPERATOR_TO_GRANT = (
    "Letting a further agent trade this account takes the role operator: its limits count beside"
    " those of the others."
)
NEEDS_FACTOR = (
    "More than this takes a second factor. Leave it or lower it here, and raise it on the agent's"
    " page, which asks for one."
)


def raised_by(*, before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """The limits that would let an agent do more than before, by name."""
    return loosened(before=before, after=after)


def may_raise(*, person: User, account: Account | None) -> bool:
    """An operator always; a trader only on an own account that is paper, or none yet."""
    if person.may(Role.OPERATOR):
        return True
    if account is None:
        return person.owner_id == person.pk
    return is_own_paper(person=person, account=account) and person.may(Role.TRADER)


def is_own_paper(*, person: User, account: Account) -> bool:
    """Whether nothing but this person's paper money is at stake."""
    return bool(account.owner_id == person.pk and account.kind == Account.Kind.PAPER)


def problem_with(*, request: HttpRequest, account: Account | None) -> str:
    """Why this person cannot raise a limit at this moment, empty when they can."""
    if not may_raise(person=person_of(request), account=account):
        return NEEDS_OPERATOR
    return "" if proved_lately(request, now=CLOCK.now()) else NEEDS_FACTOR


def problem_with_granting(*, request: HttpRequest, account: Account) -> str:
    """Why this person cannot let a further agent trade an account, empty when they can.

    Most limits count for each agent, so one agent more is a limit raised.
    """
    person = person_of(request)
    if is_own_paper(person=person, account=account):
        return ""
    if not may_raise(person=person, account=account):
        return NEEDS_OPERATOR_TO_GRANT
    return problem_with(request=request, account=account)
