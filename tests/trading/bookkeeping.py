"""The farm's money in memory, by the functions that also change it in the database.

`Farm` keeps what the tables keep and does what the services do, without their statements: the gate
approves, bookings are worked out, journal events are written as their canonical text. What it
keeps is compared with the reference, with the replayed journal and with the rebuilt ledger.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid5

from tests.trading import books
from trading.domain.book import Book, Holding, Price, Usage, apply
from trading.domain.booking import Booking, Share, Standing, book
from trading.domain.exchange import Trade
from trading.domain.fees import Currencies
from trading.domain.ledger import EMPTY, Lot, TradeReport, split
from trading.domain.rebuild import BookedSplit, Ledger, rebuild
from trading.domain.replaying import AccountState, Event, Reservation, executed, replay
from trading.domain.requests import OrderRequest
from trading.domain.risk import assess
from trading.domain.splits import divide
from trading.domain.states import TERMINAL, OrderState, Side, Source, may_move
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.money import ZERO

ACCOUNT = UUID(int=77)
COIN, STOCK = UUID(int=1), UUID(int=2)
NAMES = {COIN: "COIN", STOCK: "STOCK"}
TERMS = {
    COIN: replace(
        books.TERMS,
        symbol="COIN/USD",
        tick_size=Decimal("0.0001"),
        lot_size=Decimal("0.00001"),
        minimum_notional=Decimal(1),
    ),
    STOCK: replace(books.TERMS, symbol="STOCK", minimum_notional=Decimal(1)),
}
SIZES = {COIN: Decimal("0.00137"), STOCK: Decimal(1)}
"""What orders are multiples of: whole lots, and values with more places than the ledger keeps."""
FEE_RATE = Decimal("0.000777")
WIDE = replace(
    books.ACCOUNT_LIMITS,
    max_sector_pct=Decimal(100),
    max_daily_loss_pct=Decimal(100),
    reduce_drawdown_pct=Decimal(100),
)
AGENTS: tuple[UUID | None, ...] = (UUID(int=101), UUID(int=102), UUID(int=103), None)
"""Three agents, and people, who need no permission."""
ENTRIES_A_DAY = 6
DEPOSIT = Decimal(1_000_000)


@dataclass
class Order:
    """What the order table keeps, and the trades that the exchange has made of it."""

    id: UUID
    request: OrderRequest
    state: OrderState
    day: int
    standing: Standing
    worst_price: Decimal
    made: list[Trade] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    @property
    def owner(self) -> tuple[UUID, UUID | None]:
        return (self.request.instrument_id, self.request.permission_id)

    @property
    def at_work(self) -> bool:
        return self.state not in TERMINAL

    @property
    def open_at_venue(self) -> Decimal:
        return self.request.quantity - sum((trade.quantity for trade in self.made), ZERO)


class Farm:
    """One account."""

    def __init__(self) -> None:
        self.cash, self.reserved, self.day = DEPOSIT, ZERO, 0
        self.day_start_equity = DEPOSIT
        self.now = books.NOW
        self.prices = {COIN: Decimal(250), STOCK: Decimal(100)}
        self.positions: dict[UUID, Lot] = {}
        self.shares: dict[tuple[UUID, UUID | None], Share] = {}
        self.balances: dict[str, Decimal] = {}
        self.orders: dict[UUID, Order] = {}
        self.entries: dict[tuple[UUID | None, int], int] = {}
        self.journal: list[Event] = []
        self.booked: list[TradeReport | BookedSplit] = []
        self.movements = [DEPOSIT]
        self._record("account.opened", f"account:{ACCOUNT}", {"deposit": DEPOSIT})

    # ------------------------------------------------------------------------------ the gate

    def ask(self, request: OrderRequest) -> Order | None:
        """The order that the gate makes of the request, or None when it denies it."""
        asked_by = self.book_of(request.permission_id)
        found = assess(asked_by, request, self.now)
        if found.order is None:
            return None
        approved, key = found.request, uuid5(ACCOUNT, request.intent_key)
        order = Order(
            id=key,
            request=approved,
            state=OrderState.APPROVED,
            day=self.day,
            standing=Standing(
                instrument_id=approved.instrument_id,
                side=approved.side,
                quantity=approved.quantity,
                offers=approved.reduces,
                reserved_cash=found.order.reserved_cash,
            ),
            worst_price=found.order.worst_price,
        )
        self.orders[key] = order
        self.reserved += found.order.reserved_cash
        if approved.reduces:
            self._offer(order, approved.quantity)
        else:
            self._count(order, 1)
        self._record(
            "order.approved",
            f"order:{key}",
            {
                "order": key,
                "permission": approved.permission_id,
                "side": approved.side,
                "instrument": approved.instrument_id,
                "quantity": approved.quantity,
                "reserved_cash": found.order.reserved_cash,
            },
        )
        return order

    def book_of(self, agent: UUID | None) -> Book:
        """The account as the gate sees it when this agent asks."""
        limits = books.limited(
            max_order_value=DEPOSIT,
            max_position_value=DEPOSIT,
            max_allocation_pct=Decimal(60),
            max_daily_entries=ENTRIES_A_DAY,
            max_daily_loss=DEPOSIT,
            stop_required=False,
        )
        made: Book = books.book(
            cash=self.cash,
            reserved=self.reserved,
            holdings={key: self._holding(key, agent) for key in self.positions},
            prices={key: self._price(key) for key in NAMES},
            price=None,
            day=self.now.date(),
            day_start_equity=self.day_start_equity,
            fee_rate=FEE_RATE,
            limits=limits if agent else None,
            usage=Usage(entries=self.entries.get((agent, self.day), 0)),
            account_limits=WIDE,
        )
        return replace(
            made,
            terms=TERMS,
            sectors=dict.fromkeys(NAMES, ""),
            statistics=dict.fromkeys(NAMES, books.CALM),
        )

    def _holding(self, key: UUID, agent: UUID | None) -> Holding:
        share = self.shares.get((key, agent), Share())
        buys = [
            order
            for order in self.orders.values()
            if order.at_work and order.owner[0] == key and order.request.side is Side.BUY
        ]
        cash = {id(order): order.standing.reserved_cash for order in buys}
        own = [order for order in buys if order.owner[1] == agent]
        return Holding(
            position=self.positions[key],
            share=share.lot,
            share_reserved=share.offered,
            buying_quantity=sum((_left(order) for order in buys), ZERO),
            buying_cash=sum(cash.values(), ZERO),
            share_buying_cash=sum((cash[id(order)] for order in own), ZERO),
        )

    def _price(self, key: UUID) -> Price:
        last = self.prices[key]
        return Price(bid=last, ask=last, last=last, as_of=self.now)

    def _count(self, order: Order, entries: int) -> None:
        key = (order.request.permission_id, order.day)
        self.entries[key] = self.entries.get(key, 0) + entries

    # -------------------------------------------------------------------------------- orders

    def move(self, order: Order, state: OrderState) -> None:
        """Bring the order where the exchange has it; its end gives back what it had set aside."""
        assert may_move(order.state, state), f"{order.state} to {state}"
        order.state = state
        if state not in TERMINAL:
            return
        self.reserved -= order.standing.reserved_cash
        if order.request.reduces and order.request.source is not Source.EXTERNAL:
            self._offer(order, -_left(order))
        elif state in ("REJECTED", "NOT_PLACED", "EXPIRED_LOCAL") and order.day == self.day:
            self._count(order, -1)
        order.standing = replace(order.standing, offers=False, reserved_cash=ZERO)
        self._record(f"order.{state.value.lower()}", f"order:{order.id}", {"problem": ""})

    def ingest(self, order: Order, trades: list[Trade], *, crash: bool = False) -> list[Booking]:
        """Book what is new of the trades, all of them or none. A crash leaves nothing behind."""
        standing, bookings = self._standing(order), []
        new = {each.trade_id: each for each in trades if each.trade_id not in order.told}
        before = self.book_of(order.request.permission_id)
        for reported in new.values():
            booking = book(standing, reported, currencies=_currencies(order.owner[0]))
            standing = booking.after
            bookings.append(booking)
            before = self._apply(before, booking)
        refuse(standing)
        if crash:
            return []
        for reported, booking in zip(new.values(), bookings, strict=True):
            self._store(order, reported, booking)
        order.told |= set(new)
        return bookings

    def _standing(self, order: Order) -> Standing:
        key, owner = order.owner
        others = {}
        if order.request.source is Source.EXTERNAL and order.request.reduces:
            others = {
                agent: share
                for (name, agent), share in self.shares.items()
                if name == key and agent is not None
            }
        return replace(
            order.standing,
            position=self.positions.get(key, EMPTY),
            share=self.shares.get((key, owner), Share()),
            others=others,
        )

    def _apply(self, before: Book, booking: Booking) -> Book:
        """The gate's own book, moved by the same trade, must say what the booking says."""
        if booking.taken:
            return before
        after, key = apply(before, booking.report), booking.report.instrument_id
        assert after.holding(key).position == booking.after.position
        assert after.holding(key).share == booking.after.share.lot
        assert after.cash == before.cash + booking.report.cash_change
        return after

    def _store(self, order: Order, reported: Trade, booking: Booking) -> None:
        key, owner = order.owner
        after = booking.after
        self.positions[key], self.shares[key, owner] = after.position, after.share
        for agent, share in after.others.items():
            self.shares[key, agent] = share
        self.cash += booking.report.cash_change
        self.reserved -= booking.freed_cash
        if booking.owed:
            currency = reported.fee_currency
            self.balances[currency] = self.balances.get(currency, ZERO) - booking.owed
        order.standing = after
        self.booked.append(booking.report)
        payload = {"permission": owner, **executed(booking, reported)}
        self._record("agent.trade.executed", f"order:{order.id}", payload)

    def _offer(self, order: Order, quantity: Decimal) -> None:
        share = self.shares[order.owner]
        self.shares[order.owner] = replace(share, offered=share.offered + quantity)

    # ------------------------------------------------------------------- money, splits, days

    def move_cash(self, amount: Decimal) -> bool:
        """A deposit or a withdrawal; False when what is reserved would be taken."""
        if amount < 0 and self.cash - self.reserved + amount < 0:
            return False
        self.cash += amount
        self.day_start_equity += amount
        self.movements.append(amount)
        payload = {"amount": amount, "currency": ""}
        self._record("cash.moved", f"account:{ACCOUNT}", payload)
        return True

    def split(self, key: UUID, ratio: Fraction) -> None:
        """Divide what is held into `ratio` new for each old one. Nothing of it may be at work."""
        owners = [owner for owner, share in self.shares.items() if owner[0] == key]
        owners = [owner for owner in owners if self.shares[owner].lot.quantity]
        quantities = [self.shares[owner].lot.quantity for owner in owners]
        price, lot_size = self.prices[key], TERMS[key].lot_size
        parts = divide(quantities, ratio=ratio, lot_size=lot_size, price=price)
        whole = sum((part.quantity for part in parts), ZERO)
        cash = sum((part.cash for part in parts), ZERO)
        before = self.positions[key]
        self.positions[key] = split(before, ratio=ratio, quantity=whole, cash=cash)
        for owner, part in zip(owners, parts, strict=True):
            lot = self.shares[owner].lot
            lot = split(lot, ratio=ratio, quantity=part.quantity, cash=part.cash)
            self.shares[owner] = replace(self.shares[owner], lot=lot)
        self.cash += cash
        self.booked.append(BookedSplit(key, ratio.numerator, ratio.denominator, whole, cash))
        payload = {
            "instrument": key,
            "numerator": ratio.numerator,
            "denominator": ratio.denominator,
            "quantity_after": whole,
            "cash_in_lieu": cash,
            "shares": [
                {"permission": owner[1], "quantity": part.quantity, "cash": part.cash}
                for owner, part in zip(owners, parts, strict=True)
            ],
        }
        self._record("position.split", f"account:{ACCOUNT}", payload)

    def roll_day(self) -> None:
        self.day += 1
        self.now += timedelta(days=1)
        self.day_start_equity = self.book_of(None).equity

    # ----------------------------------------------------------------------- what is compared

    @property
    def state(self) -> AccountState:
        """What the tables keep."""
        return AccountState(
            cash=self.cash,
            reserved=self.reserved,
            positions=dict(self.positions),
            shares={owner: replace(share, opened_at=None) for owner, share in self.shares.items()},
            balances=dict(self.balances),
            orders=dict(self._reservations()),
        )

    def _reservations(self) -> Iterator[tuple[UUID, Reservation]]:
        for order in self.orders.values():
            if order.at_work and order.request.source is not Source.EXTERNAL:
                cash = order.standing.reserved_cash
                yield order.id, Reservation(order.owner, order.request.side, _left(order), cash)

    def replayed(self) -> AccountState:
        return replay(self.journal)

    def rebuilt(self) -> Ledger:
        return rebuild(movements=self.movements, trades=self.booked)

    def _record(self, kind: str, subject: str, payload: Mapping[str, object]) -> None:
        self.journal.append(Event(kind, subject, json.loads(canonical(payload))))


def _left(order: Order) -> Decimal:
    return order.request.quantity - order.standing.filled_quantity


def _currencies(key: UUID) -> Currencies:
    return Currencies(frozenset({"USD"}), NAMES[key], {"BNB": Decimal(300)})


class Refused(Exception):
    """What the tables' constraints do not let in."""


def refuse(standing: Standing) -> None:
    """The last walls of the database, for one order and its share."""
    if standing.filled_quantity > standing.quantity:
        raise Refused("order_never_overfilled")
    for share in (standing.share, *standing.others.values()):
        if not 0 <= share.offered <= share.lot.quantity:
            raise Refused("share_never_flips")
