"""Changing what an agent may do on an account, and granting it in the first place."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents.domain.states import AgentStatus
from agents.models import Agent
from trading.domain.allowances import standard_limits
from trading.domain.states import RiskLevel, WhenTainted
from trading.models import Account, Permission
from trading.selectors.ceilings import ceilings
from trading.services.accounts import change_permission, grant_permission
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.permissions.forms import PermissionForm, limits_of
from tradingfarm.pages.permissions.limits import (
    LimitRow,
    PermissionPage,
    permission_pages,
    scale,
)
from tradingfarm.pages.permissions.raising import (
    NEEDS_OPERATOR,
    may_raise,
    problem_with,
    problem_with_granting,
    raised_by,
)
from tradingfarm.people.access import FORM, access, owner_of, person_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
UNSET: Mapping[str, object] = {
    "active": True,
    "allowed_symbols": [],
    "blocked_symbols": [],
    "allowed_strategies": [],
    "agent_allocation_pct": None,
    "agent_allocation_value": None,
    "risk_level": RiskLevel.HIGH.value,
    "min_seconds_between_entries": 0,
    "when_tainted": WhenTainted.ALLOW.value,
    "max_tainted_value": None,
}
"""What a permission has where its standard limits name nothing."""


@access(Role.TRADER, owns="permission", methods=FORM)
def edit(request: HttpRequest, permission_id: UUID) -> HttpResponse:
    """Every limit with its ceiling and today's use; above a ceiling it is refused beside it."""
    permission = _permission(request, permission_id)
    agent = Agent.objects.filter(id=permission.agent_id).first()
    frame_of(request, account_id=permission.account_id)
    before = limits_of(permission=permission, names=PermissionForm.base_fields)
    kept = _kept(request, permission)
    form = PermissionForm(
        request.POST or kept,
        initial=before,
        top=ceilings(),
        currency=permission.account.base_currency,
    )
    if request.method == "POST" and (answer := _change(request, permission, form, before)):
        return answer
    [page] = permission_pages(permissions=[permission])
    context = {
        "form": form,
        "permission": permission,
        "agent": agent,
        "rows": _rows(form, page),
        "page": page,
        "currency": permission.account.base_currency,
        "is_kept": kept is not None,
        "section": "agents",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "permissions/edit.html", context, status=status)


def _kept(request: HttpRequest, permission: Permission) -> Mapping[str, str] | None:
    """What was typed before the person went to prove a second factor."""
    kept = request.session.pop(f"limits:{permission.id}", None)
    return kept if isinstance(kept, dict) and request.method != "POST" else None


def _change(
    request: HttpRequest,
    permission: Permission,
    form: PermissionForm,
    before: Mapping[str, object],
) -> HttpResponse | None:
    """Where to go on when the limits were changed, or when raising them takes a second factor
    first: what was typed is then kept. None when the form says what is wrong."""
    if not form.is_valid():
        return None
    after = {name: value for name, value in form.cleaned_data.items() if value != before.get(name)}
    if raised := raised_by(before=before, after=after):
        if not may_raise(person=person_of(request), account=permission.account):
            _refuse(form, raised, NEEDS_OPERATOR)
            return None
        if elsewhere := ask_second_factor(request, to="raise a limit"):
            request.session[f"limits:{permission.id}"] = request.POST.dict()
            return elsewhere
    return _store(request, permission, form, after)


def _store(
    request: HttpRequest,
    permission: Permission,
    form: PermissionForm,
    after: Mapping[str, object],
) -> HttpResponse | None:
    try:
        changed = change_permission(
            permission_id=permission.id,
            limits=after,
            actor=actor_of(request),
            at=CLOCK.now(),
            version=permission.version,
        )
    except ValidationError as error:
        form.add_problems(error)
        return None
    said = f"What {permission.agent_name} may do on {permission.account.name}"
    if changed.version == permission.version:
        messages.info(request, f"{said} is as it was.")
    else:
        messages.success(request, f"{said} has changed; it counts from the next order on.")
    return HttpResponseRedirect(_limits_of(permission.agent_id), status=303)


def _refuse(form: PermissionForm, names: Iterable[str], problem: str) -> None:
    """Say beside each of the fields what stops them."""
    for name in names:
        form.add_error(name, problem)


@access(Role.TRADER, owns="agent", methods=FORM)
def grant(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Let an agent trade on an account where it has no permission yet."""
    agent = Agent.objects.filter(id=agent_id, owner_id=owner_of(request)).first()
    if agent is None:
        raise Http404("You have no such agent.")
    free = _accounts_without(agent)
    chosen = _chosen(request, free)
    top = ceilings()
    before = standard_limits(money=chosen.cash, ceilings=top) if chosen else {}
    before = {**UNSET, **before}
    form = PermissionForm(request.POST or None, initial=before, top=top)
    if request.method == "POST" and chosen and _grant(request, agent, chosen, form, before):
        return HttpResponseRedirect(_limits_of(agent.id), status=303)
    context = {
        "form": form,
        "agent": agent,
        "accounts": free,
        "chosen": chosen,
        "rows": [row | {"use": None} for row in form.limit_fields],
        "scale": scale(),
        "currency": chosen.base_currency if chosen else "",
        "section": "agents",
        "is_archived": agent.status == AgentStatus.ARCHIVED,
    }
    return render(request, "permissions/grant.html", context, status=422 if form.errors else 200)


def _grant(
    request: HttpRequest,
    agent: Agent,
    account: Account,
    form: PermissionForm,
    standard: Mapping[str, object],
) -> bool:
    """Whether it was granted. More than the standard limits takes what raising a limit takes."""
    if not form.is_valid():
        return False
    if problem := problem_with_granting(request=request, account=account):
        form.add_error(None, problem)
        return False
    raised = raised_by(before=standard, after=form.cleaned_data)
    if raised and (problem := problem_with(request=request, account=account)):
        _refuse(form, raised, problem)
        return False
    try:
        grant_permission(
            account=account,
            agent_id=agent.id,
            agent_name=agent.name,
            limits=form.cleaned_data,
            actor=actor_of(request),
            at=CLOCK.now(),
        )
    except ValidationError as error:
        form.add_problems(error)
        return False
    messages.success(request, f"{agent.name} may trade on {account.name}, within these limits.")
    return True


def _accounts_without(agent: Agent) -> list[Account]:
    granted = Permission.objects.filter(agent_id=agent.id).values("account")
    accounts = Account.objects.filter(owner=agent.owner_id).exclude(id__in=granted)
    return list(accounts.order_by("created_at", "id"))


def _chosen(request: HttpRequest, accounts: list[Account]) -> Account | None:
    """The account that the address or the form names, else the first; None without any."""
    named = request.POST.get("account") or request.GET.get("account") or ""
    found = {str(account.id): account for account in accounts}
    return found.get(named) or (None if named else next(iter(accounts), None))


def _permission(request: HttpRequest, permission_id: UUID) -> Permission:
    found = Permission.objects.filter(id=permission_id, account__owner_id=owner_of(request))
    permission = found.select_related("account").first()
    if permission is None:
        raise Http404("You have no such permission.")
    return permission


def _rows(form: PermissionForm, page: PermissionPage) -> list[dict[str, object]]:
    known: dict[str, LimitRow] = {row.name: row for row in page.rows}
    rows = form.limit_fields
    names = [name for name in form.fields if name in known]
    return [row | {"limit": known[name]} for row, name in zip(rows, names, strict=True)]


def _limits_of(agent_id: UUID) -> str:
    return f"{reverse('agent', args=[agent_id])}?tab=limits"
