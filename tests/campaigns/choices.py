"""Whether what an emergency stop left is what was chosen: pure functions over rows."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from tests.campaigns.judge import (
    Breach,
    Kind,
    doubled,
    foreign,
    leaked,
    lost,
    misbooked,
    not_flat,
    not_rebuilt,
    stuck,
)
from tests.campaigns.rows import PaperOrder, Tables
from trading.domain.states import StopMode

NOT_KEPT = "not_kept"


def judge_choice(
    tables: Tables, mode: StopMode, *, resting: Collection[str], unprotected: Iterable[str]
) -> list[Breach]:
    """Everything that is wrong with an account that has come to rest after a stop.

    `resting` are the client ids of orders that cannot fill by themselves; `unprotected` names
    shares that are held without an armed stop, though every entry had one.
    """
    rules = (lost, foreign, doubled, misbooked, not_rebuilt, leaked)
    breaches = [breach for rule in rules for breach in rule(tables)]
    if mode is StopMode.KEEP:
        breaches += stuck(_without(tables, resting))
        breaches += _gone(tables.paper_orders, resting)
    else:
        breaches += stuck(tables)
    if mode is StopMode.FLATTEN:
        return breaches + list(not_flat(tables))
    return breaches + list(_not_kept(tables, unprotected))


def _without(tables: Tables, names: Collection[str]) -> Tables:
    return replace(
        tables,
        orders=[order for order in tables.orders if order.client_order_id not in names],
        paper_orders=[o for o in tables.paper_orders if o.client_order_id not in names],
    )


def _gone(orders: Iterable[PaperOrder], resting: Collection[str]) -> Iterator[Breach]:
    states = {order.client_order_id: order.state for order in orders}
    for name in resting:
        if states.get(name) != "OPEN":
            yield Breach(NOT_KEPT, f"{name} was to be kept and is {states.get(name)}")


def _not_kept(tables: Tables, unprotected: Iterable[str]) -> Iterator[Breach]:
    if not any(lot.quantity for lot in tables.positions.values()):
        yield Breach(NOT_KEPT, "No position is left, though they were to stay.")
    for share in unprotected:
        yield Breach(NOT_KEPT, f"{share} is held without its stop")


def liquidations(tables: Tables, run: str) -> Iterator[Breach]:
    """Sales of a stop that was not to sell."""
    for order in tables.orders:
        if order.intent_key.startswith(f"stop:{run}:"):
            yield Breach(Kind.SENT_AFTER_HALT, f"{order.client_order_id} sold for a {run} stop")
