"""The judge of the faults: the exchange's own log against what the farm has stored of an account.

Pure. An empty answer means that both agree to the last decimal.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.campaigns.judge import Breach
from tests.exchanges.log import ExchangeLog, Post, VenueOrder, VenueTrade
from trading.domain.states import OrderState

ZERO = Decimal(0)
FOUND = {
    OrderState.FILLED: {"FILLED"},
    OrderState.CANCELED: {"CANCELED"},
    OrderState.EXPIRED: {"EXPIRED"},
}
"""What an order that ended so is called by the exchange."""
REFUSED_BEFORE = {"http_429", "http_418"}
UNSENT = {OrderState.EXPIRED_LOCAL}
REFUSED = {OrderState.REJECTED, OrderState.NOT_PLACED}


@dataclass(frozen=True)
class OurOrder:
    """One order as the farm believes it to be."""

    client_order_id: str
    exchange_order_id: str
    source: str
    state: str
    quantity: Decimal
    filled: Decimal
    reserved: Decimal = ZERO


@dataclass(frozen=True)
class OurFill:
    """One trade as the farm has booked it; an empty currency is the account's own."""

    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str = ""


@dataclass(frozen=True)
class Ours:
    """One account as the farm has stored it. `held` is everything but cash, by asset."""

    cash: Decimal
    reserved: Decimal
    held: Mapping[str, Decimal]
    offered: Decimal
    is_ready: bool
    orders: Sequence[OurOrder] = ()
    fills: Sequence[OurFill] = ()
    breakers: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Truth:
    """The exchange's log, what the account had at first, and what changed without a trade."""

    log: ExchangeLog
    account: str
    currency: str
    opening: Mapping[str, Decimal]

    @property
    def trades(self) -> list[VenueTrade]:
        return self.log.trades(account=self.account)

    @property
    def orders(self) -> list[VenueOrder]:
        return [order for order in self.log.orders() if order.account == self.account]

    @property
    def drifts(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for event in self.log.named("drift"):
            if event["account"] == self.account:
                found[event["asset"]] += Decimal(event["amount"])
        return found

    def holdings(self) -> dict[str, Decimal]:
        """What follows from the opening and from every trade, by asset."""
        held: dict[str, Decimal] = defaultdict(lambda: ZERO, self.opening)
        for trade in self.trades:
            base = trade.symbol.removesuffix(self.currency)
            sign = 1 if trade.side == "BUY" else -1
            held[base] += sign * trade.quantity
            held[self.currency] -= sign * trade.quantity * trade.price
            held[trade.fee_asset] -= trade.fee
        return dict(held)


def judge(ours: Ours, truth: Truth) -> list[Breach]:
    """Everything that is not as the exchange's log has it, of an account at rest."""
    return [
        *posts(ours, truth),
        *endings(ours, truth),
        *fills(ours, truth),
        *money(ours, truth),
        *at_rest(ours),
        *noticed(ours, truth),
    ]


def posts(ours: Ours, truth: Truth) -> Iterator[Breach]:
    """One request for each order: none for what never left, and never two."""
    sent = truth.log.post_counts()
    known = {order.client_order_id for order in ours.orders}
    for name in sent.keys() - known:
        yield Breach("foreign", f"{name} was posted, and no order of ours is called so")
    for order in ours.orders:
        count, state = sent[order.client_order_id], OrderState(order.state)
        least = 0 if order.source == "external" or state in UNSENT | REFUSED else 1
        most = 0 if order.source == "external" or state in UNSENT else 1
        if not least <= count <= most:
            text = f"{order.client_order_id} ({state}) was posted {count} times"
            yield Breach("doubled" if count > most else "lost", text)
    refused = {order.client_order_id for order in ours.orders if order.state == "REJECTED"}
    for post in truth.log.posts():
        if post.client_order_id in refused and not _proves_refusal(post):
            text = f"{post.client_order_id} is REJECTED, and {post.faults} proved nothing"
            yield Breach("unproved", text)
    for name, orders in truth.log.orders_by_client_id().items():
        if len(orders) > 1:
            yield Breach("doubled", f"the exchange took {name} {len(orders)} times")


def _proves_refusal(post: Post) -> bool:
    """The engine's own no, or one that is known to be said before the engine is asked."""
    return post.fate == "rejected" or bool(REFUSED_BEFORE.intersection(post.faults))


def endings(ours: Ours, truth: Truth) -> Iterator[Breach]:
    """Each order ended as the exchange says, and none of the exchange's is missing here."""
    ends = {str(order.order_id): order for order in truth.orders}
    by_name = {order.client_order_id: order for order in truth.orders}
    for order in ours.orders:
        state = OrderState(order.state)
        venue = ends.pop(order.exchange_order_id, None) or by_name.get(order.client_order_id)
        if venue is None:
            if state not in UNSENT | REFUSED:
                yield Breach("state", f"{order.client_order_id} is {state}, and was never taken")
            continue
        ends.pop(str(venue.order_id), None)
        if venue.status not in FOUND.get(state, ()):
            text = f"{order.client_order_id} is {state}, the exchange says {venue.status}"
            yield Breach("state", text)
        if venue.filled != order.filled:
            text = f"{order.client_order_id} traded {order.filled} here, {venue.filled} there"
            yield Breach("state", text)
    for missing in ends.values():
        yield Breach("lost", f"{missing.client_order_id} is at the exchange alone")


def fills(ours: Ours, truth: Truth) -> Iterator[Breach]:
    """Each trade is booked once, as it was made."""
    made = Counter(
        OurFill(
            str(trade.trade_id),
            trade.quantity,
            trade.price,
            trade.fee,
            "" if trade.fee_asset == truth.currency else trade.fee_asset,
        )
        for trade in truth.trades
    )
    booked = Counter(ours.fills)
    for fill, count in (made - booked).items():
        yield Breach("misbooked", f"not booked {count} times: {fill}")
    for fill, count in (booked - made).items():
        yield Breach("misbooked", f"booked and not made {count} times: {fill}")


def money(ours: Ours, truth: Truth) -> Iterator[Breach]:
    """Cash and every asset, from the trades and from the exchange's own balances."""
    expected, drifts = truth.holdings(), truth.drifts
    balances = truth.log.balances(truth.account)
    here = {**ours.held, truth.currency: ours.cash}
    for asset in sorted(expected.keys() | here.keys() | balances.keys()):
        follows, has = expected.get(asset, ZERO), here.get(asset, ZERO)
        if has != follows:
            kind = "cash" if asset == truth.currency else "position"
            yield Breach(kind, f"{asset}: {has} here, {follows} by the trades")
        told = balances.get(asset, ZERO) - drifts.get(asset, ZERO)
        if told != follows:
            yield Breach("exchange", f"{asset}: balances say {told}, trades say {follows}")


def at_rest(ours: Ours) -> Iterator[Breach]:
    """Nothing set aside, nothing unknown, and reconciled."""
    reserved = {"cash": ours.reserved, "quantity": ours.offered}
    for what, amount in reserved.items():
        if amount != 0:
            yield Breach("leaked", f"{amount} of {what} is still reserved")
    for order in ours.orders:
        if order.reserved != 0:
            yield Breach("leaked", f"{order.client_order_id} still reserves {order.reserved}")
    if not ours.is_ready:
        yield Breach("not_ready", "the account does not agree with its exchange")


def noticed(ours: Ours, truth: Truth) -> Iterator[Breach]:
    """What others did in the account has frozen something until a person looks at it."""
    foreign = [order for order in truth.orders if order.origin == "venue"]
    if foreign and "external_activity" not in ours.breakers:
        yield Breach("unseen", "somebody else's order has blocked nothing")
    if _counts(truth.drifts.values()) and "difference" not in ours.breakers:
        yield Breach("unseen", f"{dict(truth.drifts)} drifted and nothing was blocked")


def _counts(drifts: Iterable[Decimal]) -> bool:
    """More than the step below which two books are called equal."""
    return any(abs(drift) > Decimal("0.00000001") for drift in drifts)
