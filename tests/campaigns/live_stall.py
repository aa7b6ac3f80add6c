"""A live account at the exchange of our own that fails on purpose, and orders of a person."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from market.domain.instruments import instrument_id
from market.domain.ticks import Tick
from market.models import Feed, Instrument
from market.services.quotes import store_quotes
from tests.exchanges.serving import ServedExchange
from trading.domain.credentials import Credentials
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, Source
from trading.models import Account
from trading.services.decisions import Verdict, decide
from trading.services.live import Connection, confirm_live, open_live_account, phrase_for
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import User

FEED, VENUE, CURRENCY, MAIN = "venue", "binance", "USDT", "main"
CASH = Decimal(10_000_000)
CLOCK = SystemClock()
FRESH_SECONDS, ORDERS_A_MINUTE = 86_400, 1_000_000
TERMS = {
    "BTC": (Decimal("0.01"), Decimal("0.00001"), Decimal(10), Decimal(60_000)),
    "ETH": (Decimal("0.05"), Decimal("0.0001"), Decimal(5), Decimal(3_000)),
    "SOL": (Decimal("0.001"), Decimal("0.01"), Decimal(1), Decimal(150)),
    "BNB": (Decimal("0.1"), Decimal("0.001"), Decimal(5), Decimal(600)),
}
"""Tick, lot, minimum notional and price, as the exchange has them."""
ASSETS = tuple(TERMS)
HOLDINGS: dict[str, str] = dict.fromkeys(ASSETS, "0")


def symbol(asset: str) -> str:
    return f"{asset}/{CURRENCY}"


def instrument(asset: str) -> UUID:
    return instrument_id(venue=VENUE, symbol=symbol(asset))


def open_stall(*, account_id: UUID, venue: ServedExchange) -> Account:
    """Prices, and an account that holds nothing but cash and is confirmed for real money."""
    feed = Feed.objects.create(name=FEED, kind=Feed.Kind.SYNTHETIC)
    for asset in ASSETS:
        _list(asset)
    at = CLOCK.now()
    store_quotes(feed=FEED, ticks=[_tick(asset) for asset in ASSETS], now=at)
    venue.do("limits", weight=None, orders=None)
    venue.account(MAIN, balances={**HOLDINGS, CURRENCY: str(CASH)})
    account = open_live_account(
        account_id=account_id,
        owner=User.objects.create_user("live"),
        name="Live",
        feed=feed,
        base_currency=CURRENCY,
        time_zone="UTC",
        connection=Connection(
            exchange=VENUE,
            sandbox=False,
            base_url=venue.url,
            balances={CURRENCY: CASH},
            clock_offset=timedelta(0),
            can_withdraw=False,
        ),
        credentials=Credentials(f"key-of-{MAIN}", f"secret-of-{MAIN}"),
        actor="campaign",
        at=at,
    )
    confirm_live(account_id=account_id, typed=phrase_for(account), actor="campaign", at=at)
    Account.objects.filter(id=account_id).update(
        max_price_age_seconds=FRESH_SECONDS, max_orders_per_minute=ORDERS_A_MINUTE
    )
    return account


def buy(*, account_id: UUID, key: str, asset: str, lots: int) -> Verdict:
    """The gate's answer to a person who buys so many lots at the market."""
    at = CLOCK.now()
    _, lot, notional, price = TERMS[asset]
    least = (2 * notional / price // lot) * lot
    request = OrderRequest(
        intent_key=key,
        source=Source.PERSON,
        instrument_id=instrument(asset),
        side=Side.BUY,
        quantity=least + lot * lots,
    )
    return decide(account_id=account_id, request=request, actor="campaign", now=at, at=at)


def _list(asset: str) -> None:
    tick, lot, notional, _ = TERMS[asset]
    Instrument.objects.create(
        id=instrument(asset),
        symbol=symbol(asset),
        name=symbol(asset),
        asset_class="crypto",
        venue=VENUE,
        tick_size=tick,
        lot_size=lot,
        minimum_notional=notional,
        calendar="24/7",
        currency=CURRENCY,
    )


def _tick(asset: str) -> Tick:
    tick, _, _, price = TERMS[asset]
    return Tick(
        instrument_id=instrument(asset),
        symbol=symbol(asset),
        at=CLOCK.now(),
        bid=price - tick,
        ask=price + tick,
        last=price,
        volume=Decimal(10**9),
    )
