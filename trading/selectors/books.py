"""The account as a Book: two statements, however many positions and orders it has."""

import threading
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings

from market.domain.sessions import Session
from market.models import Instrument
from market.selectors.calendars import ALWAYS_OPEN, calendar_of
from trading.domain.book import AccountLimits, Book, Terms
from trading.domain.checks import DUPLICATE_WINDOW, RATE_WINDOW
from trading.domain.days import Reckoning
from trading.domain.requests import OrderRequest
from trading.domain.states import HaltState
from trading.selectors import book_rows
from trading.selectors.book_rows import LOAD
from trading.selectors.ceilings import bound, ceilings, farm_limits, limits_of
from trading.selectors.turns import turn_of
from tradingfarm.kernel.money import ZERO
from tradingfarm.kernel.prepared import Row, prepared
from tradingfarm.kernel.statements import Values

# The turn is waited for while the row is looked up, before it is locked. Only columns of the row
# itself are read here: PostgreSQL reads these anew once it has the lock, but another table's as
# they were when the statement began.
LOCK = """
SELECT id, kind = 'live' AS live, halt_state, is_ready, epoch, cash, reserved, fee_rate,
  max_price_age_seconds, feed_id, time_zone, pending_time_zone, day, day_began_at,
  day_start_equity, high_water_equity, max_sector_pct, max_daily_loss_pct, reduce_drawdown_pct,
  max_orders_per_minute, slice_above
FROM (SELECT pg_advisory_xact_lock(%(turns)s::integer, %(turn)s::integer)) taken,
  trading_account a WHERE id = %(account)s FOR NO KEY UPDATE OF a
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
    is_ready: bool
    epoch: int
    cash: Decimal
    reserved: Decimal
    fee_rate: Decimal
    max_price_age_seconds: int
    feed_name: str
    time_zone: str
    day: date | None
    day_start_equity: Decimal | None
    high_water: Decimal | None
    limits: AccountLimits
    slice_above: Decimal | None
    day_has_ended: bool


@dataclass(frozen=True)
class Earlier:
    """What was decided before for the same intent. An order may be a parent, sent in slices."""

    assessment_id: UUID
    approved: bool
    order_id: UUID | None
    confirmation_id: UUID | None
    denials: tuple[str, ...]
    quantity: Decimal


@dataclass(frozen=True)
class Loaded:
    """The book, what was decided before for the same intent, and the market time of both."""

    book: Book
    earlier: Earlier | None
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
    with prepared() as cursor:
        cursor.execute(LOCK, {"account": account_id} | turn_of(account_id))
        row: Row = cursor.fetchone()
    if row is None:
        raise NoSuchAccount(f"There is no account {account_id}.")
    reckoning = Reckoning.stored(row.day, row.day_began_at, row.time_zone, row.pending_time_zone)
    return LockedAccount(
        id=row.id,
        live=row.live,
        halt_state=HaltState(row.halt_state),
        is_ready=row.is_ready,
        epoch=row.epoch,
        cash=row.cash,
        reserved=row.reserved,
        fee_rate=row.fee_rate,
        max_price_age_seconds=row.max_price_age_seconds,
        feed_name=row.feed_id,
        time_zone=row.time_zone,
        day=row.day,
        day_start_equity=row.day_start_equity,
        high_water=row.high_water_equity,
        limits=AccountLimits(
            max_sector_pct=row.max_sector_pct,
            max_daily_loss_pct=row.max_daily_loss_pct,
            reduce_drawdown_pct=row.reduce_drawdown_pct,
            max_orders_per_minute=row.max_orders_per_minute,
        ),
        slice_above=row.slice_above,
        day_has_ended=reckoning.next_day(now) is not None,
    )


def load_book(
    *,
    account: LockedAccount,
    request: OrderRequest,
    now: datetime,
    goes_along: bool = False,
) -> Loaded:
    """Everything the gate reads for `request`, under the lock that the caller holds.

    A replay may have played on since `now` was read; with `goes_along` its clock, as it was when
    its prices were, counts where it is later. Raises NoSuchInstrument.
    """
    asked: Values = {
        "account": account.id,
        "live": account.live,
        "permission": request.permission_id,
        "feed": account.feed_name,
        "instrument": request.instrument_id,
        "side": request.side,
        "quantity": request.quantity,
        "intent_key": request.intent_key,
        "now": now,
        "goes_along": goes_along,
        "most_orders": account.limits.max_orders_per_minute + 1,
        "rate_window": RATE_WINDOW,
        "duplicate_window": DUPLICATE_WINDOW,
        "volatility_index": settings.VOLATILITY_INDEX_SYMBOL,
    }
    with prepared() as cursor:
        cursor.execute(LOAD, asked)
        row: Row = cursor.fetchone()
    if row.symbol is None:
        raise NoSuchInstrument(f"There is no instrument {request.instrument_id}.")
    book = _permitted(_book(account, request.instrument_id, row), row)
    return Loaded(book, _earlier(row), row.now)


def _book(account: LockedAccount, instrument_id: UUID, row: Row) -> Book:
    return Book(
        account_id=account.id,
        halt_state=account.halt_state,
        is_ready=account.is_ready,
        agents_enabled=settings.ENABLE_AGENT_TRADING,
        cash=account.cash,
        reserved=account.reserved,
        fee_rate=account.fee_rate,
        day=account.day or row.now.date(),
        day_start_equity=account.day_start_equity or ZERO,
        time_zone=account.time_zone,
        max_price_age_seconds=account.max_price_age_seconds,
        account_limits=account.limits,
        farm_limits=farm_limits(),
        high_water=account.high_water,
        missing_hands=_missing_hands(row) if account.live else None,
        holdings=book_rows.holdings(row),
        prices=book_rows.prices(row),
        terms={instrument_id: _terms(row)},
        sectors=dict(zip(row.held_ids, row.held_sectors, strict=True)),
        statistics={instrument_id: book_rows.statistics(row)},
        volatility_index=row.volatility_index,
        recent=book_rows.recent(row, instrument_id=instrument_id, window=DUPLICATE_WINDOW),
        orders_last_minute=row.orders_last_minute,
        breakers=book_rows.breakers(row),
        confirmed=book_rows.confirmed(row),
        overridden=book_rows.overridden(row),
    )


def _missing_hands(row: Row) -> tuple[str, ...]:
    """Which of the three hands are not there that an account with real money needs."""
    hands = {
        "trading is switched off": settings.ENABLE_AGENT_TRADING,
        "the mode is paper": settings.AGENT_TRADING_MODE == "live",
        "not confirmed": row.live_is_confirmed,
    }
    return tuple(words for words, is_there in hands.items() if not is_there)


def _terms(row: Row) -> Terms:
    session = calendar_of(row.calendar).session_of(row.now)
    return Terms(
        symbol=row.symbol,
        tick_size=row.tick_size,
        lot_size=row.lot_size,
        minimum_notional=row.minimum_notional,
        market_open=session is not None,
        is_crypto=row.asset_class == Instrument.AssetClass.CRYPTO,
        sector=row.sector,
        closes_at=_closes_at(row.calendar, session),
    )


def _closes_at(calendar: str, session: Session | None) -> datetime | None:
    return None if session is None or calendar == ALWAYS_OPEN else session.closes_at


def _permitted(book: Book, row: Row) -> Book:
    """The book with the asker's limits, within the ceilings, and what it has used of them."""
    if row.agent_name is None:
        return book
    is_today = row.day == book.day
    usage = book_rows.usage(row, is_today=is_today, agent_pnl=book.agent_pnl)
    limits = limits_of(row, agents=row.agents)
    widest = ceilings().widest(limits)
    return replace(book, limits=bound(limits), ceilings=widest, usage=usage)


def _earlier(row: Row) -> Earlier | None:
    if row.earlier_id is None:
        return None
    return Earlier(
        assessment_id=row.earlier_id,
        approved=row.earlier_approved,
        order_id=row.earlier_order or row.earlier_parent,
        confirmation_id=row.earlier_confirmation,
        denials=tuple(row.earlier_denials),
        quantity=Decimal(row.earlier_quantity),
    )
