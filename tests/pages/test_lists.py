"""What the lists of an account show, and what is taken out of them as files."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.domain.states import ExecutionState
from agents.models import Execution
from tests.pages import farms, stories
from tests.pages.farms import Farm
from tests.pages.following import sent
from tests.pages.reading import text_of
from trading.domain.states import OrderState, Side
from trading.models import Fill, Order, Position
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.live import Change
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)

LISTS = ("orders", "fills", "positions", "refusals", "executions")


def lines_of(answer: Any) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orders", "No order yet."),
        ("fills", "Nothing has been filled yet."),
        ("positions", "No open positions."),
        ("refusals", "The risk gate has refused nothing."),
        ("executions", "No team was woken yet."),
    ],
)
def test_an_empty_list_says_what_will_fill_it(
    trader: Client, farm: Farm, name: str, words: str
) -> None:
    assert words in text_of(trader.get(reverse(name)))


@pytest.mark.parametrize("name", LISTS)
def test_a_person_without_an_account_is_told_to_open_one(
    client: Client, db: None, name: str
) -> None:
    client.force_login(farms.make_user("newcomer"))

    assert "You have no account yet" in text_of(client.get(reverse(name)))


@pytest.mark.parametrize("name", LISTS)
def test_filters_that_leave_nothing_offer_the_way_back(
    trader: Client, busy: Farm, name: str
) -> None:
    page = trader.get(reverse(name), {"symbol": "ZZZ"})

    assert "matches these filters." in text_of(page)
    assert f'href="{reverse(name)}?account={busy.account.id}"' in page.content.decode()


def test_an_order_says_what_became_of_it(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(reverse("orders")))

    assert "MSFT Technical sell 300 25.40 25.40 7,620.00 0.00 filled take-profit" in page
    assert "GOOG Technical buy 24 0 filled 175.51 - 0.00 0.00 unknown, being looked up" in page


def test_orders_can_be_asked_for_by_state_side_and_symbol(trader: Client, busy: Farm) -> None:
    def ids(**asked: str) -> list[str]:
        rows = trader.get(reverse("orders"), asked).context["rows"]
        return [f"{row.side} {row.symbol} {row.state}" for row in rows]

    assert ids(state="at-work") == [
        *("buy GOOG UNKNOWN", "buy GOOG APPROVED", "buy GOOG OPEN"),
    ]
    assert ids(state="FILLED", side="sell") == ["sell IBM FILLED", "sell MSFT FILLED"]
    assert ids(symbol="ms") == ["sell MSFT FILLED"]


def test_orders_can_be_asked_for_by_days_of_the_accounts_zone(trader: Client, busy: Farm) -> None:
    order = Order.objects.order_by("as_of").first()
    assert order is not None
    # 03:30 UTC is the evening before in New York.
    Order.objects.filter(id=order.id).update(as_of=datetime.fromisoformat("2005-03-10T03:30Z"))

    def found(since: str, until: str) -> list[Any]:
        asked = {"since": since, "until": until}
        return [row.id for row in trader.get(reverse("orders"), asked).context["rows"]]

    assert found("2005-03-09", "2005-03-09") == [order.id]
    assert found("2005-03-10", "2005-03-10") == []


def test_days_that_are_none_are_said_beside_their_field(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(reverse("orders"), {"since": "2005-02-30", "until": "soon"}))

    assert page.count("Give a day such as 2005-03-14.") == 2


def test_a_last_day_before_the_first_is_said(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(reverse("orders"), {"since": "2005-03-14", "until": "2005-03-13"}))

    assert "This day is before the first one." in page


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_of_all_can_be_asked_for(
    trader: Client, busy: Farm, day: str
) -> None:
    for field in ("since", "until"):
        assert trader.get(reverse("orders"), {field: day}).status_code == 200


def test_fills_are_summed_up_over_all_that_match(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(reverse("fills"), {"side": "sell"}))

    # 300 at 25.40 and 80 at 90.02; a thousandth of it as fees; 212.35 and -148.00 realised.
    assert "Fills 2 Traded, USD 14,821.60 Fees, USD 14.82" in page
    assert "Realised net of fees, USD ▲+64.35" in page


def test_open_positions_are_live_and_closed_ones_tell_what_they_brought(
    trader: Client, busy: Farm
) -> None:
    sold = Position.objects.create(
        account=busy.account,
        instrument=busy.instruments["MSFT"],
        realised=Decimal("212.35"),
        fees=Decimal("7.62"),
    )
    page = text_of(trader.get(reverse("positions")))

    assert "Open 3 worth 56,187.80 USD, open P&L ▲+280.08" in page
    assert "AAPL Technical 560 38.72 40.32 22,579.20 ▲+896.00 ▲+4.13 % 0.00" in page
    assert f"MSFT ▲+{sold.realised} 7.62 0.00 1 " in page


def test_a_viewer_is_not_offered_to_close(client: Client, busy: Farm) -> None:
    viewer = farms.make_user("viewer")
    viewer.role, viewer.desk = Role.VIEWER.value, busy.owner
    viewer.save()
    client.force_login(viewer)

    page = client.get(reverse("positions")).content.decode()

    assert "Close AAPL" not in page
    assert "22,579.20" in page


def test_a_refusal_says_each_failed_check_and_leads_to_its_decision(
    trader: Client, busy: Farm
) -> None:
    answer = trader.get(reverse("refusals"))

    page = text_of(answer)
    execution = Execution.objects.get(decision__assessment__approved=False)
    assert "It would be entry 4 of the day; 3 are allowed." in page
    assert "It could cost 8,112.40; 5,200.00 of cash is free." in page
    assert reverse("execution", args=[execution.id]) in answer.content.decode()


def test_refusals_can_be_asked_for_by_the_failed_check(trader: Client, busy: Farm) -> None:
    def count(check: str) -> int:
        return len(trader.get(reverse("refusals"), {"check": check}).context["rows"])

    assert (count("BUYING_POWER"), count("DAILY_LOSS")) == (1, 0)


def test_a_decision_says_why_what_how_it_was_voted_and_what_followed(
    trader: Client, busy: Farm
) -> None:
    page = text_of(trader.get(reverse("executions")))

    assert (
        "AAPL rose 2 % against the day's open Demo team buy 200 AAPL by Technical"
        " Ordered 4 for Order filled" in page
    )
    assert "Too few approvals 2 for, 1 against, 1 abstained 2 of the 3 approvals needed." in page
    assert "Refused by the risk gate 4 for It would be entry 4 of the day" in page


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"outcome": "ordered"}, 4),
        ({"outcome": "refused"}, 1),
        ({"outcome": "no-quorum"}, 4),
        ({"outcome": "failed"}, 0),
        ({"symbol": "IBM"}, 4),
        ({"symbol": "aapl", "outcome": "ordered"}, 4),
        ({"outcome": "nonsense"}, 10),
    ],
)
def test_decisions_can_be_asked_for(
    trader: Client, busy: Farm, asked: dict[str, str], count: int
) -> None:
    assert len(trader.get(reverse("executions"), asked).context["rows"]) == count


def test_every_state_of_an_execution_has_words(trader: Client, farm: Farm) -> None:
    for state in ExecutionState:
        execution = stories.make_execution(farm, cause=f"{state} it is")
        Execution.objects.filter(id=execution.id).update(state=state, problem="It broke.")

    rows = trader.get(reverse("executions")).context["rows"]

    assert {row.outcome for row in rows} == {
        *("at-work", "hold", "abstained", "failed", "abandoned"),
    }
    assert all(row.outcome_words for row in rows)


def test_decisions_by_agent_and_team(trader: Client, busy: Farm) -> None:
    def count(**asked: str) -> int:
        return len(trader.get(reverse("executions"), asked).context["rows"])

    assert count(agent=str(busy.agents["Technical"].id)) == 9
    assert count(team=str(busy.team.id)) == 10
    assert count(team=str(busy.agents["Risk"].id)) == 10  # no team of this account: said, not used


@pytest.mark.parametrize("name", LISTS)
def test_the_account_of_somebody_else_is_not_found(
    trader: Client, wall: datetime, name: str
) -> None:
    other = farms.make_farm(owner=farms.make_user("other"), wall=wall)

    assert trader.get(reverse(name), {"account": str(other.account.id)}).status_code == 404
    assert trader.get(reverse(name), {"account": "mine"}).status_code == 404
    export = f"{reverse(f'{name}-export')}?account={other.account.id}"
    assert trader.post(export).status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_the_things_of_somebody_else_are_not_listed(
    trader: Client, busy: Farm, wall: datetime, name: str
) -> None:
    other = stories.make_busy(farms.make_farm(owner=farms.make_user("other"), wall=wall))
    trader.force_login(farms.make_user("third"))

    assert trader.get(reverse(name), {"account": str(other.account.id)}).status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_few_queries_and_no_more_for_more_rows(
    trader: Client, farm: Farm, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    stories.make_busy(farm, turns=20)

    with django_assert_max_num_queries(10):
        answer = trader.get(reverse(name))

    assert answer.status_code == 200


def test_pages_lead_on_and_back(trader: Client, farm: Farm) -> None:
    for _ in range(60):
        stories.make_order(
            farm,
            symbol="AAPL",
            side=Side.BUY,
            quantity=1,
            price="40",
            state=OrderState.CANCELED,
        )
    first = trader.get(reverse("orders"))
    second = trader.get(first.context["listing"].next)
    again = trader.get(second.context["listing"].previous)

    ids = [[row.id for row in page.context["rows"]] for page in (first, second, again)]
    assert [len(each) for each in ids] == [50, 10, 50]
    assert ids[0] == ids[2]
    assert len({*ids[0], *ids[1]}) == 60


def test_htmx_puts_the_clean_address_into_the_bar(trader: Client, busy: Farm) -> None:
    asked = {
        "symbol": "AAPL",
        "side": "",
        "state": "",
        "agent": "",
        "account": str(busy.account.id),
    }

    answer = trader.get(reverse("orders"), asked, headers={"HX-Request": "true"})

    assert answer["HX-Push-Url"] == f"/orders/?account={busy.account.id}&symbol=AAPL"


def test_fills_are_taken_out_as_they_are_filtered_and_that_is_journaled(
    trader: Client, busy: Farm
) -> None:
    address = f"{reverse('fills-export')}?account={busy.account.id}&side=sell"

    answer = trader.post(address)

    lines = lines_of(answer)
    sale = Fill.objects.get(realised=Decimal("212.35"))
    assert answer["Content-Disposition"] == 'attachment; filename="fills.csv"'
    assert lines[0][:9] == [
        *("date", "order", "symbol", "side", "quantity", "price", "value", "fee", "realised"),
    ]
    assert [line[2] for line in lines[1:]] == ["IBM", "MSFT"]
    assert lines[2][1:9] == [
        *(str(sale.order_id), "MSFT", "sell", "300", "25.4", "7620", "7.62", "212.35"),
    ]
    event = JournalEvent.objects.get(stream=account_stream(busy.account.id), kind="user.exported")
    assert event.actor == "person:trader"
    assert event.payload == {"list": "fills", "filters": {"side": "sell"}}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_can_be_taken_out(trader: Client, busy: Farm, name: str) -> None:
    lines = lines_of(trader.post(reverse(f"{name}-export")))

    assert len({len(line) for line in lines}) == 1
    assert len(lines) == 1 + len(trader.get(reverse(name)).context["rows"])


def test_nothing_is_taken_out_while_a_filter_is_wrong(trader: Client, busy: Farm) -> None:
    answer = trader.post(f"{reverse('fills-export')}?since=soon")

    assert answer.status_code == 303
    assert answer["Location"].startswith("/fills/?account=")
    assert not JournalEvent.objects.filter(kind="user.exported").exists()


def test_a_list_is_not_taken_out_by_a_link(trader: Client, busy: Farm) -> None:
    assert trader.get(reverse("fills-export")).status_code == 405


def change(*kinds: str, prices: bool = False) -> Change:
    events = [
        JournalEvent(pk=number, seq=number, kind=kind, actor="sender", entry="{}")
        for number, kind in enumerate(kinds, start=7)
    ]
    return Change(tuple(events), prices)


def test_a_list_is_sent_a_mark_for_each_new_thing(farm: Farm) -> None:
    html = sent(farm, change("order.approved", "order.filled", "order.approved"), view="orders")

    assert html.count("<i ") == 2
    assert 'id="new-7" data-seq="7" hx-swap-oob="upsert:#fresh-marks"' in html
    assert 'id="new-9"' in html


def test_a_list_is_sent_nothing_for_other_things(farm: Farm) -> None:
    assert sent(farm, change("order.approved", prices=True), view="fills") == ""


def test_open_positions_are_sent_with_every_price(busy: Farm) -> None:
    html = sent(busy, change(prices=True), view="positions")

    assert 'id="open-positions" hx-swap-oob="morph"' in html
    assert "22,579.20" in html
    assert sent(busy, change("agent.message"), view="positions") == ""
