"""A farm whose proposer has to ask, and what people do on its risk page."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tests.pages import told
from tests.pages.farms import Farm
from tests.pages.guards import asked_for
from trading.models import Breaker, Confirmation, Permission

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/somewhere/?a=1"}


def careful(farm: Farm) -> Farm:
    """Open markets, and a proposer who has to ask above a thousand."""
    told.prepare(farm)
    Permission.objects.update(confirm_above=1_000, max_order_value=100_000, max_allocation_pct=100)
    return farm


def address(farm: Farm) -> str:
    return reverse("account-risk", args=[farm.account.id])


def waiting(farm: Farm, **changes: Any) -> Confirmation:
    """An order that the gate itself let wait."""
    verdict = asked_for(farm, **changes)
    assert verdict.confirmation_id is not None
    return Confirmation.objects.get(id=verdict.confirmation_id)


def confirm(client: Client, asked: Confirmation, **extra: Any) -> Any:
    return client.post(reverse("confirmation", args=[asked.id]), **extra)


def refuse(client: Client, asked: Confirmation, reason: str = "") -> Any:
    return client.post(reverse("confirmation-refuse", args=[asked.id]), {"reason": reason})


def release(client: Client, breaker: Breaker, reason: str = "I looked at it") -> Any:
    return client.post(reverse("breaker-release", args=[breaker.id]), {"reason": reason})
