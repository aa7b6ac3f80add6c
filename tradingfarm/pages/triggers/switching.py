"""The switch of a trigger, in the list and on its page."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.triggers.page import trigger_named
from tradingfarm.people.access import WRITE, access, owner_of
from tradingfarm.people.models import Role
from triggers.services import InvalidTrigger, disable_trigger, enable_trigger

CLOCK = SystemClock()


@access(Role.TRADER, owns="trigger", methods=WRITE)
def switch(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Turn a trigger on or off by `enabled`, "1" or "0": the switch for htmx, else back."""
    trigger = trigger_named(owner_id=owner_of(request), trigger_id=trigger_id)
    turn = enable_trigger if request.POST.get("enabled") == "1" else disable_trigger
    try:
        trigger = turn(trigger_id=trigger.id, actor=actor_of(request), at=CLOCK.now())
    except InvalidTrigger as problem:
        # Such as one whose symbols lost their prices meanwhile: it stays as it was.
        messages.error(request, f"{trigger.name} was not changed. {problem.message}")
        return _back(request, trigger_id)
    if request.headers.get("HX-Request"):
        return render(request, "triggers/_switch.html", {"trigger": trigger, "may_trade": True})
    messages.success(request, f"{trigger.name} is {'on' if trigger.enabled else 'off'}.")
    return _back(request, trigger_id)


def _back(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """Where the person came from on this farm, else the trigger's page."""
    asked = request.POST.get("next", "")
    is_here = url_has_allowed_host_and_scheme(asked, allowed_hosts=None) and asked[:1] == "/"
    address = asked if is_here else reverse("trigger", args=[trigger_id])
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponse(status=303, headers={"Location": address})
