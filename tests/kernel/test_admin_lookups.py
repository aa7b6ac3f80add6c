"""A list of the admin answers the lookups that it offers, and no others: each is asked here.

Django's own admin answers any column of the model, so what no page shows would be told bit by bit.
"""

import html
import re
from itertools import product

import pytest
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.urls import reverse
from django.utils.http import urlencode

from tests.pages.big_farm import Size, grow
from tests.pages.stories import make_busy
from tradingfarm.kernel.admin import PlainAdmin
from tradingfarm.kernel.admin.links import leads_from
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.pages.fixtures",)

SITES = {model._meta.label_lower: site for model, site in admin.site._registry.items()}
SECRETS = {
    "people.user": ("password",),
    "people.passwordlink": ("digest",),
    "usersessions.usersession": ("session_key", "data"),
}
WAYS_ROUND = [
    ("usersessions.usersession", "user__password__startswith"),
    ("people.passwordlink", "user__password__startswith"),
    ("people.user", "usersession__session_key__startswith"),
    ("people.user", "usersession__id"),
    ("people.user", "desk__password__startswith"),
    ("people.user", "logentry__change_message__contains"),
    ("agents.proposal", "votes__choice"),
    ("kernel.journalevent", "stream__startswith"),
    ("kernel.journalevent", "subject__contains"),
]
COMPARISONS = ("", "__gte", "__startswith", "__isnull")


def address(label, query=""):
    model = SITES[label].model._meta
    return reverse(f"admin:{model.app_label}_{model.model_name}_changelist") + query


def offered(site):
    """The columns that a list lets its readers choose by."""
    names = {site.date_hierarchy, getattr(site, "moment", "")}
    names |= {name for name in site.list_filter if isinstance(name, str)}
    names |= {each[0] for each in site.list_filter if isinstance(each, tuple)}
    return names


def kept_back(site):
    """The columns that a list does not offer, keys and what points to other records apart."""
    return [
        field.name
        for field in site.model._meta.concrete_fields
        if not (field.primary_key or field.is_relation or field.name in offered(site))
    ]


def parameters(site):
    """Names of an address that belong to a filter of its own and may be called as a column is."""
    filters = (each for each in site.list_filter if isinstance(each, type))
    return {each.parameter_name for each in filters if issubclass(each, SimpleListFilter)}


def leads():
    return [lead for site in SITES.values() for lead in leads_from(site.model, _own(site))]


def _own(site):
    return getattr(site, "leads", ())


def lead_to(label):
    model = SITES[label].model._meta
    page = f"{model.app_label}_{model.model_name}"
    return {lead.lookup for lead in leads() if lead.page == page}


def links_of_filters(client, label):
    """Every address that the filters and the date hierarchy of a list offer."""
    page = client.get(address(label)).content.decode()
    found = re.findall(r'href="(\?[^"]*)"', page)
    return dict.fromkeys(html.unescape(query) for query in found)


@pytest.fixture
def grown(admin_user, farm):
    """Rows of nearly every kind."""
    make_busy(farm)
    grow(farm, Size.of(3))


def test_every_list_is_one_of_ours():
    assert [label for label, site in SITES.items() if not isinstance(site, PlainAdmin)] == []


@pytest.mark.parametrize("label", SITES)
def test_a_column_that_a_list_does_not_offer_cannot_be_looked_up(admin_client, label):
    site = SITES[label]
    known = parameters(site) | lead_to(label)
    lookups = {name + how for name, how in product(kept_back(site), COMPARISONS)} - known

    statuses = {
        name: admin_client.get(address(label), {name: "m"}).status_code for name in lookups
    }

    assert {name for name, status in statuses.items() if status != 400} == set()


@pytest.mark.parametrize(
    ("label", "column"), [(label, column) for label in SECRETS for column in SECRETS[label]]
)
@pytest.mark.parametrize("how", COMPARISONS)
def test_a_secret_is_told_by_no_comparison(admin_client, admin_user, label, column, how):
    asked = {"user__id__exact": admin_user.pk} if label == "usersessions.usersession" else {}

    assert column in kept_back(SITES[label])
    assert admin_client.get(address(label), asked).status_code == 200
    assert admin_client.get(address(label), asked | {column + how: "m"}).status_code == 400


@pytest.mark.parametrize(("label", "lookup"), WAYS_ROUND)
def test_a_secret_is_told_by_no_way_round(admin_client, label, lookup):
    answer = admin_client.get(address(label), {lookup: "m"})

    assert answer.status_code == 400


def test_what_cannot_be_looked_up_is_in_no_file_either(admin_client):
    export = reverse("admin:people_user_export", args=["csv"])

    answer = admin_client.post(f"{export}?password__startswith=m")

    assert answer.status_code == 400
    assert not JournalEvent.objects.filter(kind="user.exported").exists()


@pytest.mark.parametrize("label", SITES)
def test_keys_and_what_points_to_other_records_can_be_looked_up(admin_client, label):
    meta = SITES[label].model._meta
    names = ["pk", meta.pk.name]
    names += [field.name for field in meta.concrete_fields if field.is_relation]
    names += [field.attname for field in meta.concrete_fields if field.is_relation]

    statuses = {
        name: admin_client.get(address(label), {f"{name}__isnull": "False"}).status_code
        for name in names
    }

    assert {name for name, status in statuses.items() if status != 200} == set()


@pytest.mark.usefixtures("grown")
def test_every_choice_of_every_list_still_opens(admin_client):
    pressed = {
        address(label, query): admin_client.get(address(label, query)).status_code
        for label in SITES
        for query in links_of_filters(admin_client, label)
    }

    assert len(pressed) > 150
    assert {path: status for path, status in pressed.items() if status != 200} == {}


@pytest.mark.usefixtures("grown")
def test_every_way_from_a_record_to_a_list_still_opens(admin_client):
    opened = {}
    for site in SITES.values():
        row = site.model._default_manager.order_by("pk").first()
        for lead in leads_from(site.model, _own(site)):
            value = lead.value(row) if row else "00000000-0000-4000-8000-00000000dead"
            query = urlencode({lead.lookup: str(value)})
            path = reverse(f"admin:{lead.page}_changelist") + f"?{query}"
            opened[path] = admin_client.get(path).status_code

    assert len(opened) > 30
    # Without a row, the value is not always one of the column's kind: that is "e=1", not refused.
    assert {path: status for path, status in opened.items() if status == 400} == {}
    assert list(opened.values()).count(200) > 30


@pytest.mark.parametrize("label", [name for name, site in SITES.items() if site.date_hierarchy])
def test_years_months_and_days_of_a_list_can_be_chosen(admin_client, label):
    column = SITES[label].date_hierarchy
    asked = {f"{column}__year": 2026, f"{column}__month": 1, f"{column}__day": 5}

    assert admin_client.get(address(label), asked).status_code == 200


def test_what_names_no_column_at_all_is_answered_as_django_does(admin_client):
    answer = admin_client.get(address("people.user"), {"nothing": "m"})

    assert answer.status_code == 302
    assert answer["Location"].endswith("?e=1")
