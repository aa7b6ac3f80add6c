"""Changing an order that rests: what is to be different, and having it replaced."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from trading.models import Order
from trading.services.amending import Amendment, CannotAmend, amend_order
from trading.services.canceling import AT_REST
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.money import floor_to_step, plain
from tradingfarm.pages.answers import go, opened_at
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
PRICES = {"limit_price": "Limit price", "stop_price": "Stop price"}
REPLACED = (
    "The exchange is asked to cancel it; then a new order takes its place, through the gate, for"
    " what it has not filled."
)


def _amount(label: str) -> forms.DecimalField:
    """What the person saw travels along, so that only what they changed is changed."""
    return forms.DecimalField(
        label=label, max_digits=38, decimal_places=18, show_hidden_initial=True
    )


class ChangeForm(FarmForm):
    """An order's quantity and those of its prices that it has."""

    quantity = _amount("Quantity, the filled part with it")
    limit_price = _amount("Limit price")
    stop_price = _amount("Stop price")

    def __init__(self, *args: Any, order: Order) -> None:
        kept = {name: getattr(order, name) for name in PRICES}
        values = {"quantity": order.quantity} | kept
        shown = {name: plain(value) for name, value in values.items() if value is not None}
        super().__init__(*args, initial=shown)
        self.order = order
        for name in set(PRICES) - set(shown):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        instrument = self.order.instrument
        for name, value in list(values.items()):
            step = instrument.lot_size if name == "quantity" else instrument.tick_size
            if isinstance(value, Decimal) and (value <= 0 or floor_to_step(value, step) != value):
                self.add_error(name, f"Above zero, in steps of {plain(step)}.")
        return values

    @property
    def amendment(self) -> Amendment:
        """What the person made different."""
        return Amendment(**{name: self.cleaned_data[name] for name in self.changed_data})


@access(Role.TRADER, owns="order", methods=FORM)
def change(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Have an order that rests canceled and replaced by one with another size or price."""
    order = _order(request, order_id)
    frame_of(request, account_id=order.account_id)
    form = ChangeForm(request.POST if request.method == "POST" else None, order=order)
    if request.method != "POST" or not form.is_valid():
        return _ask(request, order, form)
    try:
        amend_order(
            order_id=order.id,
            amendment=form.amendment,
            requested_by=actor_of(request),
            at=CLOCK.now(),
        )
    except CannotAmend as problem:
        return _ask(request, _order(request, order_id), form, problems=[problem.message])
    except OperationalError:
        return _ask(request, order, form, problems=[BUSY])
    messages.success(request, REPLACED)
    return go(request, opened_at(request) or reverse("order", args=[order.id]))


def _ask(
    request: HttpRequest, order: Order, form: ChangeForm, *, problems: Sequence[str] = ()
) -> HttpResponse:
    return ask(
        request,
        title=f"Change {order.side} {plain(order.quantity)} {order.instrument.symbol}",
        fragment="closing/_change.html",
        account=order.account,
        context={
            "order": order,
            "instrument": order.instrument,
            "rests": order.state in AT_REST,
            "form": form,
            "problems": problems,
            "back": opened_at(request) or reverse("order", args=[order.id]),
        },
    )


def _order(request: HttpRequest, order_id: UUID) -> Order:
    """Raises Http404 for an order of nobody, or of somebody else."""
    orders = Order.objects.select_related("account", "instrument", "permission")
    order = orders.filter(id=order_id, account__owner_id=owner_of(request)).first()
    if order is None:
        raise Http404("There is no such order.")
    return order
