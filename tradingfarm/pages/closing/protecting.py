"""Moving and ending what protects one part of a position, by hand."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from market.models import Quote
from market.selectors.clocks import market_time
from trading.domain.states import ProtectionKind
from trading.models import PositionShare, Protection
from trading.services.adjusting import Change, adjust, cancel_protection
from trading.services.arming import WORKING
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.money import plain
from tradingfarm.pages.answers import go, opened_at
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.orders.spans import span_words
from tradingfarm.pages.orders.words import KIND_WORDS
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
BEYOND = 2**63
"""Larger than any share's id; the database would refuse to look for it."""
FIELDS: Mapping[str, ProtectionKind] = {
    "stop_loss": ProtectionKind.STOP_LOSS,
    "take_profit": ProtectionKind.TAKE_PROFIT,
    "trailing_pct": ProtectionKind.TRAILING_STOP,
}


def _amount(label: str, help_text: str) -> forms.DecimalField:
    """What the person saw travels along, so that only what they changed is changed."""
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        required=False,
        max_digits=38,
        decimal_places=18,
        show_hidden_initial=True,
    )


class ProtectionForm(FarmForm):
    """What protects a share. An empty field is a protection that is not, or is to end."""

    stop_loss = _amount("Stop-loss", "Sells when the bid falls to it.")
    trailing_pct = _amount("Trailing stop", "Percent below the highest price; it only rises.")
    take_profit = _amount("Take-profit", "Sells when the ask rises to it.")
    end_time_exit = forms.BooleanField(required=False, label="End the time exit")

    def __init__(self, *args: Any, working: Sequence[Protection]) -> None:
        self.working = {ProtectionKind(each.kind): each for each in working}
        super().__init__(*args, initial=self._shown())
        if ProtectionKind.TIME_EXIT not in self.working:
            del self.fields["end_time_exit"]

    def _shown(self) -> dict[str, str]:
        found = {}
        for name, kind in FIELDS.items():
            protection = self.working.get(kind)
            number = _number(protection) if protection else None
            if number is not None:
                found[name] = plain(number)
        return found

    @property
    def wanted(self) -> dict[str, Decimal]:
        """New numbers by the names that the service has for them."""
        changed = {name: self.cleaned_data[name] for name in self._changed()}
        return {name: value for name, value in changed.items() if value is not None}

    @property
    def ended(self) -> list[Protection]:
        """What the person emptied or ticked."""
        emptied = [FIELDS[name] for name in self._changed() if self.cleaned_data[name] is None]
        if self.cleaned_data.get("end_time_exit"):
            emptied.append(ProtectionKind.TIME_EXIT)
        return [self.working[kind] for kind in emptied if kind in self.working]

    def _changed(self) -> list[str]:
        return [name for name in self.changed_data if name in FIELDS]


def _number(protection: Protection) -> Decimal | None:
    """What a person sets of it: the percent of a trailing stop, else its price."""
    is_trail = protection.kind == ProtectionKind.TRAILING_STOP
    number: Decimal | None = protection.trailing_pct if is_trail else protection.price
    return number


@access(Role.TRADER, owns="share", methods=FORM)
def protect(request: HttpRequest, share_id: int) -> HttpResponse:
    """Set, move or end the stop-loss, take-profit and trailing stop of one part of a position."""
    share = _share(request, share_id)
    account = share.position.account
    frame_of(request, account_id=account.id)
    form = ProtectionForm(
        request.POST if request.method == "POST" else None, working=_working(share)
    )
    if request.method != "POST" or not form.is_valid():
        return _ask(request, share, form)
    if not form.wanted and not form.ended:
        return _ask(request, share, form, problems=["Nothing is different: change a number."])
    at = CLOCK.now()
    now = market_time(feed_name=account.feed_id, at=at)
    try:
        changes = _carry_out(request, share, form, now=now, at=at)
    except OperationalError:
        return _ask(request, share, form, problems=[BUSY])
    return _tell(request, share, form, changes)


def _carry_out(
    request: HttpRequest,
    share: PositionShare,
    form: ProtectionForm,
    *,
    now: datetime,
    at: datetime,
) -> list[Change]:
    """New numbers first, so that a stop that is demanded can give way to another one."""
    actor, wanted = actor_of(request), form.wanted
    changes: list[Change] = []
    if wanted:
        changes += adjust(
            share_id=share.id,
            stop_loss=wanted.get("stop_loss"),
            take_profit=wanted.get("take_profit"),
            trailing_pct=wanted.get("trailing_pct"),
            actor=actor,
            by_person=True,
            now=now,
            at=at,
        )
    for protection in form.ended:
        changes.append(cancel_protection(protection_id=protection.id, actor=actor, now=now, at=at))
    return changes


def _tell(
    request: HttpRequest, share: PositionShare, form: ProtectionForm, changes: Sequence[Change]
) -> HttpResponse:
    done = [_done(change) for change in changes if change.accepted]
    refused = [change for change in changes if not change.accepted]
    if not refused:
        messages.success(request, " ".join(done))
        return go(request, _back(request, share))
    fields = {kind: name for name, kind in FIELDS.items()}
    for change in refused:
        name = fields.get(change.kind, "end_time_exit")
        form.add_error(name if name in form.fields else None, change.reason)
    return _ask(request, _again(share), form, done=done)


def _done(change: Change) -> str:
    name = KIND_WORDS[change.kind]
    if change.after is None:
        return f"{name}: ended."
    return f"{name}: works at {plain(change.after)}."


def _ask(
    request: HttpRequest,
    share: PositionShare,
    form: ProtectionForm,
    *,
    problems: Sequence[str] = (),
    done: Sequence[str] = (),
) -> HttpResponse:
    position, permission = share.position, share.permission
    quotes = Quote.objects.filter(feed=position.account.feed_id, instrument=position.instrument_id)
    owner = permission.agent_name if permission else "yourself"
    return ask(
        request,
        title=f"Protect {position.instrument.symbol} of {owner}",
        fragment="closing/_protect.html",
        account=position.account,
        context={
            "share": share,
            "instrument": position.instrument,
            "is_held": share.quantity > 0,
            "stop_required": bool(permission and permission.stop_required),
            "quote": quotes.first(),
            "working": form.working,
            "time_exit": form.working.get(ProtectionKind.TIME_EXIT),
            "bare_for": _bare_for(share),
            "form": form,
            "problems": problems,
            "done": done,
            "back": _back(request, share),
        },
    )


def _bare_for(share: PositionShare) -> str:
    since = share.unprotected_since
    return span_words(CLOCK.now() - since) if since else ""


def _back(request: HttpRequest, share: PositionShare) -> str:
    position = share.position
    page = reverse("position", args=[position.instrument_id])
    return opened_at(request) or f"{page}?account={position.account_id}"


def _working(share: PositionShare) -> list[Protection]:
    found: Iterable[Protection] = Protection.objects.filter(share=share, state__in=WORKING)
    return list(found)


def _again(share: PositionShare) -> PositionShare:
    """The share as it is after a part of what was asked for was done."""
    return _shares().get(id=share.id)


def _share(request: HttpRequest, share_id: int) -> PositionShare:
    """Raises Http404 for a share of nobody, or of somebody else."""
    mine = _shares().filter(position__account__owner_id=owner_of(request))
    share = mine.filter(id=share_id).first() if share_id < BEYOND else None
    if share is None:
        raise Http404("There is no such part of a position.")
    return share


def _shares() -> QuerySet[PositionShare]:
    return PositionShare.objects.select_related(
        "position__account", "position__instrument", "permission"
    )
