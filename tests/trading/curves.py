"""Equity curves with a point each midnight, for tests of performance."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.domain.equity_curves import Movement, Point

START = datetime(2001, 3, 5, tzinfo=UTC)


def day(number):
    return START + timedelta(days=number)


def points(*equities):
    return [Point(day(number), Decimal(equity)) for number, equity in enumerate(equities)]


def paid(number, amount):
    return Movement(day(number), Decimal(amount))
