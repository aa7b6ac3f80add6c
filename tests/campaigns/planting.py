"""Bugs that are planted in a campaign's own processes, so that each is shown to be found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

from django.db import connection
from django.db.models import F

from trading.loop import steps
from trading.models import Account, Order
from trading.services import fills, orders, recovery, sending
from tradingfarm.kernel.money import ZERO


def _release_on_unknown() -> None:
    """Cash of an order in doubt is given back at once, and once more when it has ended."""
    mark = recovery._mark_unknown

    def marked(order_id: Any, **named: Any) -> None:
        mark(order_id, **named)
        order = Order.objects.get(id=order_id)
        Account.objects.filter(id=order.account_id).update(
            reserved=F("reserved") - order.reserved_cash
        )

    _replace(recovery, _mark_unknown=marked)


def _book_in_two_commits() -> None:
    """The order is moved in one commit, the position and the cash in another."""
    store_order = fills._store_order

    def stored(*arguments: Any, **named: Any) -> None:
        store_order(*arguments, **named)
        with connection.cursor() as cursor:
            cursor.execute("COMMIT")
            cursor.execute("BEGIN")

    _replace(fills, _store_order=stored)


def _keep_on_absence() -> None:
    """What was proved absent ends without giving back what it had reserved."""

    def ended(*, order: Order, **named: Any) -> None:
        order.reserved_cash = ZERO
        orders.end_order(order=order, **named)

    _replace(recovery, end_order=ended)


def _send_late() -> None:
    """Neither the sender nor its request knows of a deadline."""

    def send(*, claimed: sending.Claimed, exchange: Any, at: Any) -> Any:
        patient = replace(claimed.placing, deadline=claimed.placing.deadline + timedelta(hours=1))
        return exchange.place(patient)

    _replace(steps, send=send)


def _ignore_token() -> None:
    """Whoever stores an outcome is not asked whether the account is still its own."""
    lock = orders.lock_owned

    def locked(*, account_id: Any, token: int | None) -> Account:
        return lock(account_id=account_id, token=None)

    _replace(orders, lock_owned=locked)


def _replace(module: ModuleType, **functions: Callable[..., Any]) -> None:
    for name, function in functions.items():
        setattr(module, name, function)


PLANTS: dict[str, Callable[[], None]] = {
    "release": _release_on_unknown,
    "two-commits": _book_in_two_commits,
    "keep": _keep_on_absence,
    "late": _send_late,
    "token": _ignore_token,
}


def plant(name: str) -> None:
    """From now on this process has the bug of that name; none without a name."""
    if name:
        PLANTS[name]()
