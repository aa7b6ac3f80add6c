"""The judge of the faults finds each kind of breach, and tiny campaigns end as they should."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.campaigns.faults_judge import OurFill, OurOrder, Ours, Truth, judge
from tests.campaigns.faults_plans import FAULTS, ORDERS, plans
from tests.exchanges.log import ExchangeLog

NAME, WALL = "tfl-one", "2026-03-02T00:00:00+00:00"
BASICS = {"at": 0.0, "wall": WALL, "account": "main", "client_order_id": NAME}
TERMS = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "quantity": "2", "price": "100"}


def event(kind, sequence, **fields):
    return {**BASICS, "event": kind, "sequence": sequence, **fields}


def post(sequence, request, **fields):
    terms = {"stop_price": None, "faults": [], **TERMS}
    return event("post", sequence, request=request, **(terms | fields))


EVENTS = [
    post(1, 1),
    event("accepted", 2, order_id=7, origin="client", stop_price=None, **TERMS),
    event("taken", 3, request=1, order_id=7),
    event(
        "trade",
        4,
        trade_id=9,
        order_id=7,
        origin="client",
        symbol="BTCUSDT",
        side="BUY",
        price="100",
        quantity="2",
        fee="0.002",
        fee_asset="BTC",
        is_maker=True,
    ),
    event("ended", 5, order_id=7, status="FILLED", filled="2", by="venue"),
    event("balances", 6, balances={"USDT": ["800", "0"], "BTC": ["1.998", "0"]}),
]
OURS = Ours(
    cash=Decimal(800),
    reserved=Decimal(0),
    held={"BTC": Decimal("1.998")},
    offered=Decimal(0),
    is_ready=True,
    orders=[OurOrder(NAME, "7", "agent", "FILLED", Decimal(2), Decimal(2))],
    fills=[OurFill("9", Decimal(2), Decimal(100), Decimal("0.002"), "BTC")],
)


def found(ours=OURS, events=EVENTS):
    truth = Truth(ExchangeLog(events), "main", "USDT", {"USDT": Decimal(1000)})
    return {breach.kind for breach in judge(ours, truth)}


def ordered(**changes):
    return replace(OURS, orders=[replace(OURS.orders[0], **changes)])


def test_books_that_agree_have_no_breach():
    assert found() == set()


@pytest.mark.parametrize(
    ("ours", "kinds"),
    [
        (replace(OURS, cash=Decimal("799.99999999")), {"cash"}),
        (replace(OURS, held={"BTC": Decimal(2)}), {"position"}),
        (replace(OURS, fills=[]), {"misbooked"}),
        (replace(OURS, fills=[*OURS.fills] * 2), {"misbooked"}),
        (replace(OURS, reserved=Decimal(1)), {"leaked"}),
        (replace(OURS, offered=Decimal(1)), {"leaked"}),
        (replace(OURS, is_ready=False), {"not_ready"}),
        (replace(OURS, orders=[]), {"foreign", "lost"}),
        (ordered(state="UNKNOWN"), {"state"}),
        (ordered(state="OPEN"), {"state"}),
        (ordered(state="NOT_PLACED"), {"state"}),
        (ordered(state="CANCELED"), {"state"}),
        (ordered(filled=Decimal(1)), {"state"}),
        (ordered(reserved=Decimal(1)), {"leaked"}),
    ],
)
def test_what_the_farm_has_otherwise_is_found(ours, kinds):
    assert found(ours) == kinds


def test_a_second_request_of_one_order_is_found():
    assert found(events=[*EVENTS, post(7, 2)]) == {"doubled"}


def test_a_second_order_of_one_name_is_found():
    again = event("accepted", 7, order_id=8, origin="client", stop_price=None, **TERMS)

    assert "doubled" in found(events=[*EVENTS, again])


def test_an_order_that_was_never_posted_is_found():
    assert found(events=[each for each in EVENTS if each["event"] != "post"]) == {"lost"}


def test_a_refusal_that_nothing_proves_is_found():
    refused = replace(ordered(state="REJECTED", filled=Decimal(0)), fills=[], held={})
    refused = replace(refused, cash=Decimal(1000))
    balances = event("balances", 6, balances={"USDT": ["1000", "0"]})
    silent = [post(1, 1, faults=["timeout_before_engine"]), balances]
    told = [post(1, 1, faults=["http_429"]), event("not_taken", 2, request=1), balances]

    assert found(refused, silent) == {"unproved"}
    assert found(refused, told) == set()


def test_what_others_did_must_have_blocked_something():
    drift = event("drift", 7, asset="USDT", amount="-3")
    balances = event("balances", 8, balances={"USDT": ["797", "0"], "BTC": ["1.998", "0"]})

    assert found(events=[*EVENTS, drift, balances]) == {"unseen"}
    noticed = replace(OURS, breakers=frozenset({"difference"}))
    assert found(noticed, [*EVENTS, drift, balances]) == set()


def test_there_are_enough_faults_and_each_meets_every_kind_of_order():
    planned = {(plan.fault, plan.order) for plan in plans(seed=1, seeds=1)}

    assert len(FAULTS) >= 24
    assert planned == {(fault, order) for fault in FAULTS for order in ORDERS}


def test_a_seed_repeats_every_plan():
    assert list(plans(seed=3, seeds=2)) == list(plans(seed=3, seeds=2))


def test_the_sender_brings_everything_to_rest(campaign):
    status, line = campaign("faults", "--processes=1", "--only=http_503")

    assert (status, line["breaches"], line["stories_hit"]) == (0, 0, 3), line


def test_a_sender_that_sends_again_is_caught(campaign):
    status, line = campaign(
        "faults", "--processes=1", "--only=timeout", "--planted=resend", "--seeds=2"
    )

    assert status == 1
    assert line["breaches_by_kind"]["doubled"] > 0, line


def test_a_ledger_that_forgets_fees_is_caught(campaign):
    status, line = campaign("faults", "--processes=1", "--only=fill_in_pieces", "--planted=fee")

    assert status == 1
    assert line["breaches_by_kind"]["misbooked"] > 0, line
