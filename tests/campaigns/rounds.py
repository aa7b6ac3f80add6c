"""What a round of the race is: the limits that its account gets and how clients attack them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID, uuid5

from market.domain.instruments import instrument_id
from tests.campaigns.limits import Caps
from tradingfarm.kernel.randomness import stream

VENUE = "RACE"
INSTRUMENTS = 60
NAMESPACE = UUID("6f0f4d5e-7a57-5c4e-9a3f-2d1a5f1c8b10")
CENT = Decimal("0.01")

WIDE: dict[str, object] = {
    "max_order_value": 10**6,
    "max_position_value": 10**6,
    "max_allocation_pct": 100,
    "max_daily_entries": 5_000,
    "max_daily_loss": 10**6,
    "max_open_positions": 100,
    "agent_allocation_pct": 100,
}
OF_ACCOUNT: dict[str, object] = {
    "max_sector_pct": 100,
    "max_daily_loss_pct": 100,
    "reduce_drawdown_pct": 100,
    "halt_drawdown_pct": 100,
    "max_orders_per_minute": 100_000,
    "max_price_age_seconds": 86_400,
}
"""What of an account's limits must not bind where a style says nothing of it."""


@dataclass(frozen=True)
class Style:
    """One kind of round: which limit binds, how many agents share the account, and their orders.

    `denial` is the code that the gate must give once the limit is reached; `patience` is how often
    a client hears it before it gives up. `limits` are each agent's, `of_account` the account's.
    Sizes are values in the account's currency; `exits` is the part of the proposals that sell,
    `stop` the stop-loss as a part of the price. What `rests` is a limit order below the market.
    After a round that `has_last_word`, one client goes on alone until the limit denies it.
    """

    name: str
    denial: str
    deposit: int
    limits: Mapping[str, object]
    agents: int = 1
    instruments: int = INSTRUMENTS
    smallest: int = 100
    largest: int = 900
    exits: float = 0.0
    of_account: Mapping[str, object] = field(default_factory=dict)
    stop: Decimal = Decimal("0.9")
    patience: int = 3
    rests: bool = False
    has_last_word: bool = False

    @property
    def is_per_instrument(self) -> bool:
        """Whether each instrument has a limit of its own that must be used up."""
        return self.denial in ("POSITION_SIZE", "ALLOCATION")

    @property
    def caps(self) -> Caps:
        """What the judge holds the round against."""
        deposit = Decimal(self.deposit)
        share, sector = self._limit("max_allocation_pct"), self._limit("max_sector_pct")
        return Caps(
            deposit=deposit,
            entries=self._entries,
            notional=self._limit("max_position_value") if share is None else _part(deposit, share),
            order_value=self._limit("max_order_value"),
            of_sector=None if sector is None else _part(deposit, sector),
            of_agent=self._limit("agent_allocation_value"),
            positions=_whole(self._limit("max_open_positions")),
            loss=self._limit("max_daily_loss"),
        )

    @property
    def _entries(self) -> int | None:
        """How many entries may be made, whichever limit says so."""
        if self.denial == "COOLDOWN":
            return self.agents
        if self.denial == "ORDER_RATE":
            return _whole(self._limit("max_orders_per_minute"))
        return _whole(self._limit("max_daily_entries"))

    def _limit(self, name: str) -> Decimal | None:
        value = {**self.limits, **self.of_account}.get(name)
        return None if value is None else Decimal(str(value))


def _part(of: Decimal, pct: Decimal) -> Decimal:
    return of * pct / 100


def _whole(number: Decimal | None) -> int | None:
    return None if number is None else int(number)


STYLES = (
    Style(
        "entries",
        denial="DAILY_ENTRIES",
        deposit=1_000_000,
        limits={"max_daily_entries": 50, "max_position_value": 100_000},
    ),
    Style(
        "position",
        denial="POSITION_SIZE",
        deposit=1_000_000,
        limits={"max_position_value": 5_000},
        instruments=4,
    ),
    Style(
        "allocation",
        denial="ALLOCATION",
        deposit=100_000,
        limits={"max_allocation_pct": 5},
        agents=8,
        instruments=3,
    ),
    Style("cash", denial="BUYING_POWER", deposit=10_000, limits={}, agents=8, largest=600),
    Style(
        "resting",
        denial="BUYING_POWER",
        deposit=20_000,
        limits={},
        agents=8,
        largest=600,
        rests=True,
    ),
    Style(
        "order size",
        denial="ORDER_SIZE",
        deposit=1_000_000,
        limits={"max_order_value": 700, "max_daily_entries": 5_000},
        largest=1_400,
        patience=10,
    ),
    Style(
        "agent's part",
        denial="AGENT_ALLOCATION",
        deposit=1_000_000,
        limits={"agent_allocation_value": 4_000},
        agents=8,
    ),
    Style(
        "sector",
        denial="SECTOR",
        deposit=100_000,
        limits={},
        agents=8,
        of_account={"max_sector_pct": 6},
    ),
    Style(
        "open positions",
        denial="OPEN_POSITIONS",
        deposit=1_000_000,
        limits={"max_open_positions": 12},
    ),
    Style(
        "daily loss",
        denial="DAILY_LOSS",
        deposit=1_000_000,
        limits={"max_daily_loss": 25, "price_collar_pct": "0.5"},
        stop=Decimal("0.998"),
        patience=25,
        has_last_word=True,
    ),
    Style(
        "order rate",
        denial="ORDER_RATE",
        deposit=1_000_000,
        limits={},
        agents=8,
        of_account={"max_orders_per_minute": 50},
    ),
    Style(
        "cooldown",
        denial="COOLDOWN",
        deposit=1_000_000,
        limits={"min_seconds_between_entries": 3_600},
        agents=8,
    ),
    Style(
        "mixed",
        denial="DAILY_ENTRIES",
        deposit=1_000_000,
        limits={"max_daily_entries": 50, "max_position_value": 3_000},
        instruments=12,
        exits=0.4,
        has_last_word=True,
    ),
)
ALONE = Style("alone", denial="DAILY_ENTRIES", deposit=1_000_000, limits={"max_daily_entries": 60})


@dataclass(frozen=True)
class Round:
    """One round: a style, its number and how many attack at once.

    Workers are clients with a process of their own. Each client makes at least `least` proposals
    and at most `tries`.
    """

    number: int
    style: Style
    clients: int
    workers: int
    seed: int
    least: int
    tries: int

    @property
    def account_id(self) -> UUID:
        return uuid5(NAMESPACE, f"account {self.seed} {self.number}")

    @property
    def name(self) -> str:
        return f"Round {self.number}: {self.style.name}"

    def permission(self, agent: int) -> UUID:
        """The id of one agent's permission, as `grant_permission` makes it."""
        return uuid5(self.account_id, str(self.agent(agent)))

    def agent(self, number: int) -> UUID:
        return uuid5(self.account_id, f"agent {number}")


def instrument(number: int) -> UUID:
    """The id of one of the race's own instruments."""
    return instrument_id(venue=VENUE, symbol=symbol(number))


def symbol(number: int) -> str:
    return f"RACE{number}"


def sector(number: int) -> str:
    """Every instrument has one of three sectors."""
    return f"Sector {number % 3}"


def sectors() -> dict[UUID, str]:
    """The sector of every instrument."""
    return {instrument(number): sector(number) for number in range(INSTRUMENTS)}


def last_price(seed: int, number: int) -> Decimal:
    """The price of an instrument, which stands still all through the race."""
    cents = stream(seed, "race", "price", number).randint(2_000, 20_000)
    return cents * CENT


def lasts(seed: int) -> dict[UUID, Decimal]:
    """The price of every instrument."""
    return {instrument(number): last_price(seed, number) for number in range(INSTRUMENTS)}
