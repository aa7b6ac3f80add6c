"""A live account at one of six venues, spoken to through ccxt.

ccxt writes addresses and signatures and reads rows. Whether an order was taken or refused is
decided by what went over the wire alone (`outcomes.py`).
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from trading.domain.credentials import Credentials
from trading.domain.exchange import (
    ExchangeUnavailable,
    FoundOrder,
    FoundTrade,
    Outcome,
    OutcomeKind,
    Placing,
    Report,
    Sent,
)
from trading.exchanges.ccxt.asking import Asker
from trading.exchanges.ccxt.client import OLDEST_MARKETS, Misconfigured, connect
from trading.exchanges.ccxt.desks import DESKS, Desk
from trading.exchanges.ccxt.naming import BadClientId, venue_id
from trading.exchanges.ccxt.ordering import Request, request_for
from trading.exchanges.ccxt.outcomes import outcome_of
from trading.exchanges.ccxt.reading import (
    BadRow,
    OrderRow,
    Row,
    TradeRow,
    balances,
    client_id_of,
    found_order,
    found_trade,
    is_at_work,
    least_offset,
    order_row,
    report,
    told_apart,
    trade_row,
)
from trading.exchanges.ccxt.sending import check_exact, send
from trading.exchanges.ccxt.venues import VENUES
from tradingfarm.kernel.clock import Clock


class CcxtExchange:
    """One account. Requests wait for each other, so that an order gets in between questions."""

    def __init__(  # noqa: PLR0913 - these are the facts of one account
        self,
        *,
        venue: str,
        credentials: Credentials,
        base_currency: str,
        sandbox: bool,
        base_url: str,
        clock: Clock,
        account_id: UUID,
        symbols: Iterable[str] = (),
    ) -> None:
        """Raises Misconfigured. Nothing is sent and ccxt is not imported before the first call.

        `symbols` are traded by the account; a venue that tells trades by symbol only is asked for
        these, for whatever was placed or asked about here, and for all that the account holds.
        """
        if venue not in VENUES:
            raise Misconfigured(f"There is no venue {venue!r}; there are {', '.join(VENUES)}.")
        self._terms = VENUES[venue]
        self.delays, self.capabilities = self._terms.delays, self._terms.capabilities
        self._credentials, self._sandbox, self._base_url = credentials, sandbox, base_url
        self._base_currency, self._clock, self._account_id = base_currency, clock, account_id
        self._symbols = set(symbols)
        self._names: dict[str, str] = {}
        self._opening = threading.Lock()
        self._desk: Desk | None = None

    def place(self, placing: Placing) -> Outcome:
        """Send the order, once. Nothing is sent for what the venue is not known to take."""
        try:
            desk = self._prepared(placing)
        except Exception as error:  # noqa: BLE001 - place never raises, and no order has left yet
            return _not_sent(str(error))
        trip, problem = send(
            partial(self._request, placing), client=desk.asker.client, deadline=placing.deadline
        )
        if trip is None:
            return _not_sent(problem)
        told = venue_id(placing.client_order_id, terms=self._terms)
        outcome = outcome_of(trip, terms=self._terms, client_id=told)
        self._learn(outcome.exchange_order_id, placing.client_order_id, placing.symbol)
        return outcome

    def _request(self, placing: Placing) -> Request:
        """As it is to leave now. Raises NotOffered and BadClientId."""
        return request_for(placing, terms=self._terms, now=self._clock.now())

    def _prepared(self, placing: Placing) -> Desk:
        """Raises NotOffered, BadClientId, NotExact and ExchangeUnavailable."""
        self._own(placing.account_id)
        # Looked at first: the markets are not loaded for an order that cannot be sent.
        request = self._request(placing)
        desk = self._opened()
        if desk.asker.client.markets_are_older_than(OLDEST_MARKETS):
            desk.asker.ready()
        check_exact(request, api=desk.api)
        return desk

    def reports(self, *, orders: Iterable[Sent]) -> Mapping[str, Report]:
        asked = [order for order in orders if self._could_be_there(order)]
        if not asked:
            return {}
        desk = self._ready()
        rows = desk.orders(asked)
        return {
            order.client_order_id: self._report(order, rows[order.client_order_id], desk)
            for order in asked
            if order.client_order_id in rows
        }

    def _report(self, order: Sent, row: Row, desk: Desk) -> Report:
        with _reading():
            told = order_row(row, terms=self._terms)
        self._learn(told.exchange_order_id, order.client_order_id, order.symbol)
        trades: tuple[TradeRow, ...] = ()
        if told.filled:
            made = self._trade_rows(desk.trades_of(row))
            trades = tuple(row for row in made if row.exchange_order_id == told.exchange_order_id)
        return report(
            told,
            client_order_id=order.client_order_id,
            trades=tuple(row.trade for row in trades),
            terms=self._terms,
        )

    def cancel(self, *, order: Sent) -> None:
        if self._could_be_there(order):
            self._ready().cancel(order)

    def open_orders(self, *, account_id: UUID) -> tuple[FoundOrder, ...]:
        self._own(account_id)
        return tuple(found_order(order) for order in self._at_work(self._ready()))

    def _at_work(self, desk: Desk) -> list[OrderRow]:
        with _reading():
            orders = [order_row(row, terms=self._terms) for row in desk.open_orders()]
        orders = [order for order in orders if is_at_work(order, terms=self._terms)]
        for order in orders:
            self._learn(order.exchange_order_id, order.client_order_id, order.symbol)
        return orders

    def trades(self, *, account_id: UUID, since: datetime) -> tuple[FoundTrade, ...]:
        self._own(account_id)
        desk = self._ready()
        symbols = self._traded(desk) if self._terms.trades_need_symbol else ()
        rows = self._trade_rows(desk.trades(since=since, symbols=symbols))
        names = self._client_ids(rows, desk)
        return tuple(
            found_trade(row, client_order_id=names[row.exchange_order_id]) for row in rows
        )

    def _trade_rows(self, rows: Iterable[Row]) -> tuple[TradeRow, ...]:
        with _reading():
            return told_apart(
                trade_row(row, base_currency=self._base_currency, terms=self._terms)
                for row in rows
            )

    def _client_ids(self, rows: Iterable[TradeRow], desk: Desk) -> Mapping[str, str]:
        """The client id of each order that traded; a venue that leaves it out is asked."""
        unknown: dict[str, Sent] = {}
        for row in rows:
            order_id = row.exchange_order_id
            if row.client_order_id:
                self._names[order_id] = row.client_order_id
            elif order_id not in self._names:
                unknown[order_id] = Sent(
                    account_id=self._account_id,
                    client_order_id=order_id,
                    exchange_order_id=order_id,
                    symbol=row.symbol,
                    since=row.trade.as_of,
                )
        found = desk.orders(list(unknown.values()))
        for order_id in unknown:
            order = found.get(order_id)
            self._names[order_id] = client_id_of(order, terms=self._terms) if order else ""
        return self._names

    def _traded(self, desk: Desk) -> set[str]:
        """Symbols that the account may have traded: named, seen, resting or held."""
        symbols = self._symbols | {order.symbol for order in self._at_work(desk)}
        symbols |= {f"{asset}/{self._base_currency}" for asset in self._held(desk)}
        return symbols & set(desk.api.markets)

    def balances(self, *, account_id: UUID) -> Mapping[str, Decimal]:
        self._own(account_id)
        return self._held(self._ready())

    def _held(self, desk: Desk) -> Mapping[str, Decimal]:
        row = desk.asker.ask(desk.api.fetch_balance).found
        with _reading():
            return balances(row)

    def clock_offset(self, *, account_id: UUID) -> timedelta:
        """As little as the venue's clock can be ahead; one that tells seconds hides the rest."""
        self._own(account_id)
        told, ours = self._opened().time()
        return least_offset(told, ours, step=self._terms.clock_step)

    def arm_dead_man(self, *, account_id: UUID, timeout: timedelta) -> None:
        self._own(account_id)
        if not self.capabilities.dead_man:
            raise ExchangeUnavailable(f"{self._terms.title} has no dead-man timer.")
        desk = self._ready()
        told = timeout // timedelta(milliseconds=1)
        desk.asker.ask(lambda: desk.api.cancel_all_orders_after(told))

    def withdrawal_allowed(self) -> bool | None:
        """Whether the key may move money out of the venue.

        None where the venue does not tell, and for play money.
        """
        return None if self._sandbox else self._opened().may_withdraw()

    def close(self) -> None:
        """Let go of the connections."""
        if self._desk is not None:
            self._desk.asker.client.wire.close()

    def _own(self, account_id: UUID) -> None:
        if account_id != self._account_id:
            raise Misconfigured("This is the exchange of another account.")

    def _could_be_there(self, order: Sent) -> bool:
        """Whether the venue can know the order: under its own id, or under a name it takes."""
        self._own(order.account_id)
        if order.exchange_order_id:
            return True
        try:
            venue_id(order.client_order_id, terms=self._terms)
        except BadClientId:
            return False
        return True

    def _learn(self, exchange_order_id: str, client_order_id: str, symbol: str) -> None:
        self._symbols.add(symbol)
        if exchange_order_id:
            self._names[exchange_order_id] = client_order_id

    def _opened(self) -> Desk:
        """Raises Misconfigured."""
        with self._opening:
            if self._desk is None:
                client = connect(
                    terms=self._terms,
                    credentials=self._credentials,
                    sandbox=self._sandbox,
                    base_url=self._base_url,
                    clock=self._clock,
                )
                asker = Asker(client=client, terms=self._terms)
                self._desk = DESKS[self._terms.ccxt_id](asker=asker, clock=self._clock)
            return self._desk

    def _ready(self) -> Desk:
        """Raises ExchangeUnavailable."""
        desk = self._opened()
        desk.asker.ready()
        return desk


def _not_sent(problem: str) -> Outcome:
    return Outcome(OutcomeKind.REJECTED, problem=f"Nothing was sent: {problem}"[:200])


@contextmanager
def _reading() -> Iterator[None]:
    """Rows that cannot be read are no answer."""
    try:
        yield
    except BadRow as error:
        raise ExchangeUnavailable(f"The venue's answer cannot be read: {error}") from error
