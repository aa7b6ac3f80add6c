"""What leaves for a venue, and how often."""

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from tests.exchanges_ccxt.connecting import HastyClock
from tests.exchanges_ccxt.venue_server import HangsUp, Says, venue_server
from trading.exchanges.ccxt.outcomes import Fate, HeldBack
from trading.exchanges.ccxt.venues import VENUES
from trading.exchanges.ccxt.wire import Wire, exact_json
from tradingfarm.kernel.clock import ManualClock

ORDER = "/api/v3/order"


@pytest.fixture
def server():
    with venue_server() as running:
        running.say("* *", {"orderId": 1})
        yield running


@pytest.fixture
def clock():
    return ManualClock(HastyClock().now())


@pytest.fixture
def wire(clock):
    terms = replace(VENUES["binance"], rate=10, burst=4, action_rate=10, action_burst=4)
    made = Wire(terms=terms, clock=clock)
    yield made
    made.close()


def later(clock, seconds):
    return clock.now() + timedelta(seconds=seconds)


# ------------------------------------------------------------------------------ one order


def test_an_order_request_needs_a_ticket(wire, server):
    with pytest.raises(HeldBack):
        wire.request("POST", f"{server.url}{ORDER}")

    assert server.asked == []


def test_a_ticket_is_good_for_one_order_request(wire, server, clock):
    with wire.placing(deadline=later(clock, 5)) as trips:
        wire.request("POST", f"{server.url}{ORDER}", data=b"a=1")
        with pytest.raises(HeldBack, match="already"):
            wire.request("POST", f"{server.url}{ORDER}", data=b"a=1")

    assert len(server.asked) == 1
    assert [trip.status for trip in trips] == [200]


def test_with_a_ticket_nothing_else_leaves(wire, server, clock):
    with wire.placing(deadline=later(clock, 5)):
        for method, path in [("GET", ORDER), ("POST", "/api/v3/orderList"), ("GET", "/x")]:
            with pytest.raises(HeldBack):
                wire.request(method, f"{server.url}{path}")

    assert server.asked == []


def test_a_ticket_ends_at_its_deadline(wire, server, clock):
    with wire.placing(deadline=later(clock, 5)):
        clock.sleep(5.001)
        with pytest.raises(HeldBack, match="deadline"):
            wire.request("POST", f"{server.url}{ORDER}")

    assert server.asked == []


def test_a_ticket_is_gone_afterwards(wire, server, clock):
    with wire.placing(deadline=later(clock, 5)):
        pass

    with pytest.raises(HeldBack):
        wire.request("POST", f"{server.url}{ORDER}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(wire, server, clock, status):
    server.say("POST *", Says({}, status=status, headers={"Location": f"{server.url}{ORDER}"}))

    with wire.placing(deadline=later(clock, 5)) as trips:
        wire.request("POST", f"{server.url}{ORDER}")

    assert len(server.asked) == 1
    assert trips[0].status == status


# ------------------------------------------------------------------------- what came back


def test_an_answer_is_written_down_with_exact_numbers(wire, server):
    server.say("GET *", Says(b'{"price": 0.10, "id": 123456789012345678901}'))

    with wire.listening() as trips:
        wire.request("GET", f"{server.url}/api/v3/time?secret=1")

    (trip,) = trips
    assert trip.body == {"price": "0.10", "id": 123456789012345678901}
    assert (trip.fate, trip.path) == (Fate.ANSWERED, "/api/v3/time")
    assert "secret" not in str(trip)


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b'{"a": 1', b"null", b'"text"', b"1", b'{"a": NaN}', b"\xff\xfe"]
)
def test_what_is_no_object_and_no_list_is_no_body(wire, server, text):
    server.say("GET *", Says(text))

    with wire.listening() as trips:
        wire.request("GET", f"{server.url}/x")

    assert trips[0].body is None


@pytest.mark.parametrize("answer", [HangsUp(), Says({"a": 1}, cut=10)], ids=["hangs up", "cut"])
def test_an_answer_that_does_not_come_whole_is_lost(wire, server, clock, answer):
    server.say("POST *", answer)

    with (
        wire.placing(deadline=later(clock, 5)) as trips,
        pytest.raises(requests.RequestException),
    ):
        wire.request("POST", f"{server.url}{ORDER}", timeout=5)

    assert [trip.fate for trip in trips] == [Fate.LOST]
    assert len(server.asked) == 1


@contextmanager
def deaf():
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_silence_is_lost(wire, clock):
    with (
        deaf() as address,
        wire.placing(deadline=later(clock, 5)) as trips,
        pytest.raises(requests.RequestException),
    ):
        wire.request("POST", f"http://{address}{ORDER}", timeout=0.2)

    assert [trip.fate for trip in trips] == [Fate.LOST]


def test_a_handshake_that_fails_is_lost(wire, clock):
    with (
        venue_server() as plain,
        wire.placing(deadline=later(clock, 5)) as trips,
        pytest.raises(requests.RequestException),
    ):
        wire.request("POST", f"https{plain.url[4:]}{ORDER}", timeout=5)

    assert [trip.fate for trip in trips] == [Fate.LOST]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def test_a_venue_that_is_not_there_was_never_reached(wire, clock):
    with (
        wire.placing(deadline=later(clock, 5)) as trips,
        pytest.raises(requests.RequestException),
    ):
        wire.request("POST", f"http://127.0.0.1:{closed_port()}{ORDER}", timeout=2)

    assert [trip.fate for trip in trips] == [Fate.NEVER_CONNECTED]


@pytest.mark.parametrize("failure", [socket.gaierror("no such name"), TimeoutError()])
def test_a_name_nobody_knows_and_a_door_nobody_opens_were_never_reached(
    wire, clock, monkeypatch, failure
):
    def failing(*_, **__):
        raise failure

    monkeypatch.setattr("urllib3.util.connection.create_connection", failing)

    with (
        wire.placing(deadline=later(clock, 5)) as trips,
        pytest.raises(requests.RequestException),
    ):
        wire.request("POST", f"http://127.0.0.1{ORDER}", timeout=2)

    assert [trip.fate for trip in trips] == [Fate.NEVER_CONNECTED]


# ---------------------------------------------------------------------------------- pace


def test_a_question_waits_for_the_budget(wire, server, clock):
    begun = clock.now()

    for _ in range(6):
        wire.request("GET", f"{server.url}/x")

    assert clock.now() - begun == pytest.approx(timedelta(seconds=0.2), abs=timedelta(0.001))


def ordered(wire, server, clock):
    with wire.placing(deadline=later(clock, 5)):
        wire.request("POST", f"{server.url}{ORDER}")


def test_a_cancel_waits_for_no_questions(wire, server, clock):
    for _ in range(4):
        wire.request("GET", f"{server.url}/x")
    begun = clock.now()

    wire.request("DELETE", f"{server.url}{ORDER}")

    assert clock.now() == begun


def test_a_breath_is_taken_before_the_question(wire, server, clock):
    for _ in range(4):
        wire.request("GET", f"{server.url}/x")
    begun = clock.now()

    wire.take_breath()

    assert clock.now() - begun == pytest.approx(timedelta(seconds=0.1), abs=timedelta(0.001))
    assert len(server.asked) == 4


def test_an_order_waits_for_nothing_but_not_for_ever(wire, server, clock):
    begun = clock.now()
    for _ in range(8):
        ordered(wire, server, clock)

    with pytest.raises(HeldBack, match="too many"):
        ordered(wire, server, clock)

    assert clock.now() == begun
    assert len(server.asked) == 8


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7), ({}, 5), ({"Retry-After": "Mon, 2 Mar"}, 5)],
)
@pytest.mark.parametrize("status", [418, 429])
def test_who_says_slow_down_is_left_alone(wire, server, clock, status, headers, seconds):
    server.say("GET *", Says({"code": -1003}, status=status, headers=headers))
    wire.request("GET", f"{server.url}/x")

    clock.sleep(seconds - 0.1)
    with pytest.raises(HeldBack):
        wire.request("GET", f"{server.url}/x")
    with wire.placing(deadline=later(clock, 5)), pytest.raises(HeldBack):
        wire.request("POST", f"{server.url}{ORDER}")
    clock.sleep(0.2)
    wire.request("GET", f"{server.url}/x")

    assert len(server.asked) == 2


def test_a_ban_of_days_is_looked_at_again_after_an_hour(wire, server, clock):
    server.say("GET *", Says({}, status=418, headers={"Retry-After": "259200"}))
    wire.request("GET", f"{server.url}/x")

    clock.sleep(3601)
    wire.request("GET", f"{server.url}/x")

    assert len(server.asked) == 2


def test_a_venue_without_statuses_is_understood_by_its_code(server, clock):
    wire = Wire(terms=VENUES["kraken"], clock=clock)
    server.say("POST *", {"error": ["EAPI:Rate limit exceeded"]})
    wire.request("POST", f"{server.url}/0/private/Balance")

    with pytest.raises(HeldBack):
        wire.request("POST", f"{server.url}/0/private/Balance")
    wire.close()


# -------------------------------------------------------------------------------- privacy


def test_settings_of_the_machine_are_not_read(wire, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    wire.request("GET", f"{server.url}/x")

    assert len(server.asked) == 1


def test_nobody_is_told_who_sent_us(wire, server):
    wire.request("GET", f"{server.url}/x", headers={"Referer": "CCXT", "X-Key": "k"})

    headers = server.asked[0].headers
    assert "Referer" not in headers
    assert headers["X-Key"] == "k"


def test_json_with_no_number_is_refused():
    with pytest.raises(ValueError, match="Infinity"):
        exact_json('{"a": Infinity}')


def test_many_threads_at_once_lose_no_request(wire, server):
    threads = [
        threading.Thread(target=wire.request, args=("GET", f"{server.url}/x")) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(server.asked) == 8
