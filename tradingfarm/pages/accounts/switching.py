"""The switches of a paper account's exchange."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from trading.models import Account
from trading.services.paper_switches import NotPaper, PaperSwitch, switch_paper
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import go
from tradingfarm.pages.dialogs import BUSY
from tradingfarm.pages.stopping.resumption import may_resume
from tradingfarm.people.access import WRITE, access, owner_of, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
SAID = {
    (PaperSwitch.REJECTS, True): "The paper exchange refuses every new order from now on.",
    (PaperSwitch.REJECTS, False): "The paper exchange takes orders again.",
    (PaperSwitch.OUTAGE, True): "The paper exchange does not answer any more.",
    (PaperSwitch.OUTAGE, False): "The paper exchange answers again.",
}


@access(Role.TRADER, owns="account", methods=WRITE)
def switch(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Turn the `switch` of a paper account `on`, "1" or "0"."""
    account = Account.objects.filter(id=account_id, owner_id=owner_of(request)).first()
    if account is None:
        raise Http404("You have no such account.")
    if not may_resume(person=person_of(request), account=account):
        raise PermissionDenied("The switches of this account are its owner's and an operator's.")
    chosen, on = _asked(request), request.POST.get("on") == "1"
    if chosen is not None:
        _switch(request, account, chosen, on=on)
    return go(request, f"{reverse('account-settings', args=[account_id])}#assumptions")


def _asked(request: HttpRequest) -> PaperSwitch | None:
    named = request.POST.get("switch", "")
    if named not in set(PaperSwitch):
        messages.error(request, "Nothing was switched: the form does not name a switch.")
        return None
    return PaperSwitch(named)


def _switch(request: HttpRequest, account: Account, chosen: PaperSwitch, *, on: bool) -> None:
    try:
        switched = switch_paper(
            account_id=account.id,
            switch=chosen,
            on=on,
            actor=actor_of(request),
            at=CLOCK.now(),
        )
    except NotPaper as problem:
        messages.error(request, problem.message)
    except OperationalError:
        messages.error(request, BUSY)
    else:
        said = SAID[chosen, on] if switched else "It stood so already; nothing has changed."
        messages.add_message(request, messages.SUCCESS if switched else messages.INFO, said)
