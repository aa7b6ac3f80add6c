"""Letting a team trade an account by itself, stopping that at once, and running it now."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents.domain.states import SessionState
from agents.models import Team, TradingSession
from agents.services.executions import run_now
from agents.services.sessions import AlreadyTrading, start_session, stop_session
from trading.domain.allowances import standard_limits
from trading.domain.states import HaltState
from trading.models import Account, Permission
from trading.selectors.ceilings import ceilings
from trading.services.accounts import change_permission, grant_permission
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.permissions.forms import StartLimitsForm, limits_of
from tradingfarm.pages.permissions.raising import (
    problem_with,
    problem_with_granting,
    raised_by,
)
from tradingfarm.pages.teams.forms import SessionForm, StopForm
from tradingfarm.pages.teams.sheets import Seat, proposer_permission, seats_by_team
from tradingfarm.pages.teams.views import owned_team
from tradingfarm.people.access import FORM, WRITE, access, owner_of, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
NO_SESSION = "Nothing was run: {name} trades no account. Start a trading session first."


@access(Role.TRADER, owns="team", methods=WRITE)
def run(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Wake the team now, on every account that it trades; sent twice it is woken once."""
    team = owned_team(request, team_id)
    woken = run_now(
        team_id=team.id,
        request=request.POST.get("wish") or CLOCK.now().isoformat(),
        actor=actor_of(request),
        at=CLOCK.now(),
    )
    if not woken:
        messages.error(request, NO_SESSION.format(name=team.name))
        return _to(team.id)
    messages.success(request, f"{team.name} was woken; this is what it thinks.")
    return HttpResponseRedirect(reverse("execution", args=[woken[0].id]), status=303)


@access(Role.TRADER, owns="team", methods=FORM)
def start(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """Choose an account, see the limits, accept the risk; the limits become the permission."""
    team = owned_team(request, team_id)
    seats = seats_by_team(team_ids=[team.id]).get(team.id, ())
    accounts = _accounts(request, team)
    account = _chosen(request, accounts)
    permission = proposer_permission(seats=seats, account_id=account.id) if account else None
    before = _before(account, permission)
    form = SessionForm(request.POST or None, account=account, initial=before, top=ceilings())
    if request.method == "POST" and account and _start(request, team, seats, account, form):
        return _to(team.id)
    context = {
        "team": team,
        "seats": seats,
        "proposer": next((seat for seat in seats if seat.proposes), None),
        "accounts": accounts,
        "account": account,
        "permission": permission,
        "halted": account is not None and account.halt_state != HaltState.ACTIVE,
        "form": form,
        "section": "teams",
    }
    return render(request, "teams/start.html", context, status=422 if form.errors else 200)


def _start(
    request: HttpRequest, team: Team, seats: Sequence[Seat], account: Account, form: SessionForm
) -> bool:
    """Whether the session was started; the form says why not."""
    proposer = next((seat for seat in seats if seat.proposes), None)
    if not form.is_valid():
        return False
    if proposer is None:
        form.add_error(None, "The team has no agent that proposes; give it one first.")
    elif account.halt_state != HaltState.ACTIVE:
        form.add_error(None, f"{account.name} is {account.halt_state.lower()}; resume it first.")
    elif _limits_are_set(request, account, proposer, form):
        actor = actor_of(request)
        try:
            start_session(team=team, account=account, accepted_by=actor, at=CLOCK.now())
        except AlreadyTrading as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{team.name} trades {account.name} by itself from now on.")
    return form.is_valid()


def _limits_are_set(
    request: HttpRequest, account: Account, proposer: Seat, form: SessionForm
) -> bool:
    """Write the form's limits into the proposer's permission; whether that was allowed."""
    permission = Permission.objects.filter(account=account, agent_id=proposer.agent_id).first()
    limits = {name: form.cleaned_data[name] for name in StartLimitsForm.base_fields}
    if not _may_set(request, account, permission, limits, form):
        return False
    actor, at = actor_of(request), CLOCK.now()
    try:
        if permission is None:
            grant_permission(
                account=account,
                agent_id=proposer.agent_id,
                agent_name=proposer.name,
                limits=limits,
                actor=actor,
                at=at,
            )
        else:
            change_permission(
                permission_id=permission.id,
                limits=limits | {"active": True},
                actor=actor,
                at=at,
                version=permission.version,
            )
    except ValidationError as error:
        form.add_problems(error)
        return False
    return True


def _may_set(
    request: HttpRequest,
    account: Account,
    permission: Permission | None,
    limits: Mapping[str, object],
    form: SessionForm,
) -> bool:
    """Whether this person may; what a session switches on again counts as raised."""
    if permission is None and (problem := problem_with_granting(request=request, account=account)):
        form.add_error(None, problem)
        return False
    before = {"active": permission is None or permission.active, **_before(account, permission)}
    raised = raised_by(before=before, after={**limits, "active": True})
    if raised and (problem := problem_with(request=request, account=account)):
        for name in raised:
            form.add_error(name if name in form.fields else None, problem)
        return False
    return True


def _before(account: Account | None, permission: Permission | None) -> Mapping[str, object]:
    """The limits that are there, else those that a session starts with."""
    if permission is not None:
        return limits_of(permission=permission, names=StartLimitsForm.base_fields)
    return standard_limits(money=account.cash, ceilings=ceilings()) if account else {}


@access(Role.TRADER, owns="session", methods=WRITE)
def stop(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Stop automatic trading at once; what the team holds keeps its stops and targets."""
    found = TradingSession.objects.filter(id=session_id, team__owner_id=owner_of(request))
    session = found.select_related("team", "account").first()
    if session is None:
        raise Http404("You have no such session.")
    form = StopForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    by = person_of(request).get_username()
    stop_session(
        session=session,
        reason=reason or f"Stopped by {by}",
        actor=actor_of(request),
        at=CLOCK.now(),
    )
    messages.success(
        request,
        f"{session.team.name} no longer trades {session.account.name}."
        " What it holds keeps its stops and targets.",
    )
    return _to(session.team_id)


def _accounts(request: HttpRequest, team: Team) -> list[Account]:
    """The owner's accounts that the team does not trade at present."""
    open_sessions = TradingSession.objects.filter(team=team).exclude(state=SessionState.STOPPED)
    found = Account.objects.filter(owner_id=owner_of(request))
    free = found.exclude(id__in=open_sessions.values("account"))
    return list(free.order_by("created_at", "id"))


def _chosen(request: HttpRequest, accounts: Sequence[Account]) -> Account | None:
    """The account named by the form or the address, else the one looked at, else the first."""
    named = request.POST.get("account") or request.GET.get("account") or ""
    page = frame_of(request).page
    found = {str(account.id): account for account in accounts}
    if named:
        return found.get(named)
    return found.get(str(page.id) if page else "") or next(iter(accounts), None)


def _to(team_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("team", args=[team_id]), status=303)
