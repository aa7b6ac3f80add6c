"""The people of the farm: an operator invites them and decides what they may."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.access import FORM, WRITE, access, person_of
from tradingfarm.people.domain.links import LIFETIME
from tradingfarm.people.domain.refusals import Refusal
from tradingfarm.people.forms import InviteForm, StandingForm
from tradingfarm.people.models import Role, User
from tradingfarm.people.second_factor import ask_second_factor, needs_second_factor
from tradingfarm.people.selectors.people import newest_events, person_rows, row_of
from tradingfarm.people.selectors.sessions import open_sessions, session_rows
from tradingfarm.people.services.journaling import actor_of
from tradingfarm.people.services.links import make_link
from tradingfarm.people.services.people import (
    Invited,
    change_person,
    invite_person,
    switch_person,
)
from tradingfarm.people.services.second_factors import remove_second_factor
from tradingfarm.people.services.sessions import end_sessions

CLOCK = SystemClock()
PAGE_SIZE = 50
SEE_OTHER = 303
FIELDS = {
    Refusal.NAME_TAKEN: "name",
    Refusal.EMAIL_TAKEN: "email",
    Refusal.NO_SUCH_DESK: "desk",
    Refusal.DESK_IN_USE: "desk",
}


@access(Role.OPERATOR)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody on this farm, active ones first."""
    search = request.GET.get("q", "").strip().replace("\x00", "")
    found = Paginator(person_rows(now=CLOCK.now(), search=search), PAGE_SIZE)
    page = found.get_page(request.GET.get("page"))
    rows = [row_of(person) for person in page.object_list]
    return render(
        request, "people/list.html", {"page": page, "rows": rows, "q": search, "section": "people"}
    )


@access(Role.OPERATOR, methods=FORM)
@needs_second_factor
def invite(request: HttpRequest) -> HttpResponse:
    """Make an account and show the link with which its person sets a password: this once."""
    form = InviteForm(request.POST or None, initial={"role": Role.TRADER})
    if form.is_valid():
        operator = person_of(request)
        outcome = invite_person(
            name=form.cleaned_data["name"],
            standing=form.standing(),
            by=operator,
            actor=actor_of(operator),
            at=CLOCK.now(),
        )
        if isinstance(outcome, Invited):
            return _link_page(request, outcome.person, outcome.secret)
        form.add_error(FIELDS.get(outcome), outcome)
    return render(request, "people/invite.html", {"form": form, "section": "people"})


@access(Role.OPERATOR, owns="person", methods=FORM)
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One person: what an operator decides about them, their sessions, and what happened."""
    shown = _found(person_id)
    if request.method == "POST":
        return ask_second_factor(request, to="change a person") or _change(request, shown)
    return _person_page(request, shown, _standing_form(shown))


def _change(request: HttpRequest, shown: User) -> HttpResponse:
    form = StandingForm(request.POST, person=shown)
    if form.is_valid():
        operator = person_of(request)
        refusal = change_person(
            person_id=shown.pk,
            standing=form.standing(),
            by=operator,
            actor=actor_of(operator),
            at=CLOCK.now(),
        )
        if refusal is None:
            messages.success(request, f"{shown.username} is changed. It holds from now on.")
            return _back(shown)
        form.add_error(FIELDS.get(refusal), refusal)
    return _person_page(request, shown, form)


@access(Role.OPERATOR, owns="person", methods=WRITE)
@needs_second_factor
def new_link(request: HttpRequest, person_id: int) -> HttpResponse:
    """Another password link, shown this once; earlier ones stop working."""
    shown = _found(person_id)
    if not shown.is_active:
        messages.error(request, f"{shown.username} is switched off. Switch them on first.")
        return _back(shown)
    secret = make_link(person=shown, actor=actor_of(person_of(request)), at=CLOCK.now())
    return _link_page(request, shown, secret)


@access(Role.OPERATOR, owns="person", methods=WRITE)
@needs_second_factor
def switch(request: HttpRequest, person_id: int) -> HttpResponse:
    """Let a person in no more, or again."""
    shown, operator = _found(person_id), person_of(request)
    active = request.POST.get("active") == "yes"
    refusal = switch_person(
        person_id=shown.pk,
        active=active,
        by=operator,
        actor=actor_of(operator),
        at=CLOCK.now(),
    )
    if refusal:
        messages.error(request, refusal)
    elif active:
        messages.success(request, f"{shown.username} can sign in again.")
    else:
        messages.success(request, f"{shown.username} is switched off and signed out everywhere.")
    return _back(shown)


@access(Role.OPERATOR, owns="person", methods=WRITE)
@needs_second_factor
def forget_second_factor(request: HttpRequest, person_id: int) -> HttpResponse:
    """For somebody who has lost the app and the codes."""
    shown = _found(person_id)
    actor = actor_of(person_of(request))
    if remove_second_factor(person=shown, actor=actor, at=CLOCK.now()):
        messages.success(
            request, f"{shown.username} signs in with the password alone and can set up a new one."
        )
    else:
        messages.info(request, f"{shown.username} has no second factor.")
    return _back(shown)


@access(Role.OPERATOR, owns="person", methods=WRITE)
def end_all_sessions(request: HttpRequest, person_id: int) -> HttpResponse:
    """Sign a person out everywhere. In a hurry, so it asks for nothing more."""
    shown, at = _found(person_id), CLOCK.now()
    ended = end_sessions(
        person=shown,
        sessions=open_sessions(person_id=shown.pk, now=at),
        actor=actor_of(person_of(request)),
        at=at,
    )
    messages.success(
        request, f"{shown.username} is signed out: {ended} session{'s' * (ended != 1)} ended."
    )
    return _back(shown)


def _found(person_id: int) -> User:
    found = person_rows(now=CLOCK.now()).filter(pk=person_id).first()
    if found is None:
        raise Http404("There is no such person.")
    return found


def _standing_form(shown: User) -> StandingForm:
    known = {"role": shown.role, "desk": shown.desk_id, "email": shown.email}
    return StandingForm(initial=known, person=shown)


def _person_page(request: HttpRequest, shown: User, form: StandingForm) -> HttpResponse:
    parts = {
        "person": row_of(shown),
        "form": form,
        "is_oneself": shown.pk == person_of(request).pk,
        "sessions": session_rows(
            person_id=shown.pk, this_one=request.session.session_key, now=CLOCK.now()
        ),
        "events": newest_events(person_id=shown.pk),
        "section": "people",
    }
    return render(request, "people/person.html", parts)


def _link_page(request: HttpRequest, shown: User, secret: str) -> HttpResponse:
    """The answer itself shows the secret: kept for a further page, it would lie somewhere."""
    address = request.build_absolute_uri(reverse("password-link", args=[secret]))
    parts = {"person": shown, "address": address, "days": LIFETIME.days, "section": "people"}
    return render(request, "people/link.html", parts)


def _back(shown: User) -> HttpResponse:
    return HttpResponseRedirect(reverse("person", args=[shown.pk]), status=SEE_OTHER)
