"""What the account lets out at all. What reduces must never be blocked for ever."""

from trading.domain.checks.case import Case, Check, Code
from trading.domain.states import HaltState


def ready(case: Case) -> Check:
    """Nothing new before the account agrees with its exchange, nor any exit an agent asks for.

    Armed protections and what a person sells go out all the same: clamped to what we hold.
    """
    is_ready = case.book.is_ready
    passed = is_ready or (case.request.reduces and not case.is_agents)
    return Check(Code.READY, "reconciled" if is_ready else "not reconciled", "reconciled", passed)


def halt_state(case: Case) -> Check:
    """ACTIVE lets all out; REDUCING exits only; HALTED no exit that an agent asks for either."""
    state = case.book.halt_state
    passed = state is HaltState.ACTIVE or (
        case.request.reduces and (state is HaltState.REDUCING or not case.is_agents)
    )
    return Check(Code.HALT_STATE, state.value, HaltState.ACTIVE.value, passed)


def unresolved(case: Case) -> Check:
    """A symbol with an order of unknown outcome takes no new risk until the exchange has said."""
    waiting = case.book.holding(case.request.instrument_id).unresolved
    return Check(
        Code.UNRESOLVED, "1" if waiting else "0", "0", passed=not (waiting and case.is_entry)
    )
