"""One account for each API key: its balances, its fees and what its key may do."""

from dataclasses import dataclass, field
from decimal import Decimal

from tests.exchanges.terms import ZERO, Refused

# What an order buys pays the fee, as is usual; "base", "quote" and a currency's name are the
# other answers to `fee_in`.
RECEIVED = "received"


@dataclass
class Balance:
    """What is free to use and what open orders hold, in units of the asset."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


Snapshot = dict[str, tuple[Decimal, Decimal]]


@dataclass
class Account:
    """Rates are fractions: 0.001 is a tenth of a percent."""

    name: str
    key: str
    secret: str
    balances: dict[str, Balance] = field(default_factory=dict)
    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    fee_in: str = RECEIVED
    can_trade: bool = True
    can_withdraw: bool = False
    # Each state that the balances had, with the monotonic second from which it held.
    history: list[tuple[float, Snapshot]] = field(default_factory=list)

    def balance(self, asset: str) -> Balance:
        return self.balances.setdefault(asset, Balance())

    def free(self, asset: str) -> Decimal:
        return self.balance(asset).free

    def require(self, asset: str, amount: Decimal) -> None:
        if self.free(asset) < amount:
            raise Refused(-2010, "Account has insufficient balance for requested action.")

    def add(self, asset: str, amount: Decimal) -> None:
        """More or less that is free. Raises ValueError rather than go below zero."""
        balance = self.balance(asset)
        if balance.free + amount < 0:
            raise ValueError(f"{self.name} has {balance.free} {asset} free, not {-amount}.")
        balance.free += amount

    def lock(self, asset: str, amount: Decimal) -> None:
        self.add(asset, -amount)
        self.balance(asset).locked += amount

    def release(self, asset: str, amount: Decimal) -> None:
        self.balance(asset).locked -= amount
        self.add(asset, amount)

    def snapshot(self) -> Snapshot:
        return {asset: (held.free, held.locked) for asset, held in sorted(self.balances.items())}


def _account(name: str, **balances: str) -> Account:
    return Account(
        name=name,
        key=f"key-of-{name}",
        secret=f"secret-of-{name}",
        balances={asset: Balance(Decimal(amount)) for asset, amount in balances.items()},
    )


def default_accounts() -> tuple[Account, ...]:
    """Two that are funded alike. More come by the control action `account`."""
    return tuple(
        _account(name, USDT="100000", BTC="1", ETH="10", SOL="100") for name in ("main", "second")
    )
