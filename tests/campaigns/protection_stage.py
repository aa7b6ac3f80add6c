"""A farm on a clock that is moved by hand, the database's own clock too.

That is a function of the same name, found before the server's own. The sender is the product's
loop, and the stage says which exchange each account has.
"""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch
from uuid import UUID, uuid5

from django.db import connection

from market.models import Instrument
from tests.campaigns.protection_venue import BASE, LOT, TICK
from trading.domain.exchange import Exchange
from trading.loop import sender as sending
from trading.models import (
    Account,
    SenderLease,
)
from tradingfarm.kernel.clock import ManualClock
from tradingfarm.people.models import User

NAMESPACE = UUID("5d0f3a52-3b0a-5b43-8a0e-2f6c7d9e1b84")
BEGIN = datetime(2026, 3, 4, 12, tzinfo=UTC)
MOVED_CLOCK = """
CREATE SCHEMA IF NOT EXISTS campaign;
CREATE OR REPLACE FUNCTION campaign.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT pg_catalog.current_setting('campaign.now')::timestamptz $$;
SET search_path = campaign, public, pg_catalog;
SET synchronous_commit = off;
"""


class StageClock(ManualClock):
    """The farm's clock and the database's, moved together."""

    def move(self, moment: datetime) -> None:
        self.advance_to(moment)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('campaign.now', %s, false)", [moment.isoformat()])


@contextlib.contextmanager
def stage() -> Iterator["Stage"]:
    """The farm's code on a clock of ours, with every account's exchange chosen by the stage."""
    with connection.cursor() as cursor:
        cursor.execute(MOVED_CLOCK)
    set_up = Stage()
    with patch.object(sending, "exchange_for", set_up.exchange_for):
        yield set_up


class Stage:
    """One farm in which stories follow each other; who is done is looked at no more."""

    def __init__(self) -> None:
        self.clock = StageClock(BEGIN - timedelta(seconds=1))
        self.clock.move(BEGIN)
        self.owner = User.objects.create_user("protection")
        self.instrument = Instrument.objects.create(
            id=uuid5(NAMESPACE, BASE),
            symbol=BASE,
            name=BASE,
            asset_class="crypto",
            venue="venue",
            tick_size=TICK,
            lot_size=LOT,
            minimum_notional=Decimal(1),
            calendar="24/7",
            currency="USD",
        )
        SenderLease.objects.create(name="retired", until=BEGIN + timedelta(days=9_000))
        self.exchanges: dict[UUID, Exchange] = {}

    def exchange_for(self, account: Account, *, clock: object) -> Exchange:
        return self.exchanges[account.id]

    def begin_another(self) -> None:
        """Let some minutes pass between two stories."""
        self.clock.move(self.clock.now() + timedelta(minutes=2))
