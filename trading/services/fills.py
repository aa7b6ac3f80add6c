"""Trades of an exchange become fills, and fills alone move cash, positions and P&L."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from trading.domain.exchange import Report, Trade
from trading.domain.ledger import PRECISION, Lot, TradeReport, cost_of, trade
from trading.domain.states import TERMINAL, OrderState, Side
from trading.models import Account, Fill, Order, Position, PositionShare
from trading.services.orders import end_order, lock_order, release_cash, release_quantity
from trading.services.protections import arm, settle_protections
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import floor_to_step


def ingest(*, order_id: UUID, report: Report, at: datetime) -> int:
    """Bring one order to what the exchange reports; returns how many fills were new.

    Trades are told apart by their id, so a report that comes twice, late or out of order changes
    nothing twice. A terminal order still takes late fills.
    """
    with transaction():
        order = lock_order(order_id=order_id)
        new = _new_trades(order, report)
        for reported in new:
            _take(order, reported, at=at)
        _follow(order, report, at=at)
        if new:
            settle_protections(order=order, at=at)
    return len(new)


def _new_trades(order: Order, report: Report) -> list[Trade]:
    known = set(
        Fill.objects.filter(account_id=order.account_id, order=order).values_list(
            "trade_id", flat=True
        )
    )
    return [reported for reported in report.trades if reported.trade_id not in known]


def _take(order: Order, reported: Trade, *, at: datetime) -> None:
    done = TradeReport(
        instrument_id=order.instrument_id,
        side=Side(order.side),
        quantity=reported.quantity,
        price=reported.price,
        fee=reported.fee,
    )
    position, share = _position(order)
    realised = _realised(share, done)
    held, shared = trade(_lot(position), done), trade(_lot(share), done)
    if order.state not in TERMINAL:
        release_quantity(order=order, quantity=reported.quantity)
        release_cash(order=order, amount=_freed(order, reported.quantity))
    _store_lot(position, held)
    _store_lot(share, shared)
    Account.objects.filter(id=order.account_id).update(cash=F("cash") + done.cash_change)
    order.filled_quantity += done.quantity
    order.filled_value += done.value
    order.fees += done.fee
    order.save(update_fields=["filled_quantity", "filled_value", "fees", "reserved_cash"])
    Fill.objects.create(
        account_id=order.account_id,
        order=order,
        permission_id=order.permission_id,
        instrument_id=order.instrument_id,
        trade_id=reported.trade_id,
        side=order.side,
        quantity=done.quantity,
        price=done.price,
        value=done.value,
        fee=done.fee,
        realised=realised,
        as_of=reported.as_of,
        at=at,
    )
    _journal(order, done, position, realised, as_of=reported.as_of, at=at)
    if done.side is Side.BUY:
        arm(order=order, share=share, at=at)


def _position(order: Order) -> tuple[Position, PositionShare]:
    position, _ = Position.objects.get_or_create(
        account_id=order.account_id, instrument_id=order.instrument_id
    )
    share, _ = PositionShare.objects.get_or_create(
        position=position,
        permission_id=order.permission_id,  # type: ignore[misc] # null is looked for, too
    )
    return position, share


def _lot(row: Position | PositionShare) -> Lot:
    return Lot(row.quantity, row.cost, row.realised, row.fees)


def _realised(share: PositionShare, done: TradeReport) -> Decimal:
    if done.side is Side.BUY:
        return Decimal(0)
    return done.cash_change - cost_of(_lot(share), done.quantity)


def _freed(order: Order, quantity: Decimal) -> Decimal:
    """The part of a buy's reservation that the traded quantity no longer needs."""
    reserved: Decimal = order.reserved_cash
    left: Decimal = order.quantity - order.filled_quantity
    if quantity >= left:
        return reserved
    return floor_to_step(reserved * quantity / left, PRECISION)


def _store_lot(row: Position | PositionShare, lot: Lot) -> None:
    row.quantity, row.cost, row.realised, row.fees = (
        lot.quantity,
        lot.cost,
        lot.realised,
        lot.fees,
    )
    # Not the reserved quantity: it was moved by its own statement a moment ago.
    row.save(update_fields=["quantity", "cost", "realised", "fees"])


def _follow(order: Order, report: Report, *, at: datetime) -> None:
    """Take over the exchange's state of the order.

    An order that is called filled before all of its trades are reported stays at work until they
    are, because nobody asks about an order that has ended.
    """
    if order.state in TERMINAL:
        return
    order.exchange_order_id = report.exchange_order_id
    order.save(update_fields=["exchange_order_id"])
    complete = order.filled_quantity >= order.quantity
    state = OrderState.FILLED if complete else report.state
    if state in TERMINAL and (complete or state is not OrderState.FILLED):
        end_order(order=order, state=state, at=at)
        return
    state = OrderState.PARTIALLY_FILLED if order.filled_quantity else OrderState.OPEN
    if order.state != state:
        order.state = state
        order.save(update_fields=["state"])


def _journal(
    order: Order,
    done: TradeReport,
    position: Position,
    realised: Decimal,
    *,
    as_of: datetime,
    at: datetime,
) -> None:
    payload: Mapping[str, object] = {
        "order": order.id,
        "instrument": order.instrument_id,
        "side": done.side,
        "quantity": done.quantity,
        "price": done.price,
        "fee": done.fee,
        "realised": realised,
        "reason": order.reason,
        "position_quantity": position.quantity,
        "position_cost": position.cost,
    }
    record(
        stream=account_stream(order.account_id),
        kind="agent.trade.executed",
        actor="exchange",
        subject=f"order:{order.id}",
        payload=payload,
        at=at,
        as_of=as_of,
    )
