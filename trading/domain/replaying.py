"""An account computed again from nothing but the events of its journal.

The check that can fail: whatever is stored of the account, changed by many statements of several
processes, must equal this to the last decimal. Events are read as their payloads were stored:
amounts are text, ids too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any
from uuid import UUID

from trading.domain.booking import Booking, Share
from trading.domain.exchange import Trade
from trading.domain.ledger import EMPTY, Lot, TradeReport, freed, hand_over, split, trade
from trading.domain.states import TERMINAL, Side
from tradingfarm.kernel.money import MONEY, ZERO, plain

Payload = Mapping[str, Any]
Owner = tuple[UUID, UUID | None]
"""Whose share of which instrument: instrument and permission; a person's has none."""


@dataclass(frozen=True)
class Event:
    """One event of an account's stream."""

    kind: str
    subject: str
    payload: Payload


@dataclass(frozen=True)
class Reservation:
    """An order at work: what is left of it, and the cash that it reserves."""

    owner: Owner
    side: Side
    left: Decimal
    cash: Decimal


@dataclass
class AccountState:
    """Every number of an account that money depends on. What is missing is empty.

    Orders are those at work; balances are in currencies that are not the account's own.
    """

    cash: Decimal = ZERO
    reserved: Decimal = ZERO
    positions: dict[UUID, Lot] = field(default_factory=dict)
    shares: dict[Owner, Share] = field(default_factory=dict)
    balances: dict[str, Decimal] = field(default_factory=dict)
    orders: dict[UUID, Reservation] = field(default_factory=dict)


class Unrecorded(ValueError):
    """An event speaks of something that no earlier one has told of: the journal has a hole."""


def replay(events: Iterable[Event]) -> AccountState:
    """The account after `events`, which are all of its stream from the first one on.

    Kinds that move no money are passed over. Raises Unrecorded, and Oversold when more was sold
    than held.
    """
    state = AccountState()
    with localcontext(MONEY):
        for event in events:
            if move := MOVES_MONEY.get(event.kind):
                move(state, event)
    return state


def executed(booking: Booking, reported: Trade) -> Payload:
    """What the journal keeps of a booked trade, so that it can be replayed.

    `fee` is all of it in the account's currency, `fee_amount` what the exchange took.
    """
    report = booking.report
    return {
        "instrument": report.instrument_id,
        "trade": reported.trade_id,
        "side": report.side,
        "quantity": report.quantity,
        "price": report.price,
        "fee": report.fees,
        "fee_cash": report.fee,
        "fee_quantity": report.fee_quantity,
        "fee_elsewhere": report.fee_elsewhere,
        "fee_amount": reported.fee,
        "fee_currency": reported.fee_currency,
        "fee_owed": booking.owed,
        "fee_is_valued": booking.fee_is_valued,
        "is_maker": reported.is_maker,
        "taken": booking.taken,
        "realised": booking.realised,
        "position_quantity": booking.after.position.quantity,
        "position_cost": booking.after.position.cost,
    }


def _open(state: AccountState, event: Event) -> None:
    state.cash += Decimal(event.payload["deposit"])


def _move(state: AccountState, event: Event) -> None:
    amount, currency = Decimal(event.payload["amount"]), event.payload["currency"]
    if currency:
        state.balances[currency] = state.balances.get(currency, ZERO) + amount
    else:
        state.cash += amount


def _approve(state: AccountState, event: Event) -> None:
    payload = event.payload
    order = Reservation(
        owner=(UUID(payload["instrument"]), _permission(payload.get("permission"))),
        side=Side(payload["side"]),
        left=Decimal(payload["quantity"]),
        cash=Decimal(payload["reserved_cash"]),
    )
    state.orders[_order_id(event)] = order
    state.reserved += order.cash
    _offer(state, order, order.left)


def _execute(state: AccountState, event: Event) -> None:
    payload = event.payload
    report = _report(payload)
    owner = (report.instrument_id, _permission(payload.get("permission")))
    for giver, quantity in payload.get("taken", {}).items():
        _hand_over(state, (report.instrument_id, UUID(giver)), owner, Decimal(quantity))
    _reduce(state, _order_id(event), report.quantity)
    position, share = state.positions.get(owner[0], EMPTY), state.shares.get(owner, Share())
    state.positions[owner[0]] = trade(position, report)
    state.shares[owner] = replace(share, lot=trade(share.lot, report))
    state.cash += report.cash_change
    owed = Decimal(payload.get("fee_owed", 0))
    if owed:
        currency = payload["fee_currency"]
        state.balances[currency] = state.balances.get(currency, ZERO) - owed


def _report(payload: Payload) -> TradeReport:
    return TradeReport(
        instrument_id=UUID(payload["instrument"]),
        side=Side(payload["side"]),
        quantity=Decimal(payload["quantity"]),
        price=Decimal(payload["price"]),
        fee=Decimal(payload.get("fee_cash", payload["fee"])),
        fee_quantity=Decimal(payload.get("fee_quantity", 0)),
        fee_elsewhere=Decimal(payload.get("fee_elsewhere", 0)),
    )


def _hand_over(state: AccountState, giver: Owner, taker: Owner, quantity: Decimal) -> None:
    given, taken = state.shares[giver], state.shares.get(taker, Share())
    less, more = hand_over(given.lot, taken.lot, quantity)
    state.shares[giver] = replace(given, lot=less)
    state.shares[taker] = replace(taken, lot=more)


def _reduce(state: AccountState, order_id: UUID, traded: Decimal) -> None:
    """What a trade gives back of its order's reservation; nothing once the order has ended."""
    order = state.orders.get(order_id)
    if order is None:
        return
    cash = freed(reserved=order.cash, left=order.left, traded=traded)
    state.orders[order_id] = replace(order, left=order.left - traded, cash=order.cash - cash)
    state.reserved -= cash
    _offer(state, order, -traded)


def _end(state: AccountState, event: Event) -> None:
    """An order that nobody here approved has reserved nothing, and ends without a trace."""
    order = state.orders.pop(_order_id(event), None)
    if order is not None:
        state.reserved -= order.cash
        _offer(state, order, -order.left)


def _offer(state: AccountState, order: Reservation, quantity: Decimal) -> None:
    if order.side is Side.SELL:
        share = state.shares.get(order.owner, Share())
        state.shares[order.owner] = replace(share, offered=share.offered + quantity)


def _split(state: AccountState, event: Event) -> None:
    payload = event.payload
    instrument = UUID(payload["instrument"])
    ratio = Fraction(payload["numerator"], payload["denominator"])
    cash = Decimal(payload["cash_in_lieu"])
    if instrument not in state.positions:
        raise Unrecorded(f"{instrument} was split and never bought.")
    state.cash += cash
    state.positions[instrument] = split(
        state.positions[instrument],
        ratio=ratio,
        quantity=Decimal(payload["quantity_after"]),
        cash=cash,
    )
    for part in payload["shares"]:
        owner = (instrument, _permission(part["permission"]))
        lot = split(
            state.shares[owner].lot,
            ratio=ratio,
            quantity=Decimal(part["quantity"]),
            cash=Decimal(part["cash"]),
        )
        state.shares[owner] = replace(state.shares[owner], lot=lot)


def _order_id(event: Event) -> UUID:
    return UUID(event.subject.removeprefix("order:"))


def _permission(text: str | None) -> UUID | None:
    return UUID(text) if text else None


MOVES_MONEY: Mapping[str, Callable[[AccountState, Event], None]] = {
    "account.opened": _open,
    "cash.moved": _move,
    "order.approved": _approve,
    "agent.trade.executed": _execute,
    "position.split": _split,
} | {f"order.{state.value.lower()}": _end for state in TERMINAL}
"""Every kind of event that changes cash, a quantity, cost, P&L, fees or a reservation."""


def differences(*, replayed: AccountState, stored: AccountState) -> tuple[str, ...]:
    """One sentence for each number that is not the same to the last decimal; none when all are."""
    again, kept = dict(_numbers(replayed)), dict(_numbers(stored))
    names = sorted({*again, *kept})
    numbers = ((name, again.get(name, ZERO), kept.get(name, ZERO)) for name in names)
    return tuple(
        f"{name} is {plain(now)}, but {plain(then)} by the journal"
        for name, then, now in numbers
        if then != now
    )


def _numbers(state: AccountState) -> Iterator[tuple[str, Decimal]]:
    yield "cash", state.cash
    yield "reserved cash", state.reserved
    for instrument, lot in state.positions.items():
        yield from _numbers_of(lot, f"of {instrument}")
    for (instrument, permission), share in state.shares.items():
        whose = f"of {instrument} of {permission or 'people'}"
        yield from _numbers_of(share.lot, whose)
        yield f"offered {whose}", share.offered
    for currency, quantity in state.balances.items():
        yield f"balance in {currency}", quantity
    for order_id, order in state.orders.items():
        yield f"reserved cash of order {order_id}", order.cash
        yield f"open quantity of order {order_id}", order.left


def _numbers_of(lot: Lot, whose: str) -> Iterator[tuple[str, Decimal]]:
    for name in ("quantity", "cost", "realised", "fees"):
        yield f"{name} {whose}", getattr(lot, name)
