"""The account as a Book: two statements, however many positions and orders it has."""

import json
import threading
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from market.models import Instrument
from market.selectors.calendars import calendar_of
from trading.domain.book import (
    Book,
    Holding,
    Limits,
    Price,
    RecentOrder,
    Terms,
    TradingHours,
    Usage,
)
from trading.domain.checks import DUPLICATE_WINDOW
from trading.domain.ledger import Lot
from trading.domain.states import HaltState, Side
from trading.selectors.ceilings import ceilings
from trading.selectors.turns import await_turn
from tradingfarm.kernel.money import ZERO

LOCK = """
SELECT id, kind, halt_state, epoch, cash, reserved, fee_rate, max_price_age_seconds, feed_id,
       day, day_start_equity, (%(now)s AT TIME ZONE time_zone)::date AS today
FROM trading_account WHERE id = %(account)s FOR NO KEY UPDATE
"""

# A second statement on purpose: it sees what the lock waited for. Numbers travel as text because
# JSON numbers would become floats.
LOAD = """
SELECT
  (SELECT to_jsonb(p) FROM (
     SELECT agent_name, active, max_order_value::text, max_position_value::text,
            max_allocation_pct::text, max_daily_entries, max_daily_loss::text,
            max_open_positions, allowed_symbols, blocked_symbols, price_collar_pct::text,
            stop_required, hours_start, hours_end, hours_zone, day, entries_today,
            day_start_pnl::text
     FROM trading_permission WHERE id = %(permission)s AND account_id = %(account)s) p),
  (SELECT jsonb_agg(to_jsonb(h)) FROM (
     SELECT i.id, i.symbol, i.tick_size::text, i.lot_size::text, i.minimum_notional::text,
            i.calendar, q.bid::text, q.ask::text, q.last::text, q.as_of,
            p.quantity::text, p.cost::text, p.realised::text, p.fees::text,
            s.quantity::text AS share_quantity, s.cost::text AS share_cost,
            s.realised::text AS share_realised, s.fees::text AS share_fees,
            s.reserved_quantity::text AS share_reserved,
            w.quantity::text AS buying_quantity, w.cash::text AS buying_cash,
            w.share_cash::text AS share_buying_cash, w.unresolved
     FROM market_instrument i
     LEFT JOIN trading_position p ON p.instrument_id = i.id AND p.account_id = %(account)s
     LEFT JOIN trading_positionshare s ON s.position_id = p.id
       AND s.permission_id IS NOT DISTINCT FROM %(permission)s
     LEFT JOIN market_quote q ON q.instrument_id = i.id AND q.feed_id = %(feed)s
     LEFT JOIN (
       SELECT instrument_id,
              sum(quantity - filled_quantity) FILTER (WHERE side = 'buy') AS quantity,
              sum(reserved_cash) AS cash,
              sum(reserved_cash) FILTER (
                WHERE permission_id IS NOT DISTINCT FROM %(permission)s) AS share_cash,
              bool_or(state = 'UNKNOWN' OR state = 'SUBMITTING' AND deadline < clock_timestamp())
                AS unresolved
       FROM trading_order
       WHERE account_id = %(account)s AND state NOT IN
         ('CANCELED', 'EXPIRED', 'EXPIRED_LOCAL', 'FILLED', 'NOT_PLACED', 'REJECTED')
       GROUP BY instrument_id) w ON w.instrument_id = i.id
     WHERE i.id = %(instrument)s OR p.quantity > 0 OR w.cash > 0
       OR s.realised <> 0) h),
  (SELECT jsonb_agg(to_jsonb(r)) FROM (
     SELECT instrument_id, side, quantity::text, as_of, state NOT IN
         ('CANCELED', 'EXPIRED', 'EXPIRED_LOCAL', 'FILLED', 'NOT_PLACED', 'REJECTED') AS at_work
     FROM trading_order
     WHERE permission_id = %(permission)s AND instrument_id = %(instrument)s
     ORDER BY as_of DESC LIMIT 20) r),
  (SELECT jsonb_build_object('id', id, 'order_id', order_id, 'approved', approved,
                             'denials', denials, 'quantity', request->>'quantity')
   FROM trading_assessment
   WHERE account_id = %(account)s AND intent_key = %(intent_key)s),
  (SELECT to_jsonb(as_of) FROM market_replay WHERE feed_id = %(feed)s)
"""


reading = threading.Lock()


class NoSuchAccount(LookupError):
    """The account does not exist."""


class NoSuchInstrument(LookupError):
    """The instrument does not exist."""


@dataclass(frozen=True)
class LockedAccount:
    """The account's row as it is under its lock."""

    id: UUID
    live: bool
    halt_state: HaltState
    epoch: int
    cash: Decimal
    reserved: Decimal
    fee_rate: Decimal
    max_price_age_seconds: int
    feed_name: str
    day: date | None
    day_start_equity: Decimal | None
    today: date

    @property
    def day_has_ended(self) -> bool:
        return self.day is None or self.today > self.day


@dataclass(frozen=True)
class Loaded:
    """The book, what was decided before for the same intent, and the market time of both."""

    book: Book
    earlier: dict[str, Any] | None
    now: datetime


def know_calendars() -> None:
    """Read the hours of all markets now: the first time takes seconds, too long under a lock.

    One thread reads them, the others wait, however many begin at once.
    """
    with reading:
        for name in Instrument.Calendar.values:
            calendar_of(name)


def lock_account(*, account_id: UUID, now: datetime) -> LockedAccount:
    """Take the account's lock and read its row. Market time `now` says which day it is there.

    Raises NoSuchAccount. Waits at most the connection's lock_timeout.
    """
    await_turn(account_id=account_id)
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"account": account_id, "now": now})
        row = cursor.fetchone()
    if row is None:
        raise NoSuchAccount(f"There is no account {account_id}.")
    return LockedAccount(
        id=row[0],
        live=row[1] == "live",
        halt_state=HaltState(row[2]),
        epoch=row[3],
        cash=row[4],
        reserved=row[5],
        fee_rate=row[6],
        max_price_age_seconds=row[7],
        feed_name=row[8],
        day=row[9],
        day_start_equity=row[10],
        today=row[11],
    )


def load_book(
    *,
    account: LockedAccount,
    permission_id: UUID | None,
    instrument_id: UUID,
    intent_key: str,
    now: datetime,
    goes_along: bool = False,
) -> Loaded:
    """Everything the gate reads for one request, under the lock that the caller holds.

    A replay may have played on since `now` was read; with `goes_along` its clock, as it was when
    its prices were, counts where it is later. Raises NoSuchInstrument.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            LOAD,
            {
                "account": account.id,
                "permission": permission_id,
                "feed": account.feed_name,
                "instrument": instrument_id,
                "intent_key": intent_key,
            },
        )
        row = cursor.fetchone() or ()
    # Django hands jsonb over as text, for its own JSONField to read.
    permission, holdings, recent, earlier, played = (part and json.loads(part) for part in row)
    if goes_along and played:
        now = max(now, datetime.fromisoformat(played))
    book = _book(account, holdings or [], recent or [], now)
    if instrument_id not in book.terms:
        raise NoSuchInstrument(f"There is no instrument {instrument_id}.")
    return Loaded(_with_permission(book, permission), earlier, now)


def _book(
    account: LockedAccount, rows: list[dict[str, Any]], recent: list[dict[str, Any]], now: datetime
) -> Book:
    return Book(
        account_id=account.id,
        halt_state=account.halt_state,
        agents_enabled=settings.ENABLE_AGENT_TRADING,
        cash=account.cash,
        reserved=account.reserved,
        fee_rate=account.fee_rate,
        day=account.day or account.today,
        day_start_equity=account.day_start_equity or ZERO,
        max_price_age_seconds=account.max_price_age_seconds,
        holdings={UUID(row["id"]): _holding(row) for row in rows},
        prices={UUID(row["id"]): _price(row) for row in rows if row["bid"]},
        terms={UUID(row["id"]): _terms(row, now) for row in rows},
        recent=tuple(
            order
            for order in (_recent(row) for row in recent)
            if order.at_work or now - order.as_of < DUPLICATE_WINDOW
        ),
    )


def _holding(row: dict[str, Any]) -> Holding:
    return Holding(
        position=_lot(row, ""),
        share=_lot(row, "share_"),
        share_reserved=_number(row["share_reserved"]),
        buying_quantity=_number(row["buying_quantity"]),
        buying_cash=_number(row["buying_cash"]),
        share_buying_cash=_number(row["share_buying_cash"]),
        unresolved=bool(row["unresolved"]),
    )


def _lot(row: dict[str, Any], prefix: str) -> Lot:
    return Lot(
        *(_number(row[f"{prefix}{name}"]) for name in ("quantity", "cost", "realised", "fees"))
    )


def _price(row: dict[str, Any]) -> Price:
    return Price(
        Decimal(row["bid"]),
        Decimal(row["ask"]),
        Decimal(row["last"]),
        datetime.fromisoformat(row["as_of"]),
    )


def _terms(row: dict[str, Any], now: datetime) -> Terms:
    return Terms(
        symbol=row["symbol"],
        tick_size=Decimal(row["tick_size"]),
        lot_size=Decimal(row["lot_size"]),
        minimum_notional=Decimal(row["minimum_notional"]),
        market_open=calendar_of(row["calendar"]).session_of(now) is not None,
    )


def _recent(row: dict[str, Any]) -> RecentOrder:
    return RecentOrder(
        instrument_id=UUID(row["instrument_id"]),
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        as_of=datetime.fromisoformat(row["as_of"]),
        at_work=row["at_work"],
    )


def _with_permission(book: Book, row: dict[str, Any] | None) -> Book:
    if row is None:
        return book
    today = row["day"] == book.day.isoformat()
    usage = Usage(
        entries=row["entries_today"] if today else 0,
        day_start_pnl=Decimal(row["day_start_pnl"]) if today else book.agent_pnl,
    )
    return book.permitted(limits=ceilings().bound(_limits(row)), usage=usage)


def _limits(row: dict[str, Any]) -> Limits:
    return Limits(
        agent_name=row["agent_name"],
        active=row["active"],
        max_order_value=Decimal(row["max_order_value"]),
        max_position_value=Decimal(row["max_position_value"]),
        max_allocation_pct=Decimal(row["max_allocation_pct"]),
        max_daily_entries=row["max_daily_entries"],
        max_daily_loss=Decimal(row["max_daily_loss"]),
        max_open_positions=row["max_open_positions"],
        allowed_symbols=tuple(row["allowed_symbols"]),
        blocked_symbols=tuple(row["blocked_symbols"]),
        price_collar_pct=Decimal(row["price_collar_pct"]),
        stop_required=row["stop_required"],
        hours=_hours(row),
    )


def _hours(row: dict[str, Any]) -> TradingHours | None:
    if row["hours_start"] is None:
        return None
    start, end = (time.fromisoformat(row[name]) for name in ("hours_start", "hours_end"))
    return TradingHours(start, end, row["hours_zone"])


def _number(text: str | None) -> Decimal:
    return Decimal(text) if text is not None else ZERO
