"""Instruments whose prices stand still on a feed of a campaign's own, and orders of a person."""

from decimal import Decimal
from uuid import UUID

from market.domain.instruments import instrument_id
from market.domain.ticks import Tick
from market.models import Feed, Instrument, Quote
from market.services.quotes import store_quotes
from trading.domain.requests import OrderRequest
from trading.domain.states import OrderType, Side, Source, TimeInForce
from trading.models import Account
from trading.services.accounts import open_paper_account
from trading.services.decisions import Verdict, decide
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import User

CLOCK = SystemClock()
PRICE = Decimal(100)
FRESH_SECONDS = 86_400
ORDERS_A_MINUTE = 1_000_000


class Stall:
    """A feed and its instruments, each at 100; an account that buys and sells them."""

    def __init__(self, *, name: str, account_id: UUID) -> None:
        self.name = name
        self.account_id = account_id

    def instrument(self, number: int) -> UUID:
        return instrument_id(venue=self.name.upper(), symbol=self._symbol(number))

    def open(self, *, instruments: int, quiet: int = 0, owner: User) -> Account:
        """Instruments, of which the last `quiet` have no price, and the account."""
        feed = Feed.objects.create(name=self.name, kind=Feed.Kind.SYNTHETIC)
        Instrument.objects.bulk_create(map(self._row, range(instruments + quiet)))
        self.quote(*range(instruments))
        account = open_paper_account(
            account_id=self.account_id,
            owner=owner,
            name=self.name.title(),
            feed=feed,
            deposit=Decimal(10**9),
            time_zone="UTC",
            seed=1,
            actor="campaign",
            at=CLOCK.now(),
        )
        # The stall attacks the sender; what the gate thinks of the pace is another campaign's.
        Account.objects.filter(id=account.id).update(
            max_price_age_seconds=FRESH_SECONDS, max_orders_per_minute=ORDERS_A_MINUTE
        )
        return account

    def quote(self, *numbers: int) -> None:
        """A price for each of these instruments, now."""
        at = CLOCK.now()
        store_quotes(feed=self.name, ticks=[self._tick(number) for number in numbers], now=at)

    def silence(self, number: int) -> None:
        """Take the price away: orders in this instrument rest at the exchange."""
        Quote.objects.filter(instrument=self.instrument(number)).delete()

    def order(
        self,
        *,
        key: str,
        number: int,
        quantity: int,
        side: Side = Side.BUY,
        limit: Decimal | None = None,
        permission: UUID | None = None,
    ) -> Verdict:
        """The gate's answer; entries have a stop, an order with a limit rests until canceled."""
        at = CLOCK.now()
        request = OrderRequest(
            intent_key=f"{self.name}:{key}",
            source=Source.AGENT if permission else Source.PERSON,
            instrument_id=self.instrument(number),
            side=side,
            quantity=Decimal(quantity),
            permission_id=permission,
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            time_in_force=TimeInForce.IOC if limit is None else TimeInForce.GTC,
            limit_price=limit,
            stop_loss=PRICE / 2 if side is Side.BUY else None,
        )
        return decide(account_id=self.account_id, request=request, actor="campaign", now=at, at=at)

    def _symbol(self, number: int) -> str:
        return f"{self.name.upper()}{number}"

    def _row(self, number: int) -> Instrument:
        symbol = self._symbol(number)
        return Instrument(
            id=self.instrument(number),
            symbol=symbol,
            name=symbol,
            asset_class="crypto",
            venue=self.name.upper(),
            tick_size=Decimal("0.01"),
            lot_size=1,
            minimum_notional=1,
            calendar="24/7",
            currency="USD",
        )

    def _tick(self, number: int) -> Tick:
        return Tick(
            instrument_id=self.instrument(number),
            symbol=self._symbol(number),
            at=CLOCK.now(),
            bid=PRICE - Decimal("0.01"),
            ask=PRICE + Decimal("0.01"),
            last=PRICE,
            volume=Decimal(10**9),
        )
