"""Trades of an exchange become fills, and fills alone move cash, positions and P&L.

What a trade does is worked out by `trading.domain.booking`; here it is loaded and stored. However
many trades a report brings, the statements are the same few.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from trading.domain.booking import Booking, Share, Standing, book
from trading.domain.exchange import Report, Trade
from trading.domain.ledger import Lot
from trading.domain.replaying import executed
from trading.domain.states import TERMINAL, OrderState, Side, Source
from trading.models import Account, Balance, Fill, Order, Position, PositionShare
from trading.selectors.currencies import currencies_of
from trading.services.orders import end_order, lock_order
from trading.services.protections import arm, settle_protections
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import ZERO


def ingest(*, order_id: UUID, report: Report, at: datetime, token: int | None = None) -> int:
    """Bring one order to what the exchange reports; returns how many fills were new.

    Trades are told apart by their id, so a report that comes twice, late or out of order changes
    nothing twice. A terminal order still takes late fills. `at` is wall time.
    """
    with transaction():
        order = lock_order(order_id=order_id, token=token)
        new = _new_trades(order, report)
        if new:
            _take(order, new, at=at)
        _follow(order, report, at=at)
        if new:
            settle_protections(order=order, at=at)
    return len(new)


def _new_trades(order: Order, report: Report) -> list[Trade]:
    fills = Fill.objects.filter(account_id=order.account_id, order=order)
    known = set(fills.values_list("trade_id", flat=True))
    told = {reported.trade_id: reported for reported in report.trades}
    return [reported for trade_id, reported in told.items() if trade_id not in known]


def _take(order: Order, trades: Sequence[Trade], *, at: datetime) -> None:
    """Book the trades one after the other, and store what has become of everything at once."""
    rows = _rows(order)
    currencies = currencies_of(
        account=order.account,
        instrument=order.instrument,
        named={reported.fee_currency for reported in trades},
    )
    standing, bookings = rows.standing, []
    for reported in trades:
        booking = book(standing, reported, currencies=currencies)
        standing = booking.after
        bookings.append(booking)
        _journal(order, reported, booking, at=at)
    _store_order(order, standing, at=at)
    _store(rows, standing)
    _move_money(order, bookings)
    _lower_balances(order, trades, bookings)
    Fill.objects.bulk_create(
        _fill(order, reported, booking, at=at)
        for reported, booking in zip(trades, bookings, strict=True)
    )
    if standing.side is Side.BUY:
        arm(order=order, share=rows.share, at=at)


@dataclass(frozen=True)
class _Rows:
    """The rows that an order's trades change beside the order itself, and what they say."""

    position: Position
    share: PositionShare
    others: Mapping[UUID, PositionShare]
    standing: Standing


def _rows(order: Order) -> _Rows:
    position, _ = Position.objects.get_or_create(
        account_id=order.account_id, instrument_id=order.instrument_id
    )
    share, _ = PositionShare.objects.get_or_create(
        position=position,
        permission_id=order.permission_id,  # type: ignore[misc] # null is looked for, too
    )
    others = _others(order, position)
    standing = Standing(
        instrument_id=order.instrument_id,
        side=Side(order.side),
        quantity=order.quantity,
        offers=order.reduce_only and order.state not in TERMINAL,
        filled_quantity=order.filled_quantity,
        filled_value=order.filled_value,
        fees=order.fees,
        reserved_cash=order.reserved_cash,
        position=_lot(position),
        share=_share(share),
        others={owner: _share(row) for owner, row in others.items()},
    )
    return _Rows(position, share, others, standing)


def _others(order: Order, position: Position) -> dict[UUID, PositionShare]:
    """The agents' shares, for a sell that people made at the exchange itself."""
    if order.source != Source.EXTERNAL or order.side == Side.BUY:
        return {}
    shares = PositionShare.objects.filter(position=position, permission__isnull=False)
    return {share.permission_id: share for share in shares if share.permission_id}


def _lot(row: Position | PositionShare) -> Lot:
    return Lot(row.quantity, row.cost, row.realised, row.fees)


def _share(row: PositionShare) -> Share:
    return Share(_lot(row), row.reserved_quantity, row.opened_at)


def _store(rows: _Rows, standing: Standing) -> None:
    _store_lot(rows.position, standing.position)
    _store_share(rows.share, standing.share)
    for owner, share in standing.others.items():
        if share != rows.standing.others[owner]:
            _store_share(rows.others[owner], share)


def _store_share(row: PositionShare, share: Share) -> None:
    row.reserved_quantity, row.opened_at = share.offered, share.opened_at
    _store_lot(row, share.lot, "reserved_quantity", "opened_at")


def _store_lot(row: Position | PositionShare, lot: Lot, *columns: str) -> None:
    row.quantity, row.cost, row.realised, row.fees = (
        lot.quantity,
        lot.cost,
        lot.realised,
        lot.fees,
    )
    row.save(update_fields=["quantity", "cost", "realised", "fees", *columns])


def _store_order(order: Order, standing: Standing, *, at: datetime) -> None:
    order.filled_quantity = standing.filled_quantity
    order.filled_value = standing.filled_value
    order.fees = standing.fees
    order.reserved_cash = standing.reserved_cash
    order.first_fill_at, order.last_fill_at = order.first_fill_at or at, at
    order.save(
        update_fields=[
            "filled_quantity",
            "filled_value",
            "fees",
            "reserved_cash",
            "first_fill_at",
            "last_fill_at",
        ]
    )


def _move_money(order: Order, bookings: Iterable[Booking]) -> None:
    cash = freed = ZERO
    for booking in bookings:
        cash, freed = cash + booking.report.cash_change, freed + booking.freed_cash
    Account.objects.filter(id=order.account_id).update(
        cash=F("cash") + cash, reserved=F("reserved") - freed
    )


def _lower_balances(order: Order, trades: Iterable[Trade], bookings: Iterable[Booking]) -> None:
    """Take from the balances what fees in other currencies owe; a rebate raises them."""
    owed: dict[str, Decimal] = {}
    for reported, booking in zip(trades, bookings, strict=True):
        if booking.owed:
            before = owed.get(reported.fee_currency, ZERO)
            owed[reported.fee_currency] = before + booking.owed
    for currency, amount in owed.items():
        balance, _ = Balance.objects.get_or_create(account_id=order.account_id, currency=currency)
        Balance.objects.filter(id=balance.id).update(quantity=F("quantity") - amount)


def _fill(order: Order, reported: Trade, booking: Booking, *, at: datetime) -> Fill:
    return Fill(
        account_id=order.account_id,
        order=order,
        permission_id=order.permission_id,
        instrument_id=order.instrument_id,
        trade_id=reported.trade_id,
        side=order.side,
        quantity=reported.quantity,
        price=reported.price,
        value=booking.report.value,
        fee=booking.report.fees,
        fee_amount=reported.fee,
        fee_currency=reported.fee_currency,
        is_maker=reported.is_maker,
        realised=booking.realised,
        as_of=reported.as_of,
        at=at,
    )


def _follow(order: Order, report: Report, *, at: datetime) -> None:
    """Take over the exchange's state of the order.

    An order that is called filled before all of its trades are reported stays at work until they
    are, because nobody asks about an order that has ended.
    """
    if order.state in TERMINAL:
        return
    if order.exchange_order_id != report.exchange_order_id:
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


def _journal(order: Order, reported: Trade, booking: Booking, *, at: datetime) -> None:
    record(
        stream=account_stream(order.account_id),
        kind="agent.trade.executed",
        actor="exchange",
        subject=f"order:{order.id}",
        payload={
            "order": order.id,
            "permission": order.permission_id,
            "reason": order.reason,
            **executed(booking, reported),
        },
        at=at,
        as_of=reported.as_of,
    )
