"""One story: an order meets a fault, and the real sender brings everything to rest."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from market.domain.instruments import instrument_id
from tests.campaigns.faults_booth import CURRENCY, MAIN, OPENING, STEPS, VENUE, Booth
from tests.campaigns.faults_judge import OurFill, OurOrder, Ours, Truth, judge
from tests.campaigns.faults_plans import CANCELS, Plan
from tests.campaigns.judge import Breach
from trading.domain.checks import Code
from trading.domain.exchange import asset_of
from trading.domain.requests import OrderRequest
from trading.domain.states import AT_WORK, TERMINAL, OrderType, Side, Source, TimeInForce
from trading.loop.sender import SendingLoop
from trading.models import Account, Balance, Breaker, Fill, Order, Position, PositionShare
from trading.selectors.books import know_calendars
from trading.services.canceling import cancel_order
from trading.services.decisions import Verdict, decide
from trading.services.resting_stops import make_way
from tradingfarm.kernel.money import floor_to_step

SOON, SLOWLY, LONG = 0.8, 2.6, 15.0
"""Seconds that a pass of the sender takes of the story's time."""
MOST_PASSES = 90


@dataclass(frozen=True)
class Told:
    """What a story came to. `hit` says whether its fault met a request at all."""

    plan: Plan
    hit: bool
    breaches: list[Breach]
    states: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    seconds: float = 0.0


class Untold(Exception):
    """The story did not come to the order that it is about; it proves nothing."""


class Story:
    """One account from its first reconciliation to its rest."""

    def __init__(self, *, plan: Plan, on: Booth) -> None:
        self._plan, self._on = plan, on
        self._chance = plan.stream
        self._symbol = f"{plan.base}{CURRENCY}"
        self._instrument = instrument_id(venue=VENUE, symbol=f"{plan.base}/{CURRENCY}")
        self._tick, self._lot, _, self._last = STEPS[plan.base]
        self._account, permission = on.open(plan)
        self._permission = permission.id if plan.by_agent else None
        self._senders, self._is_armed = 0, False
        self._sender = self._new_sender()

    def tell(self) -> Told:
        """Play it to its end and judge it. Raises Untold."""
        know_calendars()
        began = self._on.clock.now()
        self._market(self._last)
        try:
            self._play()
            self._rest()
            return self._judged((self._on.clock.now() - began).total_seconds())
        finally:
            self._on.dismiss(self._sender)
            self._on.retire(self._account)

    # ------------------------------------------------------------------------------- the plot

    def _play(self) -> None:
        plan = self._plan
        self._arm("start")
        self._passes(3 if plan.when == "start" else 1)
        self._until(self._is_ready)
        if plan.is_exit:
            self._buy_first()
        if plan.when == "order":
            self._arm("order")
        order = self._order()
        self._passes(self._chance.randrange(1, 4))
        if plan.restarts:
            self._restart()
        self._passes(self._chance.randrange(1, 4))
        self._arm("end")
        self._end(order)
        self._passes(self._chance.randrange(2, 5))
        if plan.restarts:
            self._restart()
            self._passes(1)
        self._on.venue.disarm()

    def _buy_first(self) -> None:
        """What an exit sells, undisturbed; with its stop where the story is about that."""
        stop = self._at(Decimal("0.95")) if self._has_stop else None
        bought = self._ask(Side.BUY, self._plan.quantity, stop_loss=stop)
        self._until(lambda: self._of(bought).state in TERMINAL)
        if self._plan.order == "market" and self._has_stop:
            self._until(lambda: self._resting_stop() is not None)

    @property
    def _has_stop(self) -> bool:
        """Whether a protection's own stop at the exchange plays a part."""
        plan = self._plan
        cancels = plan.fault in CANCELS or plan.arming.terms.get("method") == "DELETE"
        return plan.is_exit and (
            (plan.order == "stop" and plan.by_agent) or (plan.order == "market" and cancels)
        )

    def _order(self) -> UUID | None:
        """The order that the story is about; None where the sender lays it by itself."""
        plan = self._plan
        if plan.order == "stop" and self._has_stop:
            return None
        side = Side.SELL if plan.is_exit else Side.BUY
        quantity = self._held() if plan.is_exit else plan.quantity
        if plan.order == "market":
            if self._has_stop:
                self._arm("end")
                self._until(self._made_way)
                # One lot less than its stop has just offered: that is no repetition.
                quantity = self._held() - self._lot
                if quantity <= 0:
                    return None
            return self._ask(side, quantity)
        if plan.order == "limit":
            return self._ask(side, quantity, order_type=OrderType.LIMIT, limit_price=self._limit())
        return self._ask_stop(side, quantity)

    def _made_way(self) -> bool:
        self._passes(1)
        return make_way(
            account_id=self._account.id,
            instrument_id=self._instrument,
            permission_id=self._permission,
            requested_by="campaign",
            at=self._on.clock.now(),
        )

    def _limit(self) -> Decimal:
        """Away from the market, or through it."""
        away = Decimal("0.01") if self._plan.rests else Decimal("-0.002")
        return self._at(1 + away if self._plan.is_exit else 1 - away)

    def _ask_stop(self, side: Side, quantity: Decimal) -> UUID:
        away = Decimal("-0.01") if side is Side.SELL else Decimal("0.01")
        if not self._plan.is_stop_limit:
            stop = self._at(1 + away)
            return self._ask(side, quantity, order_type=OrderType.STOP, stop_price=stop)
        return self._ask(
            side,
            quantity,
            order_type=OrderType.STOP_LIMIT,
            stop_price=self._at(1 + away),
            limit_price=self._at(1 + away * Decimal("1.5")),
        )

    def _end(self, order_id: UUID | None) -> None:
        """What becomes of an order that rests: it trades, in part, or ends."""
        order = self._resting_stop() if order_id is None else self._of(order_id)
        if order is None or order.state in TERMINAL:
            return
        there = [each for each in self._on.log().orders(order.client_order_id) if each.is_open]
        ending = self._plan.ending
        if ending == "in part" and there:
            part = floor_to_step(order.quantity * Decimal("0.4"), self._lot)
            self._on.venue.fill(there[0].order_id, quantity=part)
            self._passes(2)
            ending = "canceled"
        if ending == "canceled":
            cancel_order(order_id=order.id, requested_by="campaign", at=self._on.clock.now())
        elif there and ending == "venue ends it":
            self._on.venue.cancel(there[0].order_id)
        else:
            self._trade_through(order)

    def _trade_through(self, order: Order) -> None:
        price = order.stop_price or order.limit_price
        if price is None:
            return
        beyond = Decimal("0.999") if order.side == Side.BUY else Decimal("1.001")
        if order.stop_price is not None:
            beyond = 2 - beyond
        self._market(floor_to_step(price * beyond, self._tick))

    def _rest(self) -> None:
        """Until nothing is at work and both books agree; what will not end is canceled."""
        for number in range(MOST_PASSES):
            self._passes(1, seconds=SLOWLY if self._at_work() else LONG)
            if number == 6 and self._has_stop:
                stop = self._resting_stop()
                self._market(self._at(Decimal("0.9499")) if stop is None else self._under(stop))
            if number % 8 == 7:
                for order in self._at_work():
                    now = self._on.clock.now()
                    cancel_order(order_id=order.id, requested_by="campaign", at=now)
            enough = 9 if self._has_stop else 1
            if number > enough and not self._at_work() and self._agrees():
                return

    def _under(self, stop: Order) -> Decimal:
        return floor_to_step((stop.stop_price or ZERO) * Decimal("0.9999"), self._tick)

    # ------------------------------------------------------------------------------ the stage

    def _arm(self, when: str) -> None:
        plan = self._plan
        if plan.when == when and not self._is_armed:
            self._on.venue.fault(plan.arming.kind, account=MAIN, **plan.arming.terms)
            self._is_armed = True

    def _market(self, last: Decimal) -> None:
        """Move the market: several levels on each side, and our own feed with it."""
        self._last, tick = last, self._tick
        bids = [[last - tick * (3 * n + 1), self._depth(n)] for n in range(3)]
        asks = [[last + tick * (3 * n + 1), self._depth(n)] for n in range(3)]
        self._on.venue.book(self._symbol, bids=bids, asks=asks, last=last)
        self._quote()

    def _depth(self, level: int) -> Decimal:
        """Little on the first levels, so that an order makes several trades."""
        return (
            Decimal(1000)
            if level >= self._plan.pieces - 1
            else self._plan.quantity / 4 // 1 + (Decimal("0.1234"))
        )

    def _quote(self) -> None:
        tick = self._tick
        self._on.quote(
            self._plan.base, bid=self._last - tick, ask=self._last + tick, last=self._last
        )
        bnb = STEPS["BNB"][3]
        self._on.quote("BNB", bid=bnb, ask=bnb, last=bnb)

    def _at(self, factor: Decimal) -> Decimal:
        return floor_to_step(self._last * factor, self._tick)

    def _passes(self, count: int, *, seconds: float = SOON) -> None:
        for _ in range(count):
            self._quote()
            self._sender.work()
            self._on.clock.sleep(seconds)

    def _until(self, is_so: Callable[[], bool]) -> None:
        for number in range(MOST_PASSES):
            if is_so():
                return
            self._passes(1)
            if number == MOST_PASSES // 2:
                self._on.venue.disarm()
        raise Untold(f"{self._plan.name}: {self._words()}")

    def _words(self) -> str:
        states = [
            f"{each.side} {each.state} {each.problem}" for each in self._account.orders.all()
        ]
        account = Account.objects.get(id=self._account.id)
        return f"ready {account.is_ready} ({account.reconciliation}); {'; '.join(states)}"

    def _new_sender(self) -> SendingLoop:
        self._senders += 1
        return self._on.sender(f"{self._senders}:{self._plan.name}")

    def _restart(self) -> None:
        """The sender ends, another takes over and reconciles at its start."""
        self._on.dismiss(self._sender)
        self._sender = self._new_sender()

    def _ask(self, side: Side, quantity: Decimal, **terms: object) -> UUID:
        """An order that the gate approves, once it is no repetition. Raises Untold."""
        for _ in range(5):
            verdict = self._asked(side, quantity, **terms)
            if verdict.order_id is not None:
                return verdict.order_id
            if verdict.denials != (Code.DUPLICATE,):
                break
            self._passes(1, seconds=LONG)
        raise Untold(f"{self._plan.name}: denied {verdict.denials}")

    def _asked(self, side: Side, quantity: Decimal, **terms: object) -> Verdict:
        self._quote()
        at = self._on.clock.now()
        is_market = terms.get("order_type", OrderType.MARKET) is OrderType.MARKET
        request = OrderRequest(
            intent_key=f"faults:{side}:{at.timestamp()}",
            source=Source.AGENT if self._permission else Source.PERSON,
            instrument_id=self._instrument,
            side=side,
            quantity=floor_to_step(quantity, self._lot),
            permission_id=self._permission,
            time_in_force=TimeInForce.IOC if is_market else TimeInForce.GTC,
            **terms,  # type: ignore[arg-type] # prices and the order type
        )
        return decide(
            account_id=self._account.id, request=request, actor="campaign", now=at, at=at
        )

    # ----------------------------------------------------------------------------- the rows

    def _of(self, order_id: UUID) -> Order:
        return Order.objects.get(id=order_id)

    def _at_work(self) -> list[Order]:
        return list(self._account.orders.filter(state__in=sorted(AT_WORK)))

    def _resting_stop(self) -> Order | None:
        stops = self._account.orders.filter(source=Source.PROTECTION, state__in=sorted(AT_WORK))
        return stops.first()

    def _held(self) -> Decimal:
        """What may be offered now, in whole lots."""
        shares = PositionShare.objects.filter(
            Q(permission_id=self._permission), position__account=self._account
        )
        free = sum((each.quantity - each.reserved_quantity for each in shares), ZERO)
        return floor_to_step(free, self._lot)

    def _is_ready(self) -> bool:
        return Account.objects.get(id=self._account.id).is_ready

    def _agrees(self) -> bool:
        """Reconciled since the last thing that happened, or known to differ for good."""
        account = Account.objects.get(id=self._account.id)
        newest = account.reconciliations.order_by("-id").first()
        at = account.reconciled_at
        fill = Fill.objects.filter(account=account).order_by("-at").first()
        ended = account.orders.order_by("-ended_at").exclude(ended_at=None).first()
        moved = [each for each in (fill and fill.at, ended and ended.ended_at) if each]
        settled = account.is_ready and at is not None and all(at > each for each in moved)
        return settled or (newest is not None and not newest.agreed and bool(_breakers(account)))

    # ------------------------------------------------------------------------------ the end

    def _judged(self, seconds: float) -> Told:
        log = self._on.log()
        truth = Truth(log, MAIN, CURRENCY, OPENING)
        ours = read(self._account)
        kind = self._plan.arming.kind
        hit = any(kind in event["faults"] for event in log.named("request"))
        breaches = [
            Breach(each.kind, f"{self._plan.name}: {each.text}") for each in judge(ours, truth)
        ]
        breaches += [Breach("broken", f"{self._plan.name}: {each}") for each in log.broken()]
        states = Counter(order.state for order in ours.orders)
        return Told(self._plan, hit, breaches, states, len(log.posts()), seconds)


ZERO = Decimal(0)


def _breakers(account: Account) -> Iterable[str]:
    return Breaker.objects.filter(account=account, released_at=None).values_list("kind", flat=True)


def read(account: Account) -> Ours:
    """Everything that is stored of one account."""
    row = Account.objects.get(id=account.id)
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for position in Position.objects.filter(account=account).select_related("instrument"):
        held[asset_of(position.instrument.symbol)] += position.quantity
    for balance in Balance.objects.filter(account=account):
        held[balance.currency] += balance.quantity
    shares = PositionShare.objects.filter(position__account=account)
    return Ours(
        cash=row.cash,
        reserved=row.reserved,
        held=dict(held),
        offered=sum((share.reserved_quantity for share in shares), ZERO),
        is_ready=row.is_ready,
        orders=[
            OurOrder(
                client_order_id=order.client_order_id,
                exchange_order_id=order.exchange_order_id,
                source=order.source,
                state=order.state,
                quantity=order.quantity,
                filled=order.filled_quantity,
                reserved=order.reserved_cash,
            )
            for order in row.orders.order_by("approved_at", "id")
        ],
        fills=[
            OurFill(fill.trade_id, fill.quantity, fill.price, fill.fee_amount, fill.fee_currency)
            for fill in Fill.objects.filter(account=account).order_by("id")
        ],
        breakers=frozenset(_breakers(row)),
    )
