"""What a round of the race is: the limits that its account gets and how clients attack them."""

from collections.abc import Mapping
from dataclasses import dataclass
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
}


@dataclass(frozen=True)
class Style:
    """One kind of round: which limit binds, how many agents share the account, and their orders.

    `denial` is the code that the gate must give once the limit is reached. Sizes are values in
    the account's currency; `exits` is the part of the proposals that sell.
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

    @property
    def is_per_instrument(self) -> bool:
        """Whether each instrument has a limit of its own that must be used up."""
        return self.denial in ("POSITION_SIZE", "ALLOCATION")

    @property
    def caps(self) -> Caps:
        """What the judge holds the round against."""
        entries = self.limits.get("max_daily_entries")
        position = self.limits.get("max_position_value")
        share = self.limits.get("max_allocation_pct")
        deposit = Decimal(self.deposit)
        notional = deposit * Decimal(str(share)) / 100 if share else position
        return Caps(
            deposit=deposit,
            entries=int(str(entries)) if entries else None,
            notional=Decimal(str(notional)) if notional else None,
        )


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
        "mixed",
        denial="DAILY_ENTRIES",
        deposit=1_000_000,
        limits={"max_daily_entries": 50, "max_position_value": 3_000},
        instruments=6,
        exits=0.4,
    ),
)
ALONE = Style("alone", denial="DAILY_ENTRIES", deposit=1_000_000, limits={"max_daily_entries": 60})


@dataclass(frozen=True)
class Round:
    """One round: a style, its number and how many attack at once."""

    number: int
    style: Style
    clients: int
    seed: int
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


def last_price(seed: int, number: int) -> Decimal:
    """The price of an instrument, which stands still all through the race."""
    cents = stream(seed, "race", "price", number).randint(2_000, 20_000)
    return cents * CENT


def lasts(seed: int) -> dict[UUID, Decimal]:
    """The price of every instrument."""
    return {instrument(number): last_price(seed, number) for number in range(INSTRUMENTS)}
