"""Books, limits and requests as values, for tests of the gate."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.book import (
    AccountLimits,
    Book,
    FarmLimits,
    Holding,
    Limits,
    Price,
    Statistics,
    Terms,
)
from trading.domain.checks import Case
from trading.domain.ledger import Lot
from trading.domain.requests import OrderRequest
from trading.domain.states import HaltState, Side, Source

APPLE, IBM = UUID(int=1), UUID(int=2)
PERMISSION = UUID(int=9)
NOW = datetime(2001, 3, 7, 15, 30, tzinfo=UTC)
ASK, BID = Decimal("100.10"), Decimal("99.90")

LIMITS = Limits(
    agent_name="Technical",
    active=True,
    max_order_value=Decimal(10_000),
    max_position_value=Decimal(10_000),
    max_allocation_pct=Decimal(50),
    max_daily_entries=3,
    max_daily_loss=Decimal(1_000),
    max_open_positions=5,
    allowed_symbols=(),
    blocked_symbols=(),
    price_collar_pct=Decimal(2),
    stop_required=True,
)
TERMS = Terms(
    symbol="AAPL",
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
    minimum_notional=Decimal(10),
    market_open=True,
)
ACCOUNT_LIMITS = AccountLimits(
    max_sector_pct=Decimal(40),
    max_daily_loss_pct=Decimal(5),
    reduce_drawdown_pct=Decimal(10),
    max_orders_per_minute=60,
)
FARM_LIMITS = FarmLimits(
    max_volatility_pct=Decimal(60),
    max_crypto_volatility_pct=Decimal(120),
    min_daily_volume=Decimal(500_000),
    min_daily_notional=Decimal(1_000_000),
    max_volatility_index=Decimal(40),
    judged_exits=10,
    max_average_loss=Decimal(100),
)
CALM = Statistics(Decimal(20), Decimal(1_000_000), Decimal(100_000_000))
PRICE = Price(bid=BID, ask=ASK, last=Decimal(100), as_of=NOW)


def limited(**changes):
    return replace(LIMITS, **changes)


def book(
    *, limits=LIMITS, holding=None, holdings=None, price=PRICE, terms=TERMS, prices=None, **changes
):
    """An account with 100,000 dollars in which an agent may trade one instrument at about 100."""
    held = {APPLE: holding} if holding else {}
    values = {
        "account_id": UUID(int=7),
        "halt_state": HaltState.ACTIVE,
        "is_ready": True,
        "agents_enabled": True,
        "cash": Decimal(100_000),
        "reserved": Decimal(0),
        "fee_rate": Decimal("0.001"),
        "day": date(2001, 3, 7),
        "day_start_equity": Decimal(100_000),
        "time_zone": "America/New_York",
        "max_price_age_seconds": 60,
        "account_limits": ACCOUNT_LIMITS,
        "farm_limits": FARM_LIMITS,
        "holdings": held | (holdings or {}),
        "prices": ({APPLE: price} if price else {}) | (prices or {}),
        "terms": {APPLE: terms},
        "sectors": {APPLE: terms.sector},
        "statistics": {APPLE: CALM},
        "limits": limits,
    }
    return Book(**(values | changes))


def buy(quantity=10, **changes):
    return request(Side.BUY, quantity, {"stop_loss": Decimal(90)} | changes)


def sell(quantity=10, **changes):
    return request(Side.SELL, quantity, changes)


def request(side, quantity, changes):
    values = {
        "intent_key": "because",
        "source": Source.AGENT,
        "instrument_id": APPLE,
        "side": side,
        "quantity": Decimal(quantity),
        "permission_id": PERMISSION,
    }
    return OrderRequest(**(values | changes))


def case(asked=None, *, now=NOW, **changes):
    """What every check is given. `changes` are of the book."""
    made = book(**changes)
    asked = asked or buy()
    return Case(made, asked, made.prices.get(asked.instrument_id), now)


def lot(quantity, cost="0", realised="0", fees="0"):
    return Lot(*(Decimal(value) for value in (quantity, cost, realised, fees)))


def held(quantity, cost=None, *, of_all=None, **changes):
    """An instrument of which the agent holds `quantity`, alone unless `of_all` says more."""
    share = lot(quantity, cost if cost is not None else Decimal(quantity) * 100)
    position = lot(of_all, Decimal(of_all) * 100) if of_all is not None else share
    return Holding(position=position, share=share, **changes)
