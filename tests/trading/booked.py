"""Trades that an exchange told, booked, and what is asked of the books afterwards."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid5

from tests.factories import NOW, wall
from tests.trading.steps import report
from trading.domain.exchange import Trade
from trading.domain.states import OrderState, Source
from trading.models import Account, CashMovement, Order, Position, PositionShare
from trading.services.fills import ingest
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent


def taken(order, *trades, state=OrderState.OPEN):
    new = ingest(order_id=order.id, report=report(order, *trades, state=state), at=wall())
    order.refresh_from_db()
    return new


def account_of(desk):
    return Account.objects.get(id=desk.account.id)


def assert_whole(desk):
    """Cash and cost less what was realised are the deposits, by position and by share."""
    deposits = sum(CashMovement.objects.values_list("amount", flat=True))
    cash = account_of(desk).cash
    for lots in (Position.objects.all(), PositionShare.objects.all()):
        assert cash + sum(row.cost - row.realised for row in lots) == deposits


def told(order, *trades, state=OrderState.OPEN):
    """Ingest trades as the exchange told them, with their fees in whichever currency."""
    said = replace(report(order, state=state), trades=tuple(trades))
    ingest(order_id=order.id, report=said, at=wall())
    order.refresh_from_db()


def made(trade_id, quantity, price, fee="0", currency="", *, as_of=NOW, is_maker=False):
    return Trade(
        trade_id, Decimal(quantity), Decimal(price), Decimal(fee), as_of, currency, is_maker
    )


def executed(desk):
    """The payload of the newest trade in the journal."""
    events = JournalEvent.objects.filter(
        stream=account_stream(desk.account.id), kind="agent.trade.executed"
    )
    return events.latest("seq").payload


def external(desk, side, quantity):
    """An order of people at the exchange itself, as it is adopted."""
    return Order.objects.create(
        id=uuid5(desk.account.id, f"external-{side}"),
        account=desk.account,
        instrument=desk.instrument,
        intent_key=f"external-{side}",
        client_order_id=f"external-{side}",
        source=Source.EXTERNAL,
        side=side,
        quantity=quantity,
        expected_price=0,
        worst_price=0,
        state=OrderState.OPEN,
        epoch=0,
        as_of=NOW,
        approved_at=wall(),
        attempt_at=wall(),
        expires_at=wall(),
    )
