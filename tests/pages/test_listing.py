"""Pages of a list that hold their place, filters that say what is wrong, addresses to share."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.db.models import F, Q
from django.db.transaction import atomic, set_rollback
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pages.farms import make_farm, make_user
from trading.models import CashMovement
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.cursors import beyond, place_of, turned, values_at
from tradingfarm.pages.listing import BAD_PLACE, BAD_SORT, NOTHING_THERE, Filters, Listing, Sort

pytest_plugins = ("tests.pages.fixtures",)

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SORTS = (
    Sort("time", "When", ("-at", "-id")),
    Sort("amount", "Amount", ("amount", "-at", "id")),
    Sort("reason", "Reason", ("reason", "-amount", "at", "-id")),
)
EVEN, ODD = Q(reason__in=["a", "c"]), Q(reason__in=["b"])


class MovementFilters(Filters):
    reason = forms.CharField(required=False, max_length=5, label="Reason")
    least = forms.DecimalField(required=False, label="At least")
    lookups = {"reason": "reason", "least": "amount__gte"}


@pytest.fixture
def account(db: None) -> Any:
    return make_farm(owner=make_user(), wall=SystemClock().now()).account


def movement(account: Any, *, minute: int, amount: int, reason: str) -> CashMovement:
    return CashMovement.objects.create(
        account=account,
        amount=Decimal(amount),
        reason=reason,
        at=START + timedelta(minutes=minute),
    )


def listing_at(address: str, account: Any, **options: Any) -> Listing[CashMovement]:
    return Listing(
        rows=CashMovement.objects.filter(account=account),
        sorts=SORTS,
        filters=MovementFilters,
        request=RequestFactory().get(address),
        **options,
    )


def in_order(account: Any, sort: str) -> list[int]:
    fields = next(each.fields for each in SORTS if each.name == sort.removeprefix("-"))
    if sort.startswith("-"):
        fields = turned(fields)
    rows = CashMovement.objects.filter(account=account).order_by(*fields)
    return list(rows.values_list("id", flat=True))


rows_of = st.tuples(st.integers(0, 3), st.integers(1, 3), st.sampled_from("abc"))
sorts_of = st.sampled_from(["time", "-time", "amount", "-amount", "reason", "-reason"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(rows_of, max_size=14),
    meanwhile=st.lists(st.lists(rows_of, max_size=2), max_size=8),
    sort=sorts_of,
    size=st.integers(1, 5),
    branches=st.sampled_from([(), (EVEN, ODD)]),
)
def test_every_row_is_met_once_and_in_order_while_rows_come(
    account: Any,
    before: list[tuple[int, int, str]],
    meanwhile: list[list[tuple[int, int, str]]],
    sort: str,
    size: int,
    branches: tuple[Q, ...],
) -> None:
    with atomic():
        known = [movement(account, minute=m, amount=a, reason=r).id for m, a, r in before]
        come = iter(meanwhile)
        address, forth = f"/?sort={sort}", []
        while address:
            tail = listing_at(address, account, size=size, branches=branches)
            forth += [row.id for row in tail.rows]
            address = tail.next
            for minute, amount, reason in next(come, []):
                movement(account, minute=minute, amount=amount, reason=reason)
        everything = in_order(account, sort)
        # Rows that came behind the last page are a page of their own by now.
        tail = listing_at(tail.here, account, size=size, branches=branches)
        back: list[int] = []
        while address := tail.next:
            tail = listing_at(address, account, size=size, branches=branches)
        while True:
            back = [row.id for row in tail.rows] + back
            if not tail.previous:
                break
            tail = listing_at(tail.previous, account, size=size, branches=branches)
        set_rollback(True)

    assert len(forth) == len(set(forth))
    assert set(known) <= set(forth)
    assert [key for key in everything if key in set(forth)] == forth
    assert back == everything


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(rows_of, max_size=14), sort=sorts_of, size=st.integers(1, 5))
def test_chunks_are_everything_in_order(
    account: Any, before: list[tuple[int, int, str]], sort: str, size: int
) -> None:
    with atomic():
        for minute, amount, reason in before:
            movement(account, minute=minute, amount=amount, reason=reason)
        chunks = list(listing_at(f"/?sort={sort}", account).chunks(size=size))
        everything = in_order(account, sort)
        set_rollback(True)

    assert [row.id for chunk in chunks for row in chunk] == everything
    assert all(len(chunk) == size for chunk in chunks[:-1])


def fill_up(account: Any, count: int) -> None:
    for number in range(count):
        movement(account, minute=number, amount=number + 1, reason="abc"[number % 3])


def test_a_page_takes_one_query_however_deep(account: Any, django_assert_num_queries: Any) -> None:
    fill_up(account, 12)
    second = listing_at("/", account, size=5).next

    with django_assert_num_queries(1):
        listing = listing_at(second, account, size=5)
        assert len(listing.rows) == 5
        assert listing.next
        assert listing.previous


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "%00",
        "AAAA",
        "w7w",
        "a" * 2000,
        urlsafe_b64encode(b"[]").decode(),
        urlsafe_b64encode(b'{"time":1}').decode(),
        urlsafe_b64encode(b'["time",1,2]').decode(),
        urlsafe_b64encode(b'["time","soon","1"]').decode(),
        urlsafe_b64encode(b'["time","2026-01-05","1"]').decode(),
        urlsafe_b64encode(b'["time","2026-01-05T12:00:00","1"]').decode(),
        urlsafe_b64encode(b'["time","2026-01-05T12:00:00+00:00","9%s"]' % (b"9" * 30)).decode(),
        urlsafe_b64encode(b'["time","2026-01-05T12:00:00+00:00","\\u0000"]').decode(),
        urlsafe_b64encode(b'["amount","NaN","2026-01-05T12:00:00+00:00","1"]').decode(),
    ],
)
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_place_that_is_none_gives_the_first_page_and_says_so(
    account: Any, place: str, way: str
) -> None:
    fill_up(account, 3)

    listing = listing_at(f"/?{way}={place}", account, size=2)

    assert [row.amount for row in listing.rows] == [3, 2]
    assert listing.problem == BAD_PLACE
    assert listing.here == "/"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1E-400"])
def test_a_place_with_a_number_that_is_none_is_refused(account: Any, number: str) -> None:
    place = place_of(sort="amount", values=[number, START, 1])

    listing = listing_at(f"/?sort=amount&after={place}", account)

    assert (listing.rows, listing.problem) == ((), BAD_PLACE)


def test_a_place_of_another_order_is_none(account: Any) -> None:
    fill_up(account, 3)
    place = place_of(sort="-time", values=[START, 1])

    assert listing_at(f"/?after={place}", account).problem == BAD_PLACE


def test_a_place_names_its_values_again(account: Any) -> None:
    names = ("amount", "at", "reason", "id")
    fields: list[Any] = [CashMovement._meta.get_field(name) for name in names]
    values = (Decimal("1.50"), START, 'ü"\\', 7)

    found = values_at(place=place_of(sort="s", values=values), sort="s", fields=fields)

    assert found == values


def test_beyond_says_its_first_bound_for_the_index() -> None:
    rest = beyond(fields=("-at", "id"), values=(START, 7))

    assert ("at__lte", START) in rest.children


def test_an_unknown_order_is_the_usual_one_and_said(account: Any) -> None:
    fill_up(account, 3)

    listing = listing_at("/?sort=owner__password", account)

    assert (listing.sort, listing.problem) == ("time", BAD_SORT)
    assert [row.amount for row in listing.rows] == [3, 2, 1]


def test_a_wrong_filter_is_said_and_filters_nothing_while_the_others_do(account: Any) -> None:
    fill_up(account, 6)

    listing = listing_at("/?reason=a&least=much", account)

    assert [row.reason for row in listing.rows] == ["a", "a"]
    assert listing.filters.errors["least"] == ["Enter a number."]
    assert listing.asked == {"reason": "a", "least": "much"}


def test_addresses_keep_what_was_asked_and_leave_out_what_is_empty(account: Any) -> None:
    fill_up(account, 6)

    listing = listing_at(
        "/list/?reason=a&least=&sort=-amount", account, size=1, scope={"account": "7"}
    )

    assert listing.first == "/list/?account=7&reason=a&sort=-amount"
    assert listing.next.startswith("/list/?account=7&reason=a&sort=-amount&after=")
    assert listing.clear == "/list/?account=7&sort=-amount"
    assert listing.query == "account=7&reason=a&sort=-amount"
    assert listing.hidden == {"account": "7", "sort": "-amount"}
    assert listing.previous == ""


def test_headings_turn_the_order_round_and_forget_the_page(account: Any) -> None:
    fill_up(account, 3)
    second = listing_at("/?sort=amount", account, size=1).next

    sorters = listing_at(second, account, size=1).sorters

    assert (sorters["amount"].way, sorters["amount"].address) == ("ascending", "/?sort=-amount")
    assert (sorters["time"].way, sorters["time"].address) == ("", "/")


def test_a_place_past_the_end_gives_the_first_page_and_says_so(account: Any) -> None:
    fill_up(account, 3)
    place = place_of(sort="time", values=[START - timedelta(days=1), 1])

    listing = listing_at(f"/?after={place}", account)

    assert [row.amount for row in listing.rows] == [3, 2, 1]
    assert (listing.next, listing.previous) == ("", "")
    assert (listing.problem, listing.here) == (NOTHING_THERE, "/")


def test_rows_can_be_ordered_by_what_is_calculated(account: Any) -> None:
    fill_up(account, 5)
    rows = CashMovement.objects.filter(account=account).annotate(double=F("amount") * 2)
    sorts = (Sort("double", "Double", ("-double", "id")),)

    def page(address: str) -> Listing[CashMovement]:
        request = RequestFactory().get(address)
        return Listing(rows=rows, sorts=sorts, filters=MovementFilters, request=request, size=2)

    first = page("/")
    second = page(first.next)

    assert [row.amount for row in (*first.rows, *second.rows)] == [5, 4, 3, 2]
