"""Random courses of one account: whatever happens in whichever order, two ledgers agree.

Each step is one thing that can happen to an account, and after each one the farm's numbers equal
the reference's and the journal's, to the last decimal.
"""

import copy
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid5

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.trading.bookkeeping import (
    ACCOUNT,
    DEPOSIT,
    ENTRIES_A_DAY,
    NAMES,
    SIZES,
    TERMS,
    Farm,
    Order,
    Refused,
)
from tests.trading.chances import RATIOS, agents, betters, fee_names, fees, keys, parts, pick
from tests.trading.reference import ENDS, LEGAL, Impossible, Reference
from trading.domain.booking import Standing
from trading.domain.exchange import Trade
from trading.domain.ledger import EMPTY, Oversold
from trading.domain.rebuild import Ledger
from trading.domain.rebuild import differences as rebuilt_differently
from trading.domain.replaying import MOVES_MONEY, AccountState, differences
from trading.domain.requests import OrderRequest
from trading.domain.states import OrderState, Side, Source, may_move
from tradingfarm.kernel.money import ZERO, ceil_to_step, floor_to_step

ON_THE_WAY = ("SUBMITTING", "UNKNOWN")
RESTING = (*ON_THE_WAY, "OPEN", "PARTIALLY_FILLED")
ABSENT_OR_GONE = ("CANCELED", "EXPIRED", "NOT_PLACED")

happened: Counter[str] = Counter()
"""How often each thing was done in this process, so that a campaign can say what it tried."""


class Course(RuleBasedStateMachine):
    """An account from its opening on."""

    def __init__(self) -> None:
        super().__init__()
        self.farm, self.reference = Farm(), Reference()
        self.reference.move(DEPOSIT)
        self.replayed, self.read = AccountState(), 0
        self.number = 0
        happened["runs"] += 1

    def next(self, what: str) -> int:
        happened[what] += 1
        self.number += 1
        return self.number

    def one(self, place: int, chosen: Callable[[Order], bool]) -> Order | None:
        orders = [order for order in self.farm.orders.values() if chosen(order)]
        return orders[place % len(orders)] if orders else None

    def any_in(self, *states: str) -> bool:
        return any(order.state in states for order in self.farm.orders.values())

    # -------------------------------------------------------------------------------- orders

    @rule(agent=agents, key=keys, lots=st.integers(1, 3_000))
    def buy(self, agent: Any, key: Any, lots: int) -> None:
        self.ask(agent, key, Side.BUY, lots)

    @precondition(lambda self: any(lot.quantity for lot in self.farm.positions.values()))
    @rule(agent=agents, key=keys, lots=st.integers(1, 3_000))
    def sell(self, agent: Any, key: Any, lots: int) -> None:
        self.ask(agent, key, Side.SELL, lots)

    def ask(self, agent: Any, key: Any, side: Side, lots: int) -> None:
        free = self.farm.cash - self.farm.reserved
        order = self.farm.ask(
            OrderRequest(
                intent_key=f"cause-{self.next('asked')}",
                source=Source.AGENT if agent else Source.PERSON,
                instrument_id=key,
                side=side,
                quantity=lots * SIZES[key],
                permission_id=agent,
            )
        )
        if order is None:
            return
        happened["approved"] += 1
        quantity, cash = order.request.quantity, order.standing.reserved_cash
        assert quantity <= lots * SIZES[key]
        if side is Side.BUY:
            assert quantity * order.worst_price <= cash <= free
        self.reference.approve(order.id, named(order), side.value, quantity, cash)

    @precondition(lambda self: self.any_in("APPROVED"))
    @rule(place=pick, is_sent=st.sampled_from((True, True, True, True, False)))
    def claim(self, place: int, is_sent: Any) -> None:
        """It is sent, or it was waiting for too long."""
        order = self.one(place, lambda order: order.state == "APPROVED")
        if order:
            self.move(order, "SUBMITTING" if is_sent else "EXPIRED_LOCAL")

    @precondition(lambda self: self.any_in(*ON_THE_WAY))
    @rule(place=pick, state=st.sampled_from(("OPEN", "UNKNOWN", "REJECTED", "NOT_PLACED")))
    def answer(self, place: int, state: str) -> None:
        """What placing it came to. One that has traded was neither rejected nor absent."""
        order = self.one(place, lambda order: order.state in ON_THE_WAY)
        if order and order.state != state and not (order.made and state in ENDS):
            self.move(order, state)

    @precondition(lambda self: self.any_in(*RESTING, *ABSENT_OR_GONE))
    @rule(place=pick, part=parts, better=betters, fee=fees, name=fee_names, late=st.integers(0, 9))
    def trade(
        self, place: int, part: int, better: int, fee: Decimal, name: str, late: int
    ) -> None:
        """The exchange trades a part of an order, now and then of one that had ended."""
        states = ABSENT_OR_GONE if late == 0 else RESTING
        order = self.one(place, lambda order: order.state in states and order.open_at_venue > 0)
        if order is not None:
            self.make(order, part, better, fee, name, too_much=late == 1)

    @precondition(lambda self: any(order.at_work for order in self.farm.orders.values()))
    @rule(place=pick, part=parts, better=betters, fee=fees, name=fee_names)
    def go_on(self, place: int, part: int, better: int, fee: Decimal, name: str) -> None:
        """An order at work goes one step of the usual way: sent, accepted, traded and told."""
        order = self.one(place, lambda order: order.at_work)
        if order is None:
            return
        if order.state == "APPROVED":
            self.move(order, "SUBMITTING")
        elif order.state in ON_THE_WAY:
            self.move(order, "OPEN")
        else:
            if order.open_at_venue > 0:
                self.make(order, part, better, fee, name)
            if self.book(order, order.made):
                self.follow(order, "OPEN")

    def make(
        self,
        order: Order,
        part: int,
        better: int,
        fee: Decimal,
        name: str,
        *,
        too_much: Any = False,
    ) -> None:
        """A trade at the exchange that nobody was told of yet."""
        key, lot = order.request.instrument_id, TERMS[order.request.instrument_id].lot_size
        quantity = max(floor_to_step(order.open_at_venue / part, lot), lot) + too_much * lot
        price, number = self.price(order, better), self.next("traded")
        order.made.append(self.reported(key, quantity, price, fee, name, number))

    def price(self, order: Order, better: int) -> Decimal:
        """Not beyond the worst price; people's own orders at the exchange have none."""
        tick = TERMS[order.request.instrument_id].tick_size
        part = Decimal(better) / 1_000
        if order.request.side is Side.BUY:
            return max(floor_to_step(order.worst_price * (1 - part), tick), tick)
        return ceil_to_step(order.worst_price * (1 + part), tick)

    def reported(
        self, key: Any, quantity: Decimal, price: Decimal, fee: Decimal, currency: str, number: int
    ) -> Trade:
        if currency == "of the asset":
            currency, taken = NAMES[key], quantity * fee
        else:
            taken = quantity * price * fee / (300 if currency == "BNB" else 1)
        taken = taken.quantize(Decimal("1E-12"))
        return Trade(f"t{number}", quantity, price, taken, self.farm.now, currency)

    @precondition(lambda self: self.any_in(*RESTING, *ABSENT_OR_GONE))
    @rule(
        place=pick,
        told=st.integers(0, 4),
        is_reversed=st.booleans(),
        state=st.sampled_from(("OPEN", "OPEN", "OPEN", "CANCELED", "EXPIRED", "FILLED")),
        crash=st.sampled_from((False, False, False, False, True)),
    )
    def report(self, place: int, told: int, is_reversed: Any, state: str, crash: Any) -> None:
        """The exchange reports: all trades or fewer, twice, in any order; the sender may crash."""
        order = self.one(place, lambda order: order.state in (*RESTING, *ABSENT_OR_GONE))
        if order is None:
            return
        trades = order.made if told == 0 else order.made[:told]
        trades = [*(reversed(trades) if is_reversed else trades), *trades[:1]]
        if not self.book(order, trades, crash=crash) or crash:
            return
        if order.at_work:
            self.follow(order, state)

    def book(self, order: Order, trades: list[Trade], *, crash: bool = False) -> bool:
        """Book the trades on both sides; False when both find that they cannot have been."""
        new = {each.trade_id: each for each in trades if each.trade_id not in order.told}
        try:
            self.farm.ingest(order, trades, crash=crash)
        except (Oversold, Refused):
            happened["refused"] += 1
            assert self.is_impossible(order, new)
            order.made = [each for each in order.made if each.trade_id not in new]
            return False
        if crash:
            happened["crashed"] += 1
            return True
        for each in new.values():
            self.follow_trade(self.reference, order, each)
        happened["booked"] += len(new)
        return True

    def is_impossible(self, order: Order, new: dict[str, Trade]) -> bool:
        """Whether the reference finds the trades impossible too; it is as it was afterwards."""
        trial = copy.deepcopy(self.reference)
        try:
            for each in new.values():
                self.follow_trade(trial, order, each)
        except Impossible:
            return True
        keys = [key for key in trial.parts if key[0] == named(order)[0]]
        done = sum((each.quantity for each in new.values()), order.standing.filled_quantity)
        return done > order.request.quantity or any(
            trial.parts[key].quantity < trial.offered(key) for key in keys
        )

    def follow_trade(self, reference: Reference, order: Order, made: Trade) -> None:
        reference.trade(
            order.id,
            named(order),
            order.request.side.value,
            made.quantity,
            made.price,
            made.fee,
            made.fee_currency,
            people=order.request.source is Source.EXTERNAL,
        )

    def follow(self, order: Order, state: str) -> None:
        filled = order.standing.filled_quantity
        if filled >= order.request.quantity:
            state = "FILLED"
        elif state in ("OPEN", "FILLED"):
            state = "PARTIALLY_FILLED" if filled else "OPEN"
        if order.state != state:
            self.move(order, state)

    def move(self, order: Order, state: str) -> None:
        happened[state.lower()] += 1
        assert state in LEGAL[order.state]
        self.farm.move(order, OrderState(state))
        for other in set(OrderState) - {order.state}:
            assert may_move(order.state, other) == (other in LEGAL.get(order.state, ()))
        if state in ENDS:
            self.reference.end(order.id)

    def people_trade(self, key: Any, side: Side, lots: int) -> None:
        """An order that nobody here has made, found with its trade."""
        number, quantity = self.next("external"), lots * SIZES[key]
        request = OrderRequest(f"external-{number}", Source.EXTERNAL, key, side, quantity)
        order = Order(
            id=uuid5(ACCOUNT, request.intent_key),
            request=request,
            state=OrderState.OPEN,
            day=self.farm.day,
            standing=Standing(key, side, quantity),
            worst_price=self.farm.prices[key],
        )
        order.made.append(self.reported(key, quantity, order.worst_price, ZERO, "", number))
        if side is Side.BUY and self.farm.cash < quantity * order.worst_price:
            return
        self.farm.orders[order.id] = order
        if self.book(order, order.made):
            self.move(order, "FILLED")

    # ------------------------------------------------------------------ money, splits, days

    @rule(
        what=st.sampled_from(("cash", "split", "quote", "people", "day")),
        key=keys,
        cents=st.integers(500, 50_000),
        ratio=st.sampled_from(RATIOS),
        leaves=st.booleans(),
    )
    def go_by(self, what: str, key: Any, cents: int, ratio: Fraction, leaves: Any) -> None:
        """What happens beside trading."""
        if what == "cash":
            self.move_cash(Decimal(cents) * (-10 if leaves else 1))
        elif what == "split":
            self.split(key, ratio)
        elif what == "quote":
            self.farm.prices[key] = Decimal(cents) / 100
        elif what == "people":
            self.people_trade(key, Side.SELL if leaves else Side.BUY, 1 + cents // 2_000)
        else:
            self.roll_the_day()

    def move_cash(self, amount: Decimal) -> None:
        self.next("moved")
        if self.farm.move_cash(amount):
            self.reference.move(amount)
        else:
            assert self.reference.cash - self.reference.reserved + Fraction(amount) < 0

    def split(self, key: Any, ratio: Fraction) -> None:
        """All orders of the instrument end first; one whose outcome is unknown forbids it."""
        for order in list(self.farm.orders.values()):
            if order.at_work and order.owner[0] == key and not self.ended(order):
                return
        if self.farm.positions.get(key, EMPTY).quantity:
            self.next("split")
            self.farm.split(key, ratio)
            lot, price = Fraction(TERMS[key].lot_size), Fraction(self.farm.prices[key])
            self.reference.split(NAMES[key], ratio, lot, price)

    def ended(self, order: Order) -> bool:
        if order.state == "APPROVED":
            self.move(order, "EXPIRED_LOCAL")
        elif order.state not in ON_THE_WAY and self.book(order, order.made):
            self.follow(order, "CANCELED")
        return not order.at_work

    def roll_the_day(self) -> None:
        self.next("day")
        self.farm.roll_day()
        prices = {NAMES[key]: price for key, price in self.farm.prices.items()}
        assert Fraction(self.farm.day_start_equity) == self.reference.equity(prices)

    # ---------------------------------------------------------------------------- what holds

    @invariant()
    def the_two_ledgers_agree(self) -> None:
        happened["steps"] += 1
        farm, reference = self.farm, self.reference
        assert Fraction(farm.cash) == reference.cash
        assert Fraction(farm.reserved) == reference.reserved >= 0
        for key, lot in farm.positions.items():
            assert numbers(lot) == reference.whole[NAMES[key]].numbers()
            assert Fraction(lot.quantity) == reference.bought[NAMES[key]]
        for (key, agent), share in farm.shares.items():
            name = (NAMES[key], agent)
            assert numbers(share.lot) == reference.parts[name].numbers()
            assert Fraction(share.offered) == reference.offered(name)
            assert 0 <= share.offered <= share.lot.quantity
        for currency, quantity in farm.balances.items():
            assert Fraction(quantity) == reference.owed[currency]

    @invariant()
    def shares_add_up_and_nothing_is_lost(self) -> None:
        farm = self.farm
        for key, lot in farm.positions.items():
            shares = [share.lot for (name, _), share in farm.shares.items() if name == key]
            assert lot.quantity == sum(share.quantity for share in shares) >= 0
        for lots in (farm.positions.values(), [share.lot for share in farm.shares.values()]):
            cost = sum(lot.cost - lot.realised for lot in lots)
            assert Fraction(farm.cash + cost) == self.reference.moved + self.reference.elsewhere

    @invariant()
    def nobody_enters_more_often_than_allowed(self) -> None:
        for (agent, _), entries in self.farm.entries.items():
            assert agent is None or entries <= ENTRIES_A_DAY

    @invariant()
    def the_journal_tells_it_all(self) -> None:
        for event in self.farm.journal[self.read :]:
            MOVES_MONEY[event.kind](self.replayed, event)
        self.read = len(self.farm.journal)
        assert differences(replayed=self.replayed, stored=self.farm.state) == ()

    def teardown(self) -> None:
        farm = self.farm
        assert differences(replayed=farm.replayed(), stored=farm.state) == ()
        stored = Ledger(farm.cash, farm.positions)
        assert rebuilt_differently(rebuilt=farm.rebuilt(), stored=stored) == ()


def named(order: Order) -> tuple[str, Any]:
    key, agent = order.owner
    return (NAMES[key], agent)


def numbers(lot: Any) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, (lot.quantity, lot.cost, lot.realised, lot.fees)))
