"""Which lookups in an address a list of the admin answers: those that it offers itself.

Django's own answers any column of the model. Then `?session_key__gte=m` tells a secret that no
page shows, bit by bit, by whether a row is left.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

from tradingfarm.kernel.admin.links import lookups_into

Path = tuple[str, ...]
"""Columns, each of the record that the one before points to."""
AnyAdmin = admin.ModelAdmin[Any]


def is_offered(lookup: str, *, site: AnyAdmin, request: HttpRequest) -> bool:
    """Whether the list lets its reader choose by this.

    By its filters and its days in any way; by its key and the keys of what its rows point to; and
    by exactly what a filter of its own or a way from another record calls it. What names no column
    tells nothing, and Django answers it by itself.
    """
    if lookup in {*_own_parameters(site, request), *lookups_into(site.model)}:
        return True
    path = path_of(lookup, model=site.model)
    return not path or path in {*_keys(site.model), *_chosen_by(site, request)}


def path_of(lookup: str, *, model: type[Model]) -> Path:
    """The columns that a lookup names, without the comparison; () when it names none.

    `user__id__exact`, `user__pk` and `user_id` are all the column `user`.
    """
    path: list[str] = []
    pointing: Any = None
    for part in lookup.split(LOOKUP_SEP):
        column = _column(model, part)
        if column is None:
            break
        if not (pointing and column in pointing.path_infos[-1].target_fields):
            path.append(column.name)
        pointing = column if getattr(column, "path_infos", None) else None
        if pointing is None:
            break
        model = column.path_infos[-1].to_opts.model
    return tuple(path)


def _column(model: type[Model], name: str) -> Any:  # noqa: ANN401 - a field or a way back to one
    if name == "pk":
        return model._meta.pk
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _keys(model: type[Model]) -> Iterator[Path]:
    columns = (*model._meta.fields, *model._meta.many_to_many)
    return ((column.name,) for column in columns if column.primary_key or column.is_relation)


def _chosen_by(site: AnyAdmin, request: HttpRequest) -> Iterator[Path]:
    """What the filters and the days of a list are about."""
    given: Any = site.get_list_filter(request)  # a name, or a name with what filters by it
    filters = (each for each in given if not isinstance(each, type))
    names = (each if isinstance(each, str) else each[0] for each in filters)
    days = (name for name in (site.date_hierarchy, getattr(site, "moment", "")) if name)
    return (path_of(str(name), model=site.model) for name in (*names, *days))


def _own_parameters(site: AnyAdmin, request: HttpRequest) -> Iterator[str]:
    """What the filters that are about no column are called in an address."""
    for each in site.get_list_filter(request):
        if isinstance(each, type) and issubclass(each, admin.SimpleListFilter):
            yield str(each.parameter_name)
