"""The page of one execution: why it traded, or why it did not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Context, Execution, ProviderCall
from tests.pages import stories, told
from tests.pages.farms import Farm, make_farm, make_user, set_price
from tests.pages.reading import text_of
from tests.pages.told import opened, read, steps
from trading.domain.states import Side
from trading.models import Account, Fill, Order, ParentOrder
from triggers.models import Firing, Trigger

pytest_plugins = ("tests.pages.fixtures",)

STOPPED = "It stopped here."


@pytest.fixture
def market(farm: Farm) -> Farm:
    """A farm half an hour before the close, whose agents can be asked."""
    return told.prepare(farm)


def test_a_trade_is_told_from_the_firing_to_what_came_of_it(trader: Client, market: Farm) -> None:
    execution = told.traded(market)

    markup = opened(trader, execution)

    assert steps(markup) == [
        *("cause", "woken", "known", "answers", "proposal", "vote", "decision"),
        *("checks", "order", "fills", "since"),
    ]
    assert STOPPED not in markup


def test_the_headline_says_what_was_done_and_why(trader: Client, market: Farm) -> None:
    page = read(trader, told.traded(market))

    assert "Bought 160 AAPL filled AAPL falls 2 % or more from the day's open" in page
    assert "Models built-in rules, no model: 0 USD" in page


def test_the_cause_has_its_evidence_its_trigger_and_its_level(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    trigger = Trigger.objects.get()

    answer = trader.get(reverse("execution", args=[execution.id]))

    assert "Price then 40.32 Price before it 40.41" in text_of(answer)
    # Two percent below the open of 41.18.
    assert "Measured against 41.18, a change of -2.09 % The trigger's level 40.36" in text_of(
        answer
    )
    assert reverse("trigger", args=[trigger.id]) in answer.content.decode()


def test_a_trigger_that_was_changed_since_is_said_to_have_been(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    Trigger.objects.update(
        condition={"condition": "change_percent", "threshold": "-5", "against": "open"}
    )

    page = read(trader, execution)

    assert "It was changed since; the first line says what it asked then." in page
    assert "The trigger's level" not in page


def test_what_was_known_is_readable_and_unfolds_to_its_exact_text(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    context = Context.objects.get(hash=execution.context_id)

    answer = trader.get(reverse("execution", args=[execution.id]))

    page = text_of(answer)
    assert "AAPL 30 min to close 40.32" in page
    assert "Largest order 10,000.00 Largest position 25,000.00" in page
    assert "Entries left today 3 Loss left today 5,000.00" in page
    assert f"SHA-256 {context.hash}" in page
    assert " ".join(context.text.split()).replace(" ,", ",") in page


def test_a_context_of_another_release_still_shows_its_text(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    Context.objects.update(text='{"moon": "full"}')

    page = read(trader, execution)

    assert "stored by another release" in page
    assert '{"moon": "full"}' in page


def test_rules_are_said_to_be_no_model(trader: Client, market: Farm) -> None:
    page = read(trader, told.traded(market))

    assert "Technical Buy 200 AAPL built-in rules, no model, version 1" in page
    assert "confidence 64 % risk medium dip AAPL fell 2.1 % today" in page


def test_a_models_answer_says_which_one_its_cost_and_its_tokens(
    trader: Client, market: Farm
) -> None:
    voices = told.on_models(market)

    page = read(trader, told.traded(market, voices=voices))

    assert "Technical Buy 200 AAPL anthropic, claude-opus-4-5-20251101, version 1" in page
    assert "0.012300 USD · 3,100 tokens read, 180 written" in page
    assert "Asked for claude-opus-4-5, temperature 0.7, at most 8000 tokens." in page
    # Five questions of 0.0123 dollars each.
    assert "Models 0.0615 USD, 5 questions, 15,920 tokens" in page


def test_a_cost_that_nobody_knows_is_said_to_be_the_most_it_can_be(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market, voices=told.on_models(market))
    ProviderCall.objects.filter(round=0).update(dollars_known=False)

    page = read(trader, execution)

    assert "at most 0.012300 USD" in page
    assert "Models at most 0.0615 USD" in page


def test_the_version_leads_to_the_agents_prompt_of_then(trader: Client, market: Farm) -> None:
    execution = told.traded(market)

    markup = opened(trader, execution)

    agent = reverse("agent", args=[market.agents["Technical"].id])
    assert f'{agent}?tab=prompt&amp;to=1"' in markup


def test_the_exact_question_and_answer_unfold(trader: Client, market: Farm) -> None:
    page = read(trader, told.traded(market))

    assert "System You are the Technical of a team of five." in page
    assert "Prompt Buy a shallow dip within a long uptrend. Decide now." in page
    assert "Context Word for word what was known" in page
    assert 'Answer {"decision": "buy", "symbol": "AAPL"' in page


def test_another_context_than_the_stored_one_is_shown_as_it_was_sent(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    ProviderCall.objects.filter(round=0).update(
        request='{"system": "S", "prompt": "P", "context": "only this"}'
    )

    page = read(trader, execution)

    assert "Context only this" in page


def test_a_question_that_cannot_be_taken_apart_is_shown_whole(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    ProviderCall.objects.filter(round=0).update(request="torn {")

    assert "The question as it is stored torn {" in read(trader, execution)


def test_an_answer_that_failed_is_shown_with_the_one_that_repaired_it(
    trader: Client, market: Farm
) -> None:
    page = read(trader, told.traded(market, technical=["I would buy.", told.BUY]))

    assert "Technical could not be used built-in rules" in page
    assert "The reply holds no JSON object." in page
    assert "Technical Buy 200 AAPL asked once more" in page
    assert "What was wrong before Your answer before could not be used" in page
    assert "Answer I would buy." in page


def test_each_vote_has_its_reason_and_what_it_asked_for(trader: Client, market: Farm) -> None:
    page = read(trader, told.traded(market))

    assert "4 of 4 for" in page
    assert "Risk for asks for at most 160 built-in rules" in page
    assert "A smaller size suits the volatility." in page


def test_the_decision_is_compared_with_the_proposal(trader: Client, market: Farm) -> None:
    page = read(trader, told.traded(market))

    assert "Size 200 160 narrowed Stop-loss 38.90 38.90 nothing" in page
    assert "Risk narrowed the size to 160." in page


def test_the_checks_say_number_limit_and_room(trader: Client, market: Farm) -> None:
    page = read(trader, told.traded(market))

    assert "All 36 checks passed. Asked for 160 ; the largest that would have passed: 243." in page
    # 160 at the collar of 41.13.
    assert "Is the order small enough? ORDER_SIZE yes 6,580.80 USD 10,000.00 3,419.20 243" in page
    assert "Is what it sells held and free? POSITION_HELD not asked entry" in page


def test_the_order_shows_its_states_its_slippage_and_its_protections(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    Order.objects.update(expected_price=Decimal("40.30"))

    page = read(trader, execution)

    # Four cents above 40.30 on 160 shares.
    assert "Expected 40.30 Average 40.34 Slippage 9.93 bps 6.40 USD Fees, USD 6.45" in page
    assert "Claimed, and sent once" in page
    assert "Filled 160 at 40.34" in page
    assert "Ended: filled" in page
    assert "Stop-loss at 38.90 armed" in page


def test_what_is_held_is_worth_what_it_is_worth_now(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    told.move(market, by=timedelta(hours=22))
    set_price(market, "AAPL", "41.34")

    page = read(trader, execution)

    # 160 at 41.34, bought for 6,454.40 with a fee of 6.45.
    assert "Still held of it 160 Price now 41.34 Realised, USD 0.00" in page
    assert "Unrealised, USD ▲+153.55 Together, USD ▲+153.55 Held for 22 h so far" in page


def test_an_exit_names_its_reason_and_its_order(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    told.stopped_out(market)

    markup = opened(trader, execution)

    page = read(trader, execution)
    sale = Order.objects.get(side=Side.SELL)
    assert "Still held of it 0" in page
    assert "Stop-loss asked for by a protection, without any model 160 38.58 ▼-294.23" in page
    assert "Stop-loss at 38.90 fired and done" in page
    assert markup.count(reverse("order", args=[sale.id])) == 2


def test_the_times_between_the_steps_are_told_on_both_clocks(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    fired = Firing.objects.get().at
    answered = Order.objects.get().assessment.at
    Execution.objects.update(started_at=fired + timedelta(milliseconds=38))
    Order.objects.update(
        as_of=told.NOW + timedelta(hours=18), approved_at=answered + timedelta(seconds=125)
    )

    page = read(trader, execution)

    assert "38 ms later The team was woken" in page
    assert "2 min 5 s later, the market moved on 18 h The order" in page


def test_what_agents_say_is_text_and_never_markup(trader: Client, market: Farm) -> None:
    evil = "<img src=x onerror=alert(1)></pre><script>alert(2)</script>"
    execution = told.traded(
        market,
        technical=told.BUY | {"reasoning": evil, "strategy": "<b>dip</b>"},
        risk={"choice": "approve", "reason": evil},
    )
    ProviderCall.objects.update(answered_by=evil[:80], provider="other")
    Execution.objects.update(problem=evil[:300])

    markup = opened(trader, execution)

    assert "<img src=x" not in markup
    assert "<script>alert" not in markup
    assert "<b>dip" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup


def test_stories_from_before_answers_were_kept_are_told_too(trader: Client, market: Farm) -> None:
    decision = stories.buy_after_a_vote(market, symbol="AAPL", quantity=200, price="39.90")

    page = read(trader, decision.execution)

    assert "Bought 160 AAPL" in page
    assert "Models not asked yet" in page


def test_a_silent_seat_is_told_with_why(trader: Client, market: Farm) -> None:
    market.agents["Sentiment"].status = "PAUSED"
    market.agents["Sentiment"].save()

    page = read(trader, told.thought(market))

    assert "3 of 4 for, 1 abstained" in page
    assert "Sentiment abstains Sentiment is paused." in page


def test_every_thing_of_the_story_has_its_link(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    order = Order.objects.get()

    markup = opened(trader, execution)

    for address in (
        reverse("team", args=[market.team.id]),
        reverse("market", args=[order.instrument_id]),
        reverse("order", args=[order.id]),
        reverse("position", args=[order.instrument_id]) + f"?account={market.account.id}",
        reverse("account", args=[market.account.id]),
        reverse("executions"),
        f"{reverse('journal')}?subject=execution%3A{execution.id}",
        f"{reverse('journal')}?subject=order%3A{order.id}",
        *(reverse("agent", args=[agent.id]) for agent in market.agents.values()),
    ):
        assert f'"{address}"' in markup, address


def test_the_page_asks_no_more_than_twelve_times(
    trader: Client, market: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    execution = told.traded(market)
    told.stopped_out(market)
    address = reverse("execution", args=[execution.id])
    trader.get(address)

    with django_assert_max_num_queries(12):
        trader.get(address)


@pytest.mark.parametrize("name", ["execution", "execution-chart"])
def test_the_execution_of_somebody_else_is_not_found(
    client: Client, market: Farm, name: str
) -> None:
    execution = told.traded(market)
    other = make_farm(owner=make_user("other"), wall=market.wall)
    client.force_login(other.owner)

    assert client.get(reverse(name, args=[execution.id])).status_code == 404


def test_later_entries_share_the_pool_in_proportion(trader: Client, market: Farm) -> None:
    told.widen(market, max_order_value=Decimal(50_000), max_position_value=Decimal(50_000))
    first = told.traded(market)
    told.move(market, by=timedelta(minutes=5))
    second = told.traded(market, risk={"choice": "approve", "reason": "So.", "quantity": 80})
    told.stopped_out(market)

    of_first, of_second = read(trader, first), read(trader, second)

    sold = Fill.objects.get(side=Side.SELL)
    assert sold.quantity == 240
    assert "one pool at average cost" in of_first
    assert "one pool at average cost" in of_second
    assert "160 of 240 sold 38.58 ▼-294.23" in of_first
    assert "80 of 240 sold 38.58 ▼-147.11" in of_second
    assert round(sold.realised, 2) == Decimal("-441.34")


def test_a_large_order_leads_to_its_slices(trader: Client, market: Farm) -> None:
    Account.objects.filter(id=market.account.id).update(slice_above=2_000)

    execution = told.thought(market)

    page, markup = read(trader, execution), opened(trader, execution)
    parent = ParentOrder.objects.get()
    assert "Buy 160 AAPL in slices: 0 of 160 sent so far" in page
    assert "refused by the risk gate" not in page
    assert reverse("parent", args=[parent.id]) in markup
