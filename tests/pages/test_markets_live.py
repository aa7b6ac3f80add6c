"""What the markets and the triggers send to open pages when something happened."""

from datetime import timedelta
from uuid import UUID

import pytest

from market.models import Quote
from tests.pages.candles import add_candles, know_the_day
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.watching import fired, price_trigger
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, LiveView
from tradingfarm.pages.markets.live import MarketsView, MarketView
from tradingfarm.pages.triggers.live import TriggersView, TriggerView
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(busy: Farm) -> Farm:
    add_candles(busy)
    know_the_day(busy, "AAPL", opened="39.80", before="39.10")
    return busy


def sent(farm: Farm, view: LiveView, change: Change, *, subject: UUID | None = None) -> str:
    """What `view` sends to the farm's owner."""
    owner = farm.owner.pk
    frame = Frame(owner_id=owner, role=Role.TRADER, account_id=farm.account.id)
    audience = Audience(farm.account.id, "view", subject, owner, Role.TRADER)
    return view.render(frame=frame, audience=audience, change=change)


def event(kind: str, subject: str = "") -> Change:
    return Change((JournalEvent(id=1, seq=7, kind=kind, subject=subject),), prices=False)


PRICES = Change((), prices=True)
BACK = Change((), prices=True, first=True)


def test_only_rows_whose_price_came_just_now_are_sent(market: Farm) -> None:
    Quote.objects.update(at=market.wall - timedelta(minutes=1))
    know_the_day(market, "IBM", opened="92", before="93")
    Quote.objects.filter(instrument=market.instruments["IBM"]).update(at=market.wall)

    html = sent(market, MarketsView(), PRICES)

    assert html.startswith('<template id="moved" hx-swap-oob="true">')
    assert f'<tr id="market-{market.instruments["IBM"].id}">' in html
    assert html.count("<tr ") == 1


def test_who_comes_back_is_sent_every_row(market: Farm) -> None:
    Quote.objects.update(at=market.wall - timedelta(hours=1))

    assert sent(market, MarketsView(), BACK).count("<tr ") == 4


def test_a_fill_sends_what_is_held_and_other_events_nothing(market: Farm) -> None:
    Quote.objects.update(at=market.wall - timedelta(hours=1))

    filled = sent(market, MarketsView(), event("agent.trade.executed"))

    assert "560" in filled
    assert sent(market, MarketsView(), event("agent.message")) == ""


def test_a_price_sends_the_head_with_the_running_candle_and_the_position(market: Farm) -> None:
    key = market.instruments["AAPL"].id

    html = sent(market, MarketView(), PRICES, subject=key)

    assert 'id="quote" hx-swap-oob="morph"' in html
    assert 'data-close="40.32"' in html
    assert 'data-start="1110758400"' in html
    assert 'id="market-position" hx-swap-oob="morph"' in html
    assert 'data-stop="36.9' in html
    assert "market-orders" not in html


def test_an_order_sends_the_orders_and_a_firing_the_triggers(market: Farm) -> None:
    key = market.instruments["AAPL"].id
    price_trigger(market)

    ordered = sent(market, MarketView(), event("order.approved"), subject=key)
    woken = sent(market, MarketView(), event("trigger.fired"), subject=key)

    assert 'id="market-orders" hx-swap-oob="morph"' in ordered
    assert "market-watchers" not in ordered
    assert "AAPL falls 2 % or more" in woken
    assert "New trigger here" in woken


def test_a_page_of_no_instrument_is_refused_and_sent_nothing(market: Farm) -> None:
    view = MarketView()

    assert not view.allows(owner_id=1, subject=None)
    assert view.allows(owner_id=1, subject=market.instruments["AAPL"].id)
    assert sent(market, view, PRICES, subject=UUID(int=1)) == ""


def test_a_firing_sends_its_triggers_row_again(market: Farm) -> None:
    trigger, other = price_trigger(market), price_trigger(market, name="Other")
    fired(market, trigger, hours_ago=2)

    html = sent(market, TriggersView(), event("trigger.fired", f"trigger:{trigger.id}"))

    assert html.startswith('<template id="moved" hx-swap-oob="true">')
    assert f'<tr id="trigger-{trigger.id}">' in html
    assert "<span data-glow>1</span>" in html
    assert str(other.id) not in html
    assert sent(market, TriggersView(), PRICES) == ""


def test_the_page_of_a_trigger_is_told_of_its_own_firings(market: Farm) -> None:
    trigger = price_trigger(market)
    own = event("trigger.fired", f"trigger:{trigger.id}")

    told = sent(market, TriggerView(), own, subject=trigger.id)
    not_told = sent(market, TriggerView(), own, subject=UUID(int=1))

    assert 'data-seq="7"' in told
    assert not_told == ""


def test_only_the_owner_may_follow_a_trigger(market: Farm) -> None:
    view, key = TriggerView(), price_trigger(market).id
    other = make_farm(owner=make_user("other"), wall=market.wall)

    assert view.allows(owner_id=market.owner.pk, subject=key)
    assert not view.allows(owner_id=other.owner.pk, subject=key)
    assert not view.allows(owner_id=market.owner.pk, subject=None)
    assert MarketsView().allows(owner_id=1, subject=None)
    assert TriggersView().allows(owner_id=1, subject=None)
