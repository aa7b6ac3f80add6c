"""What a farm bought, and the pages that tell of it."""

from django.test import Client
from django.urls import reverse

from tests.pages.farms import Farm
from trading.domain.states import Side
from trading.models import Order


def bought() -> Order:
    return Order.objects.get(side=Side.BUY)


def address_of(farm: Farm, symbol: str = "AAPL") -> str:
    """The page of what the farm's account holds of the symbol."""
    position = reverse("position", args=[farm.instruments[symbol].id])
    return f"{position}?account={farm.account.id}"


def markup(trader: Client, address: str) -> str:
    answer = trader.get(address)
    assert answer.status_code == 200
    return answer.content.decode()
