"""The engine beside the real sender: protections and orders come to rest at a step's prices."""

from datetime import timedelta
from decimal import Decimal

import pytest

from agents.models import Execution
from market.domain.instruments import instrument_id
from market.models import Replay
from tests.triggers.rows import end_executions, price_trigger
from tests.triggers.stage import Bell, StageClock, play, set_stage, story
from trading.domain.requests import OrderRequest
from trading.domain.states import OrderState, ProtectionState, Side, Source
from trading.loop.sender import SendingLoop
from trading.models import Fill, Order, Position, Protection
from trading.services.decisions import decide
from triggers.models import Trigger

pytestmark = pytest.mark.django_db
APPLE = instrument_id(venue="NASDAQ", symbol="AAPL")


class Worker:
    """Buys ten shares with a stop when it is woken first, and notes what it holds later."""

    def __init__(self, account, clock, *, stop, **asked):
        self.held = []
        self._account = account
        self._clock = clock
        self._asked = {"stop_loss": Decimal(stop)} | asked

    def __call__(self):
        execution = Execution.objects.filter(state="QUEUED").first()
        if execution is None:
            return
        self.held.append(Position.objects.values_list("quantity", flat=True).first())
        if len(self.held) == 1:
            self._buy(execution)
        end_executions()

    def _buy(self, execution):
        decide(
            account_id=self._account.id,
            request=OrderRequest(
                intent_key=f"execution:{execution.id}",
                source=Source.PERSON,
                instrument_id=APPLE,
                side=Side.BUY,
                quantity=Decimal(10),
                **self._asked,
            ),
            actor="test",
            now=execution.as_of,
            at=self._clock.now(),
        )


@pytest.fixture
def account():
    """A team that the first price wakes."""
    account = set_stage()
    trigger = Trigger.objects.get(name="dip")
    price_trigger(
        account.owner,
        trigger.team,
        trigger.feed,
        name="first",
        condition={"condition": "above", "threshold": "99"},
    )
    return account


def play_with_sender(account, *, stop, **asked):
    clock = StageClock()
    worker = Worker(account, clock, stop=stop, **asked)
    sender = SendingLoop(clock=clock, stopping=lambda: False)
    clock.works = [worker, sender.work]
    play(clock=clock)
    return worker


def test_a_stop_sells_at_its_price_before_the_agents_that_the_same_price_wakes_look(account):
    worker = play_with_sender(account, stop="97")

    buy, sell = Order.objects.order_by("as_of")
    assert (buy.state, sell.state, sell.source) == ("FILLED", "FILLED", "protection")
    assert sell.as_of == Execution.objects.order_by("as_of")[1].as_of
    assert worker.held[:2] == [None, 0]
    assert Protection.objects.get().state == ProtectionState.DONE


def test_a_stop_that_is_not_reached_stays_armed(account):
    worker = play_with_sender(account, stop="90")

    assert Order.objects.get().state == OrderState.FILLED
    assert worker.held[1:] == [10] * (len(worker.held) - 1)
    assert Protection.objects.get().state == ProtectionState.ARMED


def test_after_a_restart_protections_are_compared_with_the_last_price_first(account):
    bell, clock = Bell(), StageClock()
    sender = SendingLoop(clock=clock, stopping=lambda: False)

    def stop_when_protected():
        if Protection.objects.exists():
            bell.ring()

    clock.works = [Worker(account, clock, stop="90"), sender.work, stop_when_protected]
    play(clock=clock, stopping=bell)
    Protection.objects.update(price=Decimal(101))

    play(sender.work)

    buy, sell = Order.objects.order_by("approved_at")
    assert (buy.side, sell.side, sell.state) == (Side.BUY, Side.SELL, OrderState.FILLED)
    assert sell.as_of == buy.as_of


def test_the_next_price_comes_only_when_every_order_is_done(account):
    positions = []

    def look():
        open_orders = Order.objects.exclude(state__in=["FILLED", "CANCELED"]).exists()
        if open_orders:
            positions.append(Replay.objects.get().position)

    clock = StageClock()
    worker = Worker(account, clock, stop="90")
    sender = SendingLoop(clock=clock, stopping=lambda: False)
    clock.works = [worker, look, sender.work]
    play(clock=clock)

    assert set(positions) == {1}
    assert story()["replay"][2] == "ENDED"


def test_a_trailing_stop_sells_below_what_was_paid(account):
    worker = play_with_sender(account, stop="50", trailing_pct=Decimal(4))

    _buy, sell = Order.objects.order_by("as_of")
    trailing = Protection.objects.get(kind="trailing_stop")
    paid = Fill.objects.get(side="buy").price
    assert (trailing.state, trailing.highest) == (ProtectionState.DONE, paid)
    assert Decimal(96) <= trailing.price < paid * Decimal("0.961")
    assert (sell.reason, worker.held[1]) == ("trailing_stop_loss", 0)


def test_a_trailing_stop_follows_the_price_to_its_highest(account):
    play_with_sender(account, stop="50", trailing_pct=Decimal("4.5"))

    trailing = Protection.objects.get(kind="trailing_stop")
    assert Order.objects.get().side == Side.BUY
    assert (trailing.state, trailing.highest) == (ProtectionState.ARMED, 112)
    assert trailing.price == Decimal("106.96")


def test_a_time_exit_sells_at_the_first_price_when_it_is_due(account):
    play_with_sender(account, stop="50", exit_after_seconds=3600)

    buy, sell = Order.objects.order_by("as_of")
    assert (sell.reason, sell.state) == ("custom_exit", OrderState.FILLED)
    assert sell.as_of >= buy.as_of + timedelta(hours=1)
    assert Protection.objects.get(kind="stop_loss").state == ProtectionState.CANCELED
