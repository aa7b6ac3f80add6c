"""What stands before one order beyond its limits: tripped breakers, and a person to be asked."""

from collections.abc import Iterator
from decimal import Decimal

from trading.domain.book import Limits
from trading.domain.checks.case import Case, Check, Code, money, not_asked
from trading.domain.states import WhenTainted


def breakers(case: Case) -> Check:
    """No entry while a circuit breaker covers its account, its agent or its instrument."""
    if not case.is_entry:
        return not_asked(case, Code.BREAKERS)
    tripped = case.book.breakers
    found = "; ".join(
        f"{each.kind.value.replace('_', ' ')} of {each.scope}: {each.number}, limit {each.limit}"
        for each in tripped
    )
    return Check(Code.BREAKERS, found or "none", "none", passed=not tripped)


def confirmation(case: Case) -> Check:
    """Whether a person has to say yes first, and has: to this very order, at no worse a price."""
    limits = case.book.limits
    if limits is None or not case.is_entry or not case.is_agents or case.is_slice:
        return not_asked(case, Code.CONFIRMATION)
    reasons = list(_reasons(case, limits))
    number = "; ".join(reasons) or "not needed"
    if not reasons:
        return Check(Code.CONFIRMATION, number, _limit(limits), passed=True)
    if _is_confirmed(case):
        return Check(Code.CONFIRMATION, number, "confirmed by a person", passed=True)
    return Check(Code.CONFIRMATION, number, _limit(limits), passed=False, room=_room(case, limits))


def _reasons(case: Case, limits: Limits) -> Iterator[str]:
    above, risk = limits.confirm_above, case.request.risk
    if above is not None and case.worst_value > above:
        yield f"worth {money(case.worst_value)}"
    if risk is not None and risk.is_above(limits.risk_level):
        yield f"risk {risk.value}"
    if case.request.is_tainted and limits.when_tainted is WhenTainted.CONFIRM:
        yield "rests on text from outside"


def _limit(limits: Limits) -> str:
    """What passes without a person."""
    value = "any value" if limits.confirm_above is None else f"worth {money(limits.confirm_above)}"
    return f"{value}, risk {limits.risk_level.value}"


def _is_confirmed(case: Case) -> bool:
    if not case.book.confirmed:
        return False
    confirmed_at = case.book.confirmed.get(case.request.digest)
    return confirmed_at is not None and case.worst_price <= confirmed_at


def _room(case: Case, limits: Limits) -> Decimal | None:
    """The size that nobody need be asked for, where size is all that it is about."""
    above = limits.confirm_above
    if above is None:
        return None
    room = case.units(above)
    return room if not any(_reasons(case.sized(room), limits)) else None
