"""Farms that have traded for a while, with everything that their performance is measured by."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from tests.pages.farms import MARKET_NOW, PRICES, Farm, key, set_price
from trading.domain.ledger import Lot, TradeReport, trade
from trading.domain.states import OrderState, Side, Source
from trading.models import (
    CashMovement,
    EquitySnapshot,
    Fill,
    Order,
    PerformanceSnapshot,
    Permission,
    Position,
    PositionShare,
)
from trading.services.performance import snapshot_performance
from tradingfarm.kernel.money import CENT, ZERO, round_half_even

FEE = Decimal("0.001")
DEPOSIT = Decimal(100_000)


def permit(farm: Farm, *titles: str) -> list[Permission]:
    """The permissions of the farm's agents with these titles, made where there is none yet."""
    found = []
    for title in titles:
        agent = farm.agents[title]
        permission, _ = Permission.objects.get_or_create(
            account=farm.account,
            agent_id=agent.id,
            defaults={"id": key(farm.account.id, "permission", title), "agent_name": title},
        )
        found.append(permission)
    return found


@dataclass
class Course:
    """Trades of a farm as a book keeps them; `store` writes what services would have left."""

    farm: Farm
    cash: Decimal = DEPOSIT
    lots: dict[tuple[Permission, str], Lot] = field(default_factory=lambda: defaultdict(Lot))
    number: int = 0

    def __post_init__(self) -> None:
        """The deposit that the account was opened with."""
        CashMovement.objects.create(
            account=self.farm.account, amount=self.cash, reason="Opening", at=self.farm.wall
        )

    def fill(
        self, permission: Permission, symbol: str, side: Side, quantity: int, price: str
    ) -> Fill:
        """One fill at the next moment, an hour after the one before."""
        self.number += 1
        as_of = MARKET_NOW - timedelta(days=3) + timedelta(hours=self.number)
        return self.fill_at(as_of, permission, symbol, side, quantity, Decimal(price))

    def fill_at(
        self,
        as_of: datetime,
        permission: Permission,
        symbol: str,
        side: Side,
        quantity: int,
        price: Decimal,
    ) -> Fill:
        instrument = self.farm.instruments[symbol]
        fee = round_half_even(price * quantity * FEE, CENT)
        report = TradeReport(instrument.id, side, Decimal(quantity), price, fee)
        before = self.lots[permission, symbol]
        after = trade(before, report)
        self.lots[permission, symbol], self.cash = after, self.cash + report.cash_change
        order = self._order(permission, symbol, side, quantity, price, as_of)
        return Fill.objects.create(
            account=self.farm.account,
            order=order,
            permission=permission,
            instrument=instrument,
            trade_id=order.client_order_id,
            side=side,
            quantity=quantity,
            price=price,
            value=report.value,
            fee=fee,
            realised=after.realised - before.realised,
            as_of=as_of,
            at=order.approved_at,
        )

    def _order(
        self,
        permission: Permission,
        symbol: str,
        side: Side,
        quantity: int,
        price: Decimal,
        as_of: datetime,
    ) -> Order:
        count = Order.objects.filter(account=self.farm.account).count()
        return Order.objects.create(
            id=key(self.farm.account.id, "traded", count),
            account=self.farm.account,
            permission=permission,
            instrument=self.farm.instruments[symbol],
            intent_key=f"traded-{count}",
            client_order_id=f"trd{self.farm.account.id.hex[:8]}{count:06d}",
            source=Source.AGENT,
            side=side,
            quantity=quantity,
            expected_price=price,
            worst_price=price,
            state=OrderState.FILLED,
            filled_quantity=quantity,
            filled_value=price * quantity,
            epoch=0,
            as_of=as_of,
            approved_at=self.farm.wall,
            attempt_at=self.farm.wall,
            expires_at=self.farm.wall,
        )

    def worth(self, prices: dict[str, Decimal]) -> Decimal:
        held = ((symbol, lot.quantity) for (_, symbol), lot in self.lots.items())
        return self.cash + sum((quantity * prices[symbol] for symbol, quantity in held), ZERO)

    def close_day(self, as_of: datetime, prices: dict[str, Decimal]) -> None:
        """The equity of the end of a day."""
        EquitySnapshot.objects.create(
            account=self.farm.account, as_of=as_of, cash=self.cash, equity=self.worth(prices)
        )

    def store(self) -> Farm:
        """Cash and shares as they are after all of it."""
        self.farm.account.cash = self.cash
        self.farm.account.save()
        for (permission, symbol), lot in self.lots.items():
            position, _ = Position.objects.get_or_create(
                account=self.farm.account, instrument=self.farm.instruments[symbol]
            )
            columns = {
                name: getattr(lot, name) for name in ("quantity", "cost", "realised", "fees")
            }
            for name, value in columns.items():
                setattr(position, name, getattr(position, name) + value)
            position.save()
            PositionShare.objects.create(position=position, permission=permission, **columns)
        return self.farm


def measure(farm: Farm, *, costs: dict[object, Decimal] | None = None) -> Farm:
    """The snapshots of everything until now."""
    snapshot_performance(
        account_id=farm.account.id,
        now=MARKET_NOW,
        at=farm.wall,
        model_costs=costs or {},  # type: ignore[arg-type]  # agents' ids are objects here
    )
    return farm


def traded(farm: Farm) -> Farm:
    """Three round trips of one agent, two of which won, and ten shares that it still holds."""
    course, (agent,) = Course(farm), permit(farm, "Technical")
    for bought, sold in (("20", "22"), ("20", "19"), ("20", "21")):
        course.fill(agent, "MSFT", Side.BUY, 100, bought)
        course.fill(agent, "MSFT", Side.SELL, 100, sold)
    course.fill(agent, "AAPL", Side.BUY, 10, "40")
    return measure(course.store())


def traded_for_long(farm: Farm, *, days: int = 300, seed: int = 7) -> Farm:
    """Three agents that traded through all of these days."""
    chance = random.Random(seed)  # noqa: S311 - prices that no money depends on
    course = Course(farm)
    agents = permit(farm, "Technical", "Fundamental", "Sentiment")
    prices = {symbol: Decimal(price) for symbol, price in PRICES.items()}
    for day in range(days):
        noon = MARKET_NOW - timedelta(days=days - day - 1, hours=3)
        for agent in agents:
            symbol = chance.choice(sorted(PRICES))
            held = course.lots[agent, symbol].quantity
            if held:
                course.fill_at(noon, agent, symbol, Side.SELL, int(held), prices[symbol])
            elif chance.random() < 0.3:
                quantity = int(8_000 / prices[symbol])
                course.fill_at(noon, agent, symbol, Side.BUY, quantity, prices[symbol])
        for symbol in prices:
            step = Decimal(str(round(chance.gauss(1.0007, 0.017), 5)))
            prices[symbol] = round_half_even(prices[symbol] * step, CENT)
        course.close_day(noon + timedelta(hours=3), prices)
    for symbol, price in prices.items():
        set_price(farm, symbol, str(price))
    return course.store()


def newest(farm: Farm) -> PerformanceSnapshot:
    """The account's newest snapshot."""
    rows = PerformanceSnapshot.objects.filter(account=farm.account, permission=None)
    return rows.latest("as_of")
