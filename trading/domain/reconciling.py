"""Whether our book and the exchange's agree, and what at the exchange is not ours."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading.domain.exchange import FoundOrder, FoundTrade
from tradingfarm.kernel.money import ZERO, plain


@dataclass(frozen=True)
class Held:
    """What one side says is there of an asset, and the step below which a difference is none."""

    asset: str
    quantity: Decimal
    step: Decimal


@dataclass(frozen=True)
class Difference:
    """One asset of which the two sides hold different quantities."""

    asset: str
    ours: Decimal
    theirs: Decimal

    @property
    def sentence(self) -> str:
        return f"{self.asset}: {plain(self.ours)} here, {plain(self.theirs)} at the exchange"


def compare(*, ours: Iterable[Held], theirs: Mapping[str, Decimal]) -> tuple[Difference, ...]:
    """Assets that differ by more than one step, in our order, then what only they have, by name.

    What only the exchange holds has no step of ours and differs by itself. Instruments that share
    an asset (BTC/USDT and BTC/EUR) count together.
    """
    held: dict[str, Held] = {}
    for each in ours:
        before = held.get(each.asset, Held(each.asset, ZERO, each.step))
        held[each.asset] = Held(
            each.asset, before.quantity + each.quantity, max(before.step, each.step)
        )
    known = [
        Difference(asset, each.quantity, theirs.get(asset, ZERO))
        for asset, each in held.items()
        if abs(each.quantity - theirs.get(asset, ZERO)) > each.step
    ]
    strange = [
        Difference(asset, ZERO, quantity)
        for asset, quantity in sorted(theirs.items())
        if asset not in held and quantity != 0
    ]
    return (*known, *strange)


def foreign_orders(
    found: Iterable[FoundOrder], *, ours: Collection[str]
) -> tuple[FoundOrder, ...]:
    """Orders at the exchange whose client order id none of our orders has."""
    return tuple(order for order in found if order.client_order_id not in ours)


def foreign_trades(
    found: Iterable[FoundTrade], *, ours: Collection[str]
) -> dict[str, tuple[FoundTrade, ...]]:
    """Trades of orders that are not ours, by the exchange's id of the order, oldest first."""
    grouped: dict[str, list[FoundTrade]] = {}
    for trade in found:
        if trade.client_order_id not in ours:
            grouped.setdefault(trade.exchange_order_id, []).append(trade)
    return {
        order_id: tuple(sorted(trades, key=lambda each: (each.trade.as_of, each.trade.trade_id)))
        for order_id, trades in grouped.items()
    }


def persisted(
    differences: Iterable[Difference], *, before: Iterable[Difference]
) -> tuple[Difference, ...]:
    """Differences that an earlier reading found as well, to the last decimal.

    A trade that is on its way between the two books makes a difference that goes by itself.
    """
    earlier = frozenset(before)
    return tuple(each for each in differences if each in earlier)
