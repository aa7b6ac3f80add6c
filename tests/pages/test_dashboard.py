"""What the dashboard shows of an account, in each of its states."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.domain.states import Choice, MessageType, Outcome, SessionState
from agents.models import Agent, ProviderCall, Team, TradingSession
from market.models import Quote
from tests.pages import farms, stories
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from trading.domain.states import HaltState, Side
from trading.models import Account, Permission
from trading.selectors.portfolios import portfolio

pytest_plugins = ("tests.pages.fixtures",)


def test_a_new_account_says_what_will_come(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get("/"))

    assert "Worth now, USD 100,000.00" in page
    assert "No open positions." in page
    assert "No order is on its way." in page
    assert "Nothing has been filled yet." in page
    assert "Nobody has spoken yet." in page
    assert "The risk gate has refused nothing" in page


def test_a_person_without_an_account_is_told_what_to_do(client: Client, db: None) -> None:
    client.force_login(farms.make_user("newcomer"))

    page = text_of(client.get("/"))

    assert "You have no account yet" in page
    assert "Open an account and start" in page


def test_money_is_separated_signed_and_in_the_accounts_currency(
    trader: Client, busy: Farm
) -> None:
    page = text_of(trader.get("/"))

    # 44,092.28 of cash, and 560 AAPL at 40.32, 118 GOOG at 175.50, 140 IBM at 92.14.
    assert "Worth now, USD 100,280.08 ▼-969.92 ▼-0.96 % today" in page
    assert "Cash 44,092.28" in page
    assert "Open P&L ▲+280.08" in page


def test_the_worth_is_the_one_that_trading_tells_everybody(busy: Farm) -> None:
    from_trading = portfolio(account_id=busy.account.id)

    assert from_trading.equity == Decimal("100280.08")
    assert from_trading.day_pnl == Decimal("-969.92")


def test_positions_have_the_precision_of_their_instrument(trader: Client, busy: Farm) -> None:
    busy.instruments["GOOG"].lot_size = Decimal("0.001")
    busy.instruments["GOOG"].save()

    page = text_of(trader.get("/"))

    assert "AAPL Technical 560 38.72 40.32 22,579.20 ▲+896.00 ▲+4.13 %" in page
    assert "GOOG Technical 118.000 181.04 175.50 20,709.00 ▼-653.72 ▼-3.06 %" in page


def test_a_position_shows_its_stop_and_target_or_that_it_has_none(
    trader: Client, busy: Farm
) -> None:
    page = text_of(trader.get("/"))

    assert "Stop 36.90 Target 44.20" in page
    assert "▲+0.29 % no stop" in page


def test_a_position_without_a_price_counts_at_cost(trader: Client, farm: Farm) -> None:
    stories.hold(farm, symbol="AAPL", quantity=10, cost="38.72")
    Quote.objects.filter(feed=farm.account.feed).delete()

    page = text_of(trader.get("/"))

    assert "AAPL Technical 10 38.72 - 387.20 0.00 0.00 %" in page


def test_limits_show_use_and_what_is_left(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get("/"))

    assert "Loss today 969.92 of 5,000.00 USD 19 % used, 4,030.08 left" in page
    # Three positions of at most 25,000 each; 25 % of the equity for each would be a little more.
    assert "Exposure 56,187.80 of 75,000.00 USD 74 % of what agents may hold" in page


def test_without_an_active_permission_agents_are_said_to_be_unable_to_enter(
    trader: Client, farm: Farm
) -> None:
    Permission.objects.update(active=False)

    page = text_of(trader.get("/"))

    assert "No active permission sets a limit: agents cannot enter." in page


def test_built_in_rules_are_called_rules(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get("/"))

    assert "Models today 0.00 USD Built-in rules, no model" in page
    assert "Demo team trades by itself, accepted by demo." in page


def test_models_cost_what_their_calls_of_the_day_cost(
    trader: Client, farm: Farm, wall: datetime
) -> None:
    Agent.objects.filter(name="Risk").update(provider="anthropic")
    execution = stories.make_execution(farm, cause="woken")
    for number, at in enumerate((wall, wall - timedelta(days=2))):
        ProviderCall.objects.create(
            execution=execution,
            agent=farm.agents["Risk"],
            round=number,
            purpose="vote",
            provider="anthropic",
            request_hash="0" * 64,
            request="",
            dollars=Decimal("1.25"),
            at=at,
        )

    page = text_of(trader.get("/"))

    assert "Models today 1.25 USD anthropic, rules" in page


def test_a_vote_is_one_line_that_unfolds(trader: Client, farm: Farm) -> None:
    stories.buy_after_a_vote(farm, symbol="AAPL", quantity=200, price="39.90")

    answer = trader.get("/")

    page = text_of(answer)
    assert "4 of 4 for, size reduced to 160" in page
    assert "Risk for at most 160 The stop costs 0.4 % of equity" in page
    assert '<details class="ballots"' in answer.content.decode()


def test_a_decision_shows_the_order_that_followed(trader: Client, farm: Farm) -> None:
    stories.buy_after_a_vote(farm, symbol="AAPL", quantity=200, price="39.90")

    page = text_of(trader.get("/"))

    assert "Decided: buy 160 AAPL Order filled 160 at 39.90" in page
    assert "The gate answered." not in page


def test_a_refused_decision_says_every_reason_as_a_sentence(trader: Client, farm: Farm) -> None:
    stories.refused_by_the_gate(farm)

    page = text_of(trader.get("/"))

    assert "The risk gate refused it. It would be entry 4 of the day; 3 are allowed." in page
    assert "It could cost 8,112.40; 5,200.00 of cash is free." in page
    assert "DAILY_ENTRIES" not in page


def test_a_lost_vote_says_why(trader: Client, farm: Farm) -> None:
    stories.lost_vote(farm)

    page = text_of(trader.get("/"))

    assert "2 of 4 for, 1 against, 1 abstained" in page
    assert "No trade in IBM: too few approvals 2 of the 3 approvals needed." in page


def test_a_veto_names_who_and_its_code(trader: Client, farm: Farm) -> None:
    ballots = [*stories.FOR_ALL[:2], ("Risk", Choice.REJECT, "Too wild."), stories.FOR_ALL[3]]
    execution = stories.make_execution(farm, cause="woken")
    proposal = stories.propose(
        farm, execution, symbol="IBM", side=Side.BUY, quantity=9, stop="80", why="Buy 9 IBM."
    )
    stories.vote(farm, proposal, ballots, at_most=None)
    stories.decide(farm, proposal, Outcome.VETOED, ballots)

    page = text_of(trader.get("/"))

    assert "3 of 4 for, 1 against, vetoed by Risk" in page
    assert "Risk against veto VOLATILITY_TOO_HIGH Too wild." in page
    assert "No trade in IBM: vetoed" in page


def test_what_agents_say_is_text_and_never_markup(trader: Client, farm: Farm) -> None:
    execution = stories.make_execution(farm, cause="<b>woken</b>")
    stories.say(farm, execution, MessageType.UPDATE, "Risk", "<img src=x onerror=alert(1)>")

    page = trader.get("/").content.decode()

    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    assert "<b>woken</b>" not in page


def test_the_conversation_has_the_newest_turn_at_the_bottom(trader: Client, farm: Farm) -> None:
    stories.lost_vote(farm)
    stories.refused_by_the_gate(farm)

    page = text_of(trader.get("/"))

    assert page.index("No trade in IBM") < page.index("Decided: buy 320 MSFT")


def test_a_halted_account_says_why_since_when_and_by_whom(
    trader: Client, busy: Farm, wall: datetime
) -> None:
    farms.halt(busy, reason="Fat finger")

    page = text_of(trader.get("/"))

    assert "This account is halted. Fat finger. Since" in page
    assert "New York time, by operator." in page
    assert "Demo team is held back: the account is halted." in page


def test_a_reducing_account_says_that_exits_go_out(trader: Client, farm: Farm) -> None:
    Account.objects.update(halt_state=HaltState.REDUCING, halt_reason="An invariant broke")

    page = text_of(trader.get("/"))

    assert "exits are let out, entries are not. An invariant broke." in page


def test_a_stopped_session_waits_for_a_person(trader: Client, farm: Farm, wall: datetime) -> None:
    TradingSession.objects.update(
        state=SessionState.STOPPED, stopped_at=wall, stop_reason="The daily loss was reached"
    )

    page = text_of(trader.get("/"))

    assert "Demo team does not trade since" in page
    assert "The daily loss was reached." in page


def test_a_team_that_trades_is_named_before_one_that_was_stopped(
    trader: Client, busy: Farm
) -> None:
    other = Team.objects.create(
        id=UUID(int=7), owner=busy.owner, name="Second team", created_at=busy.wall
    )
    TradingSession.objects.create(
        id=UUID(int=7),
        team=other,
        account=busy.account,
        state="STOPPED",
        accepted_by="trader",
        started_at=busy.wall,
        stopped_at=busy.wall,
    )

    page = text_of(trader.get("/"))

    assert "Demo team trades by itself" in page
    assert "does not trade" not in page


def test_a_replay_shows_its_clock(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get("/"))

    assert "Replay of 14 Mar 2005, 16:00 1 day a second, interpolated ticks, 13 % played" in page


def test_a_replay_that_has_ended_says_how_to_start_another(trader: Client, farm: Farm) -> None:
    farms.end_replay(farm)

    page = text_of(trader.get("/"))

    assert "Replay ended at 1 Mar 2013, 16:00" in page
    assert 'make run ARGS="--new-replay"' in page
    assert "s old" not in page


def test_old_prices_are_called_old(trader: Client, farm: Farm, wall: datetime) -> None:
    Quote.objects.update(at=wall - timedelta(seconds=100))

    page = text_of(trader.get("/"))

    assert "prices 100 s old" in page


def test_fresh_prices_are_not(trader: Client, farm: Farm) -> None:
    assert "s old" not in text_of(trader.get("/"))


def test_times_are_in_the_accounts_zone_with_utc_on_hover(trader: Client, busy: Farm) -> None:
    page = trader.get("/").content.decode()

    assert 'title="2005-03-14 21:00:00 UTC">14 Mar 2005, 16:00</time>' in page


def test_further_accounts_can_be_chosen(trader: Client, farm: Farm, wall: datetime) -> None:
    second = farms.make_farm(owner=farm.owner, wall=wall + timedelta(seconds=1), name="Second")

    first_page = trader.get("/").content.decode()
    second_page = trader.get(reverse("account", args=[second.account.id]))

    assert reverse("account", args=[second.account.id]) in first_page
    assert "Dashboard of Second" in text_of(second_page)


def test_only_staff_are_shown_the_admin(client: Client, farm: Farm) -> None:
    client.force_login(farm.owner)
    for_trader = client.get("/").content.decode()
    client.force_login(farms.make_user("operator", staff=True))
    for_staff = client.get("/").content.decode()

    assert "/admin/" not in for_trader
    assert "/admin/" in for_staff


def test_the_first_page_swaps_nothing_out_of_band(trader: Client, busy: Farm) -> None:
    assert "hx-swap-oob" not in trader.get("/").content.decode()


def test_the_curve_continues_after_a_moment(trader: Client, busy: Farm) -> None:
    address = reverse("account-equity", args=[busy.account.id])
    everything = trader.get(address).json()

    rest = trader.get(address, {"after": everything["points"][-3][0]}).json()

    assert len(everything["points"]) == 300
    assert rest["points"] == everything["points"][-2:]
    assert [side for _, side, _ in everything["fills"]].count("sell") == 2


@pytest.mark.parametrize("after", ["soon", "1e9", "9" * 30])
def test_a_curve_after_no_time_at_all_is_refused(trader: Client, farm: Farm, after: str) -> None:
    answer = trader.get(reverse("account-equity", args=[farm.account.id]), {"after": after})

    assert answer.status_code == 400
    assert answer.json() == {"error": "`after` is a time in whole Unix seconds."}


def test_answers_are_not_kept_by_caches(trader: Client, busy: Farm) -> None:
    answer = trader.get(reverse("account-equity", args=[busy.account.id]))

    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("piece", "most"),
    [("account", 12), ("account-equity", 6)],
)
def test_a_busy_account_takes_few_queries(
    trader: Client,
    busy: Farm,
    piece: str,
    most: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    farms.halt(busy)
    trader.get(reverse(piece, args=[busy.account.id]))  # the session learns which account it is

    with django_assert_max_num_queries(most):
        trader.get(reverse(piece, args=[busy.account.id]))


def test_ten_times_the_conversation_takes_no_more_queries(
    trader: Client, farm: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    stories.make_busy(farm, turns=1)
    for _ in range(10):
        stories.lost_vote(farm)

    with django_assert_max_num_queries(12):
        trader.get("/")
