"""How a venue is asked for orders and trades, and told to cancel, in the usual way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from trading.domain.exchange import Sent
from trading.exchanges.ccxt.asking import Answered, Asker
from trading.exchanges.ccxt.client import Api
from trading.exchanges.ccxt.naming import venue_id
from trading.exchanges.ccxt.reading import EPOCH, Row, client_id_of
from trading.exchanges.ccxt.terms import VenueTerms
from tradingfarm.kernel.clock import Clock

BEFORE = timedelta(seconds=60)
"""An order is looked for from this long before its attempt on."""
MANY = 4
MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Since 1970, as venues count."""
    return (moment - EPOCH) // MILLISECOND


class Desk:
    """One venue. Everything raises ExchangeUnavailable; rows are ccxt's."""

    def __init__(self, *, asker: Asker, clock: Clock) -> None:
        self.asker, self._clock = asker, clock

    @property
    def api(self) -> Api:
        return self.asker.api

    @property
    def terms(self) -> VenueTerms:
        return self.asker.terms

    def orders(self, orders: Sequence[Sent]) -> Mapping[str, Row]:
        """What the venue knows of these orders, by our client id.

        Of many orders most are open, and one question tells of all of those.
        """
        found = self._among_open(orders) if len(orders) >= MANY else {}
        for order in orders:
            if order.client_order_id not in found:
                row = self.order(order)
                found |= {} if row is None else {order.client_order_id: row}
        return found

    def _among_open(self, orders: Sequence[Sent]) -> dict[str, Row]:
        rows = self.open_orders()
        by_name = {client_id_of(row, terms=self.terms): row for row in rows}
        by_id = {row["id"]: row for row in rows}
        told = {
            order.client_order_id: by_id.get(order.exchange_order_id)
            or by_name.get(order.client_order_id)
            for order in orders
        }
        return {name: row for name, row in told.items() if row is not None}

    def order(self, order: Sent) -> Row | None:
        answered = self.asker.ask_unless(
            lambda: self.api.fetch_order(
                order.exchange_order_id or None, order.symbol, self._names(order)
            ),
            unless=self.terms.absent,
        )
        return None if answered is None else answered.found

    def _names(self, order: Sent) -> dict[str, str]:
        """The parameters that name an order whose id at the venue is not known."""
        if order.exchange_order_id:
            return {}
        told = venue_id(order.client_order_id, terms=self.terms)
        return {self.terms.client_id_parameter: told}

    def open_orders(self) -> list[Row]:
        rows: list[Row] = self.asker.ask(self.api.fetch_open_orders).found
        return rows

    def trades_of(self, row: Row) -> list[Row]:
        """All trades of one order, as ccxt's rows; others may be among them."""
        raise NotImplementedError

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        """All trades of the account; of `symbols` alone where the venue needs to be told."""
        raise NotImplementedError

    def cancel(self, order: Sent) -> None:
        self.asker.tell_unless(
            lambda: self.api.cancel_order(
                order.exchange_order_id or None, order.symbol, self._names(order)
            ),
            unless=self.terms.too_late_to_cancel,
        )

    def time(self) -> tuple[datetime, datetime]:
        """What the venue's clock showed, and ours then."""
        answered = self.asker.ask(self.api.fetch_time)
        return self._moments(answered.found, answered)

    def _moments(self, told_ms: int, answered: Answered) -> tuple[datetime, datetime]:
        told = EPOCH + timedelta(milliseconds=told_ms)
        return told, answered.trip.midway or self._clock.now()

    def may_withdraw(self) -> bool | None:
        """Whether the key may move money out; None where the venue does not tell."""
        return None

    def _windows(self, since: datetime) -> Iterator[tuple[int, dict[str, int]]]:
        """The time from `since` on in pieces that one question may span: start and parameters.

        In milliseconds. The last piece is open: the venue's clock may be ahead of ours.
        """
        step = self.terms.trade_window
        while step is not None and since + step < self._clock.now():
            yield milliseconds(since), {"until": milliseconds(since + step)}
            since += step
        yield milliseconds(since), {}
