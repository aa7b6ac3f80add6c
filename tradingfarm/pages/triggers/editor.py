"""Making and changing triggers: a form that shows what it makes while one types."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from market.models import Instrument
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame, frame_of
from tradingfarm.pages.triggers.drafts import fields_of, settings_of
from tradingfarm.pages.triggers.forms import TriggerForm
from tradingfarm.pages.triggers.page import trigger_named
from tradingfarm.pages.triggers.previews import preview_of
from tradingfarm.people.access import FORM, access, owner_of, person_of
from tradingfarm.people.models import Role, User
from triggers.models import Trigger
from triggers.services import InvalidTrigger, create_trigger, update_trigger

CLOCK = SystemClock()
ZONES = (
    *("America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "UTC"),
    *("Europe/London", "Europe/Berlin", "Europe/Zurich", "Asia/Kolkata", "Asia/Singapore"),
    *("Asia/Hong_Kong", "Asia/Tokyo", "Australia/Sydney"),
)
CRONS = (
    ("30 9 * * 1-5", "weekdays at 09:30"),
    ("45 15 * * 1-5", "weekdays at 15:45"),
    ("0 * * * *", "every full hour"),
    ("*/15 9-16 * * 1-5", "every quarter of an hour of the day, on weekdays"),
    ("0 8 * * MON", "Mondays at 08:00"),
    ("0 12 L * *", "the last day of the month at 12:00"),
)
PLAIN = ("type", "name", "team", "feed", "condition", "threshold", "against", "bars", "cron")


@access(Role.TRADER, methods=FORM)
def new(request: HttpRequest) -> HttpResponse:
    """A new trigger. The address may fill fields in: `?instrument=<id>`, `?type=time`, …"""
    frame = frame_of(request)
    if request.method == "POST":
        form = _form(request, data=request.POST)
        made = _made(form, request) if form.is_valid() else None
        if made is not None:
            return _saved(request, made, f"{made.name} watches from now on.")
    else:
        form = _form(request, initial=_defaults(frame) | _from_address(request.GET))
    return _page(request, form)


@access(Role.TRADER, owns="trigger", methods=FORM)
def edit(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Change a trigger. Owner, name and type stay; the engine follows within a step."""
    trigger = trigger_named(owner_id=owner_of(request), trigger_id=trigger_id)
    if request.method == "POST":
        form = _form(request, data=request.POST, trigger=trigger)
        changed = _changed(form, trigger, request) if form.is_valid() else None
        if changed is not None:
            return _saved(request, changed, f"{changed.name} is changed.")
    else:
        form = _form(request, initial=fields_of(trigger=trigger), trigger=trigger)
    return _page(request, form)


@access(Role.TRADER)
def fields(request: HttpRequest) -> HttpResponse:
    """The fields of what is chosen now, with all that was typed so far."""
    form = _form(request, initial=_typed(request.GET), trigger=_named(request))
    context = {"form": form, "zones": ZONES, "crons": CRONS}
    return render(request, "triggers/_fields.html", context)


@access(Role.TRADER)
def preview(request: HttpRequest) -> HttpResponse:
    """What the form would make, as a sentence, with when it fires or would have fired."""
    form = _form(request, data=request.GET, trigger=_named(request))
    shown = preview_of(form=form, now=CLOCK.now())
    return render(request, "triggers/_preview.html", {"preview": shown})


def _form(request: HttpRequest, **options: Any) -> TriggerForm:
    return TriggerForm(owner_id=owner_of(request), now=CLOCK.now(), **options)


def _named(request: HttpRequest) -> Trigger | None:
    """The trigger that is being changed, named by the form; None while a new one is made."""
    text = request.GET.get("trigger", "")
    try:
        key = UUID(text)
    except ValueError:
        return None
    return trigger_named(owner_id=owner_of(request), trigger_id=key)


def _defaults(frame: Frame) -> dict[str, Any]:
    """What a new trigger begins with: the account's feed and zone."""
    account = frame.page
    return {
        "type": "price",
        "enabled": True,
        "feed": account.feed_name if account else "",
        "condition": "falls",
        "against": "open",
        "time_zone": account.time_zone if account else "UTC",
        "missed": "skip",
        "max_executions_per_hour": 60,
        "min_interval_seconds": 0,
    }


def _typed(asked: QueryDict) -> dict[str, Any]:
    """What the fields hold now, as what they begin with: nothing is judged before it is sent."""
    return {name: asked.get(name, "") for name in TriggerForm.base_fields} | {
        "symbols": asked.getlist("symbols"),
        "enabled": "enabled" in asked,
    }


def _from_address(asked: QueryDict) -> dict[str, Any]:
    found: dict[str, Any] = {name: asked[name] for name in PLAIN if asked.get(name)}
    symbols = asked.getlist("symbols")
    try:
        key = UUID(asked.get("instrument", ""))
    except ValueError:
        return found | ({"symbols": symbols} if symbols else {})
    symbols += Instrument.objects.filter(id=key).values_list("symbol", flat=True)
    return found | {"symbols": symbols}


def _made(form: TriggerForm, request: HttpRequest) -> Trigger | None:
    values: Mapping[str, Any] = form.cleaned_data
    try:
        return create_trigger(
            owner=_owner(request),
            name=values["name"],
            type=values["type"],
            actor=actor_of(request),
            at=CLOCK.now(),
            **settings_of(fields=values),
        )
    except InvalidTrigger as refused:
        form.add_problems(refused.problems)
        return None


def _changed(form: TriggerForm, trigger: Trigger, request: HttpRequest) -> Trigger | None:
    try:
        return update_trigger(
            trigger_id=trigger.id,
            changes=settings_of(fields=form.cleaned_data),
            actor=actor_of(request),
            at=CLOCK.now(),
        )
    except InvalidTrigger as refused:
        form.add_problems(refused.problems)
        return None


def _owner(request: HttpRequest) -> User:
    person = person_of(request)
    return person.desk or person


def _saved(request: HttpRequest, trigger: Trigger, words: str) -> HttpResponse:
    messages.success(request, words)
    address = reverse("trigger", args=[trigger.id])
    return HttpResponse(status=303, headers={"Location": address})


def _page(request: HttpRequest, form: TriggerForm) -> HttpResponse:
    context = {
        "section": "triggers",
        "form": form,
        "trigger": form.trigger,
        "zones": ZONES,
        "crons": CRONS,
        "preview": preview_of(form=form, now=CLOCK.now()) if form.is_bound else None,
    }
    status = 422 if form.is_bound else 200
    return render(request, "triggers/editor.html", context, status=status)
