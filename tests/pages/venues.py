"""A venue that answers as it is told, and the form that connects it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from trading.models import Account
from trading.services.live import Connection

KEY, SECRET = "the-key-that-nobody-reads", "the-secret-that-nobody-reads"


class Asked(list[dict[str, Any]]):
    """What a venue was asked with; answers with `found`, or raises it."""

    found: Connection | Exception

    def __call__(self, **values: Any) -> Connection:
        self.append(values)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def connection(**changes: Any) -> Connection:
    values: dict[str, Any] = {
        "exchange": "kraken",
        "sandbox": False,
        "base_url": "",
        "balances": {"USDT": Decimal("2500.5"), "BTC": Decimal("0.25"), "ETH": Decimal(0)},
        "clock_offset": timedelta(milliseconds=38),
        "can_withdraw": False,
    }
    return Connection(**values | changes)


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "venue": "kraken",
        "name": "Kraken",
        "base_currency": "usdt",
        "time_zone": "UTC",
        "feed": "new",
        "api_key": KEY,
        "secret": SECRET,
        "password": "",
        "wallet": "",
        "request": "request-1",
        "open": "1",
    } | changes


def connect(client: Client, **changes: Any) -> Any:
    fields = {name: value for name, value in typed(**changes).items() if value is not None}
    headers = fields.pop("headers", None)
    return client.post(reverse("account-connect"), fields, headers=headers)


def opened() -> Account | None:
    return Account.objects.filter(kind="live").first()
