"""Ways from one record to another in the admin, found among what is registered there.

The kernel knows no other app: it asks the admin's register which model is called "order".
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

ALSO_CALLED = {
    "event": "journalevent",
    "owner": "user",
    "parent": "parentorder",
    "session": "tradingsession",
    "share": "positionshare",
}
"""Things whose table has a longer name than the journal uses for them."""


@dataclass(frozen=True)
class Lead:
    """A way from a record to the list of what belongs to it: `page` is "trading_fill", `lookup`
    the filter of that list, `value` what it is filtered by."""

    text: str
    page: str
    lookup: str
    value: Callable[[Any], object] = lambda row: row.pk

    def link(self, row: Model) -> SafeString:
        return list_link(self.page, self.text, **{self.lookup: self.value(row)})


def journal_of(kind: str) -> Lead:
    """The way to the journal's events about a record, which it knows as `kind`."""
    return Lead("Journal", "kernel_journalevent", "subject__exact", lambda row: f"{kind}:{row.pk}")


_FURTHER: dict[type[Model], list[Lead]] = {}


def add_leads(model: type[Model], *leads: Lead) -> None:
    """Ways that an app adds to the records of an app below it, which knows nothing of them."""
    _FURTHER.setdefault(model, []).extend(leads)


def leads_from(model: type[Model], own: tuple[Lead, ...]) -> tuple[Lead, ...]:
    """The ways that lead from a model's records: its own, then those that were added."""
    return (*own, *_FURTHER.get(model, ()))


def lookups_into(model: type[Model]) -> set[str]:
    """The lookups by which the records of all lists lead to the list of this model."""
    page = f"{model._meta.app_label}_{model._meta.model_name}"
    sites = admin.site._registry.values()
    leads = (leads_from(site.model, getattr(site, "leads", ())) for site in sites)
    return {lead.lookup for each in leads for lead in each if lead.page == page}


@cache
def model_called(kind: str) -> type[Model] | None:
    """The model that the admin shows under this name of the journal, such as "order"."""
    name = ALSO_CALLED.get(kind, kind)
    found = (model for model in admin.site._registry if model._meta.model_name == name)
    return next(found, None)


@cache
def kinds() -> tuple[str, ...]:
    """Every name that the journal may call a record by."""
    names = (str(model._meta.model_name) for model in admin.site._registry)
    return (*names, *ALSO_CALLED)


def record_link(model: type[Model], key: int | str | UUID, text: object) -> SafeString | str:
    """A link to the page of one record; only its text where the admin does not show the model."""
    if model not in admin.site._registry:
        return str(text)
    return format_html('<a href="{}{}/change/">{}</a>', _list_of(model), quote(key), text)


def subject_link(subject: str) -> SafeString | str:
    """What the journal says an event is about, such as `order:<id>`, as a link to it."""
    kind, _, key = subject.partition(":")
    model = model_called(kind)
    return record_link(model, key, subject) if model and key else subject


def list_link(page: str, text: object, **filters: object) -> SafeString:
    """A link to a list of the admin, such as "trading_fill", narrowed by `filters`."""
    address = reverse(f"admin:{page}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(filters), text)


def leads_of(row: Model, leads: tuple[Lead, ...]) -> SafeString:
    """All ways that lead from a record, on one line."""
    return format_html_join(" · ", "{}", ((lead.link(row),) for lead in leads))


@cache
def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
