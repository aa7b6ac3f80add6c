"""What an answer to an order request proves: every reviewed code does, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges_ccxt.stories import STORIES
from tests.exchanges_ccxt.venue_server import VenueServer
from trading.domain.exchange import OutcomeKind
from trading.exchanges.ccxt.outcomes import Fate, Trip, is_sound, outcome_of, proof
from trading.exchanges.ccxt.venues import VENUES

MINE = "tfl" + "0" * 25 + "1"
PROOFLESS_STATUSES = [
    301,
    302,
    307,
    308,
    408,
    409,
    425,
    500,
    502,
    503,
    504,
    507,
    520,
    522,
    524,
    530,
]
GARBAGE = [{}, [], None, {"error": None}, {"code": None}, {"data": []}, {"result": {}}, [[1]]]
each_venue = pytest.mark.parametrize("venue", VENUES)


def story(venue):
    """Nobody serves it here: only its words are wanted."""
    return STORIES[venue](VenueServer())


def answered(venue, body, *, status=200):
    return Trip("POST", VENUES[venue].order_path, Fate.ANSWERED, status=status, body=body)


def outcome(trip, venue):
    return outcome_of(trip, terms=VENUES[venue], client_id=MINE)


def told(venue, body, *, status=200):
    return outcome(answered(venue, body, status=status), venue)


def codes(table):
    """Every code of a table, and a text for every beginning."""
    return [*table.codes, *(f"{begins} and so on" for begins in table.beginnings)]


def reviewed(name):
    return [
        (venue, code, status)
        for venue, terms in VENUES.items()
        for code in codes(getattr(terms, name))
        for status in sorted(getattr(terms, name).statuses)
    ]


def invented(venue):
    """Thirty codes that the venue has never used, in its own manner."""
    if venue == "binance":
        return [str(-7000 - number) for number in range(15)] + [
            f"-2010 Something new, number {number}." for number in range(15)
        ]
    if venue in ("bybit", "okx"):
        return [str(777_000 + number) for number in range(30)]
    if venue == "coinbase":
        return [f"NEWLY_INVENTED_{number}" for number in range(30)]
    return [f"EOrder:Newly invented {number}" for number in range(30)]


# ------------------------------------------------------------------------------ reviewed codes


@pytest.mark.parametrize(("venue", "code", "status"), reviewed("refusals"))
def test_a_reviewed_refusal_is_one(venue, code, status):
    found = told(venue, story(venue).refused(code), status=status)

    assert found.kind is OutcomeKind.REJECTED
    assert found.exchange_order_id == ""
    assert VENUES[venue].title in found.problem


@pytest.mark.parametrize(("venue", "code", "status"), reviewed("rate_limits"))
def test_a_reviewed_rate_limit_is_one(venue, code, status):
    assert told(venue, story(venue).refused(code), status=status).kind is OutcomeKind.RATE_LIMITED


@pytest.mark.parametrize("name", ["refusals", "rate_limits"])
@each_venue
@pytest.mark.parametrize("status", PROOFLESS_STATUSES)
def test_with_another_status_no_code_proves_anything(venue, status, name):
    for code in codes(getattr(VENUES[venue], name)):
        found = told(venue, story(venue).refused(code), status=status)
        assert found.kind is OutcomeKind.UNKNOWN, code


@each_venue
def test_thirty_invented_codes_are_unknown(venue):
    assert len(invented(venue)) == 30
    for code in invented(venue):
        for status in (200, 400, 401, 403, 418, 422, 429, 500, 503):
            found = told(venue, story(venue).refused(code), status=status)
            assert found.kind is OutcomeKind.UNKNOWN, (code, status)
            assert found.problem


@given(code=st.integers(-9_999, 999_999).map(str), status=st.integers(100, 599))
def test_only_what_is_listed_is_ever_refused(code, status):
    for venue in ("binance", "bybit", "okx"):
        terms = VENUES[venue]
        kind = told(venue, story(venue).refused(code), status=status).kind
        listed = terms.refusals.sentence(code, status=status)
        slow = terms.rate_limits.sentence(code, status=status)
        assert (kind is OutcomeKind.REJECTED) is bool(listed)
        assert kind is not OutcomeKind.ACCEPTED
        assert slow or kind is not OutcomeKind.RATE_LIMITED


def test_a_refusal_beside_an_unreviewed_error_proves_nothing():
    both = {"error": ["EOrder:Insufficient funds", "EService:Busy"]}

    assert told("kraken", both).kind is OutcomeKind.UNKNOWN


def test_two_reviewed_errors_are_a_refusal():
    both = {"error": ["EOrder:Insufficient funds", "EOrder:Orders limit exceeded"]}

    assert told("kraken", both).kind is OutcomeKind.REJECTED


@pytest.mark.parametrize(
    ("venue", "code"),
    [
        ("binance", "-1013"),
        ("kraken", "EOrder:Insufficient funds"),
        ("kraken", "EAPI:Rate limit exceeded"),
        ("kraken", "EService:Busy"),
    ],
)
def test_a_refusal_that_names_an_order_proves_nothing(venue, code):
    both = {**story(venue).taken("1001", MINE), **story(venue).refused(code)}
    if venue == "kraken":
        both["result"] = {"txid": ["1001"]}

    for status in (200, 400):
        assert told(venue, both, status=status).kind is OutcomeKind.UNKNOWN


# ---------------------------------------------------------------------------------- acceptance


@each_venue
def test_an_answer_with_the_order_s_id_is_acceptance(venue):
    found = told(venue, story(venue).taken("1001", MINE))

    assert found.kind is OutcomeKind.ACCEPTED
    assert found.exchange_order_id == "1001"


@each_venue
@pytest.mark.parametrize("status", [201, 202, 204, *PROOFLESS_STATUSES, 400, 403, 404, 429])
def test_acceptance_needs_the_status_200(venue, status):
    found = told(venue, story(venue).taken("1001", MINE), status=status)

    assert found.kind is OutcomeKind.UNKNOWN


@each_venue
@pytest.mark.parametrize("body", GARBAGE)
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_json_that_says_nothing_proves_nothing(venue, body, status):
    assert told(venue, body, status=status).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("venue", sorted(set(VENUES) - {"kraken"}))
def test_an_answer_about_another_order_proves_nothing(venue):
    found = told(venue, story(venue).taken("1001", "somebody-else-s"))

    assert found.kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("venue", "word"),
    [("bybit", "retCode"), ("okx", "code"), ("coinbase", "success"), ("hyperliquid", "status")],
)
def test_acceptance_needs_the_word_for_it(venue, word):
    body = story(venue).taken("1001", MINE)
    del body[word]

    assert told(venue, body).kind is OutcomeKind.UNKNOWN


def test_two_orders_for_one_request_prove_nothing():
    both = {"error": [], "result": {"txid": ["1001", "1002"]}}

    assert told("kraken", both).kind is OutcomeKind.UNKNOWN


def test_an_empty_id_is_no_acceptance():
    for venue in VENUES:
        body = story(venue).taken("1001", MINE)
        for nothing in ("", None, False, [], {}):
            emptied = replaced(body, {"1001", 1001}, nothing)
            assert told(venue, emptied).kind is OutcomeKind.UNKNOWN, (venue, nothing)


def replaced(body, wanted, other):
    if isinstance(body, dict):
        return {key: replaced(value, wanted, other) for key, value in body.items()}
    if isinstance(body, list):
        return [replaced(value, wanted, other) for value in body]
    return other if body in wanted else body


# ----------------------------------------------------------------------------------- questions


def proper(shape):
    """A body of this shape with one row in it."""
    row = dict.fromkeys(shape.required, "1")
    body: object = [row] if shape.kind is list else {"X": row} if shape.by_id else row
    for key in reversed(shape.keys):
        body = {key: body}
    return body


def questions(venue):
    """Every reviewed path, with a proper answer."""
    for path, shape in VENUES[venue].shapes.items():
        yield path.replace("*", ""), proper(shape)


def is_believed(venue, path, body, *, status=200):
    trip = Trip("GET", path, Fate.ANSWERED, status=status, body=body)
    return is_sound(trip, terms=VENUES[venue])


@each_venue
def test_a_proper_answer_is_believed_with_the_status_200_alone(venue):
    for path, body in questions(venue):
        assert is_believed(venue, path, body), path
        for status in (201, 202, 304, 400, 500):
            assert not is_believed(venue, path, body, status=status), (path, status)


@pytest.mark.parametrize(
    ("venue", "error"),
    [
        ("binance", {"code": -1000, "msg": "x"}),
        ("kraken", {"error": ["EService:Busy"]}),
        ("coinbase", {"error": "internal"}),
        ("bybit", {"retCode": 10016}),
        ("okx", {"code": "50013"}),
    ],
)
def test_an_error_beside_a_proper_answer_spoils_it(venue, error):
    for path, body in questions(venue):
        if isinstance(body, dict):
            assert not is_believed(venue, path, body | error), path


@each_venue
def test_an_answer_from_a_path_that_nobody_reviewed_is_not_believed(venue):
    assert not is_believed(venue, "/v9/everything", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "msg",
                    "error",
                    "result",
                    "data",
                    "txid",
                    "orderId",
                    "success",
                    "status",
                    "response",
                    "statuses",
                    "retCode",
                    "sCode",
                    "success_response",
                    "error_response",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(body=JSON, status=st.sampled_from([200, 400, 429, 500]))
def test_no_json_breaks_the_reading(body, status):
    for venue, terms in VENUES.items():
        trip = answered(venue, body, status=status)
        assert outcome(trip, venue).kind in OutcomeKind
        assert is_sound(trip, terms=terms) in (True, False)


# ------------------------------------------------------------------------------- no answer


@each_venue
def test_a_venue_that_was_never_reached_has_no_order(venue):
    trip = Trip("POST", VENUES[venue].order_path, Fate.NEVER_CONNECTED, problem="Refused")

    assert outcome(trip, venue).kind is OutcomeKind.REJECTED


@each_venue
def test_a_lost_answer_proves_nothing(venue):
    trip = Trip("POST", VENUES[venue].order_path, Fate.LOST, problem="ReadTimeout")

    found = outcome(trip, venue)
    assert found.kind is OutcomeKind.UNKNOWN
    assert "ReadTimeout" in found.problem
    assert not proof(VENUES[venue].refusals, trip, terms=VENUES[venue])
