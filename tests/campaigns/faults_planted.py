"""Bugs that are planted on purpose, in one process: the campaign must find each."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import trading.exchanges.ccxt.exchange as adapter
from trading.domain.exchange import Outcome, OutcomeKind, Placing
from trading.exchanges.ccxt import reading
from trading.exchanges.ccxt.exchange import CcxtExchange
from trading.loop import steps
from trading.services import orders
from trading.services.sending import settle


def plant(bug: str) -> None:
    """Break this process by name; nothing for no name."""
    if bug:
        BUGS[bug]()


def _resend() -> None:
    """A sender that sends again when it does not know."""
    place = CcxtExchange.place

    def twice(self: CcxtExchange, placing: Placing) -> Outcome:
        outcome = place(self, placing)
        return place(self, placing) if outcome.kind is OutcomeKind.UNKNOWN else outcome

    CcxtExchange.place = twice  # type: ignore[method-assign] # the planted bug itself


def _fee() -> None:
    """A ledger that forgets what trades cost."""
    read = reading.trade_row

    def free(row: Any, **named: Any) -> reading.TradeRow:
        told = read(row, **named)
        return replace(told, trade=replace(told.trade, fee=Decimal(0)))

    adapter.trade_row = free  # type: ignore[attr-defined] # where it is asked


def _forget() -> None:
    """A sender that takes silence for a refusal."""

    def refused(*, order_id: UUID, token: int, outcome: Outcome, at: datetime) -> None:
        if outcome.kind is OutcomeKind.UNKNOWN:
            outcome = replace(outcome, kind=OutcomeKind.REJECTED)
        settle(order_id=order_id, token=token, outcome=outcome, at=at)

    steps.settle = refused  # type: ignore[attr-defined] # where it is asked


def _leak() -> None:
    """An order that ends and keeps what it had set aside."""
    orders.release_cash = lambda **_: None


BUGS = {"resend": _resend, "fee": _fee, "forget": _forget, "leak": _leak}
