"""The first run: one page, one form, and a farm of one's own."""

import secrets
from collections.abc import Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents.domain.templates import TEMPLATES, template_named
from agents.worlds import default_mind
from market.models import Feed
from trading.models import Account
from trading.selectors.ceilings import ceilings
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.permissions.raising import problem_with, raised_by
from tradingfarm.pages.start.composing import Beginning, begin
from tradingfarm.pages.start.feeds import FeedChoice, feed_choices
from tradingfarm.pages.start.forms import FIELD_OF, StartForm, first_values
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role, User
from triggers.services.triggers import InvalidTrigger

CLOCK = SystemClock()
NAMESPACE = uuid5(NAMESPACE_URL, "urn:tradingfarm:start")


@access(Role.TRADER, methods=FORM)
def start(request: HttpRequest) -> HttpResponse:
    """Account, team, limits, triggers and session at once; then the dashboard of the account."""
    feeds = feed_choices()
    form = _form(request, feeds)
    if request.method == "POST" and form.is_valid() and _may(request, form):
        account = _begin(request, form)
        if account is not None:
            messages.success(
                request,
                f"{account.name} is open and its team trades it. The first decision comes with the"
                " next trigger.",
            )
            return HttpResponseRedirect(reverse("account", args=[account.id]), status=303)
    context = {
        "form": form,
        "feeds": feeds,
        "templates": TEMPLATES,
        "mind": default_mind(),
        "is_first": not Account.objects.filter(owner=owner_of(request)).exists(),
        "section": "dashboard",
    }
    return render(request, "start/start.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, feeds: Sequence[FeedChoice]) -> StartForm:
    owner = owner_of(request)
    count = Account.objects.filter(owner=owner).count()
    return StartForm(
        request.POST or None,
        owner_id=owner,
        account_id=_account_id(owner, request.POST.get("request", "")),
        feeds=feeds,
        top=ceilings(),
        initial=first_values(
            request=secrets.token_urlsafe(12),
            name="Paper" if count == 0 else f"Paper {count + 1}",
            feed=feeds[0].name if feeds else "",
        ),
    )


def _may(request: HttpRequest, form: StartForm) -> bool:
    """More than the standard limits takes what raising a limit takes."""
    raised = raised_by(before=form.standard(), after=form.limits)
    problem = problem_with(request=request, account=None) if raised else ""
    if not problem:
        return True
    for name in sorted({FIELD_OF.get(name, name) for name in raised}):
        form.add_error(name, problem)
    return False


def _begin(request: HttpRequest, form: StartForm) -> Account | None:
    """The account, or None with the form saying why not."""
    owner, values = owner_of(request), form.cleaned_data
    provider, model = default_mind()
    account_id = _account_id(owner, values["request"])
    beginning = Beginning(
        account_id=account_id,
        owner=User.objects.get(id=owner),
        name=values["name"],
        feed=Feed.objects.get(name=values["feed"]),
        deposit=values["deposit"],
        time_zone=values["time_zone"],
        seed=account_id.int % 2**31,
        actor=actor_of(request),
        template=template_named(values["template"]),
        limits=form.limits,
        suffix=f" ({values['name']})",
        provider=provider,
        model=model,
    )
    try:
        return begin(beginning=beginning, at=CLOCK.now())
    except IntegrityError:
        # The form was sent twice at once: the other one makes what this one found missing.
        known = Account.objects.filter(id=account_id).first()
        if known is None:
            raise
        return known
    except ValidationError as error:
        form.add_problems(error)
    except InvalidTrigger as error:
        form.add_error(None, f"The account is open, but: {error.message} Send the form again.")
    return None


def _account_id(owner_id: int, request: str) -> UUID:
    """The account of one wish of a person: the same, however often its form is sent."""
    return uuid5(NAMESPACE, f"{owner_id}:{request}")
