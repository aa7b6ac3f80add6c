"""Rows that many tests need, each made by one call; what a test does not name is filled in.

Market time in tests is `NOW`, a Wednesday afternoon; wall time is the machine's, because the
database compares it with its own clock.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from market.domain.instruments import instrument_id
from market.models import Feed, Instrument, Quote
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, Source
from trading.models import Account, Permission, PositionShare
from trading.services.accounts import grant_permission, open_paper_account
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import User

NOW = datetime(2001, 3, 7, 15, 30, tzinfo=UTC)
ACCOUNT_ID = UUID("00000000-0000-4000-8000-00000000acc0")
AGENT_ID = UUID("00000000-0000-4000-8000-0000000a9e47")
WIDE = {
    "max_order_value": Decimal(1_000_000),
    "max_position_value": Decimal(1_000_000),
    "max_allocation_pct": Decimal(100),
    "max_daily_entries": 1_000,
    "max_daily_loss": Decimal(1_000_000),
    "max_open_positions": 100,
    "agent_allocation_pct": Decimal(100),
}
"""Limits that no test meets by accident."""


def wall() -> datetime:
    """Wall time, as a loop would hand it in."""
    return SystemClock().now()


def make_user(name: str = "ada") -> User:
    return User.objects.get_or_create(username=name)[0]


def make_feed(name: str = "prices") -> Feed:
    return Feed.objects.get_or_create(name=name, defaults={"kind": Feed.Kind.SYNTHETIC})[0]


def make_instrument(
    symbol: str = "AAPL",
    *,
    calendar: str = "24/7",
    tick_size: str = "0.01",
    lot_size: str = "1",
    minimum_notional: str = "1",
    asset_class: str = "equity",
    sector: str = "",
) -> Instrument:
    """An instrument in dollars. Always open unless a calendar such as XNYS is named."""
    return Instrument.objects.get_or_create(
        id=instrument_id(venue="TEST", symbol=symbol),
        defaults={
            "symbol": symbol,
            "name": symbol,
            "asset_class": asset_class,
            "sector": sector,
            "venue": "TEST",
            "tick_size": Decimal(tick_size),
            "lot_size": Decimal(lot_size),
            "minimum_notional": Decimal(minimum_notional),
            "calendar": calendar,
            "currency": "USD",
        },
    )[0]


def make_quote(
    instrument: Instrument,
    last: str | Decimal = "100",
    *,
    feed: str = "prices",
    as_of: datetime = NOW,
    half_spread: str = "0",
    volume: str = "0",
) -> Quote:
    """The newest price: bid and ask lie `half_spread` around `last`. Replaces the one before."""
    last, half = Decimal(last), Decimal(half_spread)
    return Quote.objects.update_or_create(
        feed_id=feed,
        instrument=instrument,
        defaults={
            "bid": last - half,
            "ask": last + half,
            "last": last,
            "volume": Decimal(volume),
            "as_of": as_of,
            "at": wall(),
        },
    )[0]


def make_account(
    *,
    number: int = 0,
    deposit: str = "100000",
    feed: Feed | None = None,
    time_zone: str = "America/New_York",
    **changes: object,
) -> Account:
    """A paper account of Ada's. `changes` are columns, such as fee_rate or halt_state."""
    account = open_paper_account(
        account_id=uuid5(ACCOUNT_ID, str(number)),
        owner=make_user(),
        name=f"Paper {number}",
        feed=feed or make_feed(),
        deposit=Decimal(deposit),
        time_zone=time_zone,
        seed=7,
        actor="test",
        at=wall(),
    )
    if changes:
        Account.objects.filter(id=account.id).update(**changes)
        account.refresh_from_db()
    return account


def make_permission(account: Account, *, number: int = 0, **limits: object) -> Permission:
    """An agent's permission on the account: wide limits but for those that are named."""
    return grant_permission(
        account=account,
        agent_id=uuid5(AGENT_ID, str(number)),
        agent_name=f"Agent {number}",
        limits=WIDE | limits,
        actor="test",
        at=wall(),
    )


@dataclass(frozen=True)
class Desk:
    """An account where one agent can trade one instrument that has a price."""

    account: Account
    permission: Permission
    instrument: Instrument

    def buy(
        self, quantity: str | int = 10, *, key: str = "buy", **changes: object
    ) -> OrderRequest:
        """A request of the agent, with the stop-loss that it needs."""
        return self._request(Side.BUY, quantity, key, {"stop_loss": Decimal(90)} | changes)

    def sell(
        self, quantity: str | int = 10, *, key: str = "sell", **changes: object
    ) -> OrderRequest:
        return self._request(Side.SELL, quantity, key, changes)

    def share(self) -> PositionShare:
        return PositionShare.objects.get(
            position__account=self.account,
            position__instrument=self.instrument,
            permission=self.permission,
        )

    def _request(
        self, side: Side, quantity: str | int, key: str, changes: dict[str, object]
    ) -> OrderRequest:
        values = {
            "intent_key": key,
            "source": Source.AGENT,
            "instrument_id": self.instrument.id,
            "side": side,
            "quantity": Decimal(quantity),
            "permission_id": self.permission.id,
        } | changes
        return OrderRequest(**values)  # type: ignore[arg-type]  # keywords pass through here


def make_desk(
    *, price: str = "100", limits: dict[str, object] | None = None, **account: object
) -> Desk:
    """A fresh desk: 100,000 dollars, an agent with wide limits, one instrument at 100."""
    opened = make_account(**account)  # type: ignore[arg-type]  # keywords pass through here
    instrument = make_instrument()
    make_quote(instrument, price, feed=opened.feed_id)
    permission = make_permission(opened, **(limits or {}))  # type: ignore[arg-type]  # keywords pass through here
    return Desk(opened, permission, instrument)
