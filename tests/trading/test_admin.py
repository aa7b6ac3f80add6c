"""The admin of trading: records are read, limits go through the service, halts can be released."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission as Right
from django.urls import reverse

from tests.factories import make_desk, wall
from tests.trading.steps import decided, make_holder, make_sender, stopped
from trading.models import Account, Assessment, ExchangeKey, Fill, Order, Permission
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import User

# Django's admin wraps nothing here: services open durable transactions of their own.
pytestmark = pytest.mark.django_db(transaction=True)

LISTS = (
    "account",
    "permission",
    "order",
    "assessment",
    "fill",
    "position",
    "positionshare",
    "protection",
    "stoprun",
    "cashmovement",
    "equitysnapshot",
    "paperorder",
    "papertrade",
    "breaker",
    "confirmation",
    "override",
    "parentorder",
    "reconciliation",
    "exchangekey",
    "liveconfirmation",
    "senderlease",
    "balance",
    "splitbooking",
    "performancesnapshot",
)


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("operator", password="not used here"))
    return client


@pytest.fixture
def desk():
    return make_holder()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens_in_few_queries(staff, desk, name, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        page = staff.get(reverse(f"admin:trading_{name}_changelist"))

    assert page.status_code == 200


def test_numbers_are_written_without_the_zeros_that_the_columns_hold(staff, desk):
    fill = Fill.objects.get()
    listed = staff.get(reverse("admin:trading_fill_changelist")).content.decode()
    opened = staff.get(reverse("admin:trading_fill_change", args=[fill.pk])).content.decode()

    assert '<td class="field-quantity">10</td>' in listed
    assert '<div class="readonly">10</div>' in opened
    assert "000000" not in listed + opened


def test_the_newest_record_is_listed_first(staff):
    desk = make_desk()
    for minutes in (2, 0, 1):
        decided(desk, desk.buy(1, key=str(minutes)), at=wall() - timedelta(minutes=minutes))

    page = staff.get(reverse("admin:trading_assessment_changelist"))

    keys = [row.intent_key for row in page.context["cl"].result_list]
    assert keys == ["0", "1", "2"]


@pytest.mark.parametrize("name", [name for name in LISTS if name != "permission"])
def test_records_can_be_neither_added_nor_deleted(staff, desk, name):
    assert staff.get(reverse(f"admin:trading_{name}_add")).status_code == 403


def permission_form(permission, **changes):
    names = (
        *("max_order_value", "max_position_value", "max_allocation_pct", "max_daily_entries"),
        *("max_daily_loss", "max_open_positions", "price_collar_pct", "hours_zone"),
        *("risk_level", "when_tainted", "min_seconds_between_entries", "agent_allocation_pct"),
    )
    values = {name: getattr(permission, name) for name in names}
    flags = {"active": "on", "stop_required": "on"}
    return values | flags | {"allowed_symbols": "", "blocked_symbols": ""} | changes


def test_the_key_of_an_exchange_is_read_by_nobody(staff, desk):
    sealed = b"sealed and never to be seen"
    key = ExchangeKey.objects.create(
        account=desk.account,
        fingerprint="c0ffee00",
        ciphertext=sealed,
        cipher_key_id="first",
        created_by="person:ada",
        created_at=wall(),
    )
    export = reverse("admin:trading_exchangekey_export", kwargs={"form": "jsonl"})

    listed = staff.get(reverse("admin:trading_exchangekey_changelist")).content
    opened = staff.get(reverse("admin:trading_exchangekey_change", args=[key.pk])).content
    taken_out = b"".join(staff.post(export).streaming_content)

    everything = listed + opened + taken_out
    assert everything.count(b"c0ffee00") >= 3
    assert sealed not in everything
    assert b"ciphertext" not in everything
    guess = staff.get(reverse("admin:trading_exchangekey_changelist"), {"ciphertext__gte": "a"})
    assert guess.status_code == 400


def test_a_changed_limit_is_versioned_and_journaled(staff, desk):
    address = reverse("admin:trading_permission_change", args=[desk.permission.id])

    staff.post(address, permission_form(desk.permission, max_daily_entries=2))

    permission = Permission.objects.get()
    assert (permission.max_daily_entries, permission.version) == (2, 2)
    event = JournalEvent.objects.filter(kind="permission.changed").latest("id")
    assert (event.actor, event.payload["max_daily_entries"]) == ("person:operator", 2)


def test_a_limit_is_not_loosened_where_nobody_asks_for_a_second_factor(staff, desk):
    address = reverse("admin:trading_permission_change", args=[desk.permission.id])
    more = desk.permission.max_daily_entries + 1

    page = staff.post(address, permission_form(desk.permission, max_daily_entries=more))

    assert "it asks for a second factor" in page.content.decode()
    assert Permission.objects.get().version == 1


def test_a_limit_that_makes_no_sense_is_refused_beside_its_field(staff, desk):
    address = reverse("admin:trading_permission_change", args=[desk.permission.id])

    page = staff.post(address, permission_form(desk.permission, hours_zone="Mars/Olympus"))

    assert "not a time zone" in page.content.decode()
    assert Permission.objects.get().version == 1


def test_an_account_is_halted_and_released_by_a_person(staff, desk):
    accounts = reverse("admin:trading_account_changelist")
    chosen = {"_selected_action": [str(desk.account.id)]}

    staff.post(accounts, chosen | {"action": "halt"})
    assert Account.objects.get().halt_state == "HALTED"
    make_sender().work()

    staff.post(accounts, chosen | {"action": "release"})
    assert Account.objects.get().halt_state == "ACTIVE"


def test_an_account_is_not_released_while_it_is_being_stopped(staff, desk):
    stopped(desk)

    page = staff.post(
        reverse("admin:trading_account_changelist"),
        {"_selected_action": [str(desk.account.id)], "action": "release"},
        follow=True,
    )

    assert "still being stopped" in page.content.decode()
    assert Account.objects.get().halt_state == "HALTED"


def test_a_live_account_is_not_released_without_a_second_factor(staff, desk):
    Account.objects.update(halt_state="HALTED", kind=Account.Kind.LIVE, exchange="kraken")

    page = staff.post(
        reverse("admin:trading_account_changelist"),
        {"_selected_action": [str(desk.account.id)], "action": "release"},
        follow=True,
    )

    assert "with a second factor" in page.content.decode()
    assert Account.objects.get().halt_state == "HALTED"


def listed(staff, name, **asked):
    """The rows of a list's first page."""
    page = staff.get(reverse(f"admin:trading_{name}_changelist"), asked)
    assert page.status_code == 200
    return list(page.context["cl"].result_list)


@pytest.mark.parametrize(
    "term", ["{0.id}", "{0.client_order_id}", "{0.instrument.symbol}", "aapl", " {0.id} "]
)
def test_an_order_is_found_by_what_names_it_in_full(staff, desk, term):
    order = Order.objects.select_related("instrument").get()

    assert listed(staff, "order", q=term.format(order)) == [order]


@pytest.mark.parametrize("term", ["AAP", "nobody", "7", "00000000-0000-4000-8000-00000000dead"])
def test_nothing_else_is_found(staff, desk, term):
    assert listed(staff, "order", q=term) == []


def test_an_order_leads_to_all_that_belongs_to_it(staff, desk):
    order = Order.objects.get()
    page = staff.get(reverse("admin:trading_order_change", args=[order.pk])).content.decode()

    addresses = [html.unescape(each) for each in re.findall(r'href="(/admin/[^"]+\?[^"]+)"', page)]

    lists = ("assessment", "fill", "paperorder", "protection")
    assert {each.split("?")[0] for each in addresses} == {
        reverse("admin:kernel_journalevent_changelist"),
        *(reverse(f"admin:trading_{name}_changelist") for name in lists),
    }
    counts = {each: staff.get(each).context["cl"].result_count for each in addresses}
    assert {each for each, count in counts.items() if count == 0} == set()


def test_a_list_links_to_the_account_and_the_agent_of_a_row(staff, desk):
    page = staff.get(reverse("admin:trading_fill_changelist")).content.decode()

    assert reverse("admin:trading_account_change", args=[desk.account.pk]) in page
    assert reverse("admin:trading_permission_change", args=[desk.permission.pk]) in page
    assert reverse("admin:trading_order_change", args=[Order.objects.get().pk]) in page


def test_a_page_of_an_assessment_unfolds_its_checks(staff, desk):
    found = Assessment.objects.get()

    page = staff.get(reverse("admin:trading_assessment_change", args=[found.pk]))

    assert "<pre>[" in page.content.decode()
    assert "&quot;code&quot;: &quot;" in page.content.decode()


@pytest.mark.parametrize("action", ["halt", "release"])
def test_who_may_only_read_accounts_can_neither_halt_nor_release(client, desk, action):
    reader = User.objects.create(username="reader", is_staff=True)
    reader.user_permissions.add(Right.objects.get(codename="view_account"))
    client.force_login(reader)
    chosen = {"_selected_action": [str(desk.account.id)], "action": action}

    client.post(reverse("admin:trading_account_changelist"), chosen)

    assert Account.objects.get().halt_state == "ACTIVE"
    assert not JournalEvent.objects.filter(kind__startswith="account.", actor="person:reader")
