"""Search that an index can answer: what is looked for is given in full.

Ids, keys and names are compared as they are. A name of something else (an instrument's symbol, an
account's name) is looked up first, so that the long table is asked for keys only.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

MOST = 100


def exactly(rows: QuerySet[Any], *, paths: Sequence[str], term: str) -> QuerySet[Any]:
    """The rows of which one of `paths`, such as "id" or "instrument__symbol", is `term`."""
    either = Q()
    for path in paths:
        either |= _condition(rows.model, path, term) or Q()
    return rows.filter(either) if either else rows.none()


def words_of(paths: Sequence[str]) -> str:
    """What can be looked for, in a sentence."""
    names = [path.removesuffix("__id").replace("__", "'s ").replace("_", " ") for path in paths]
    return f"In full, one of: {', '.join(names)}."


def _condition(model: type[Model], path: str, term: str) -> Q | None:
    """None when nothing can match, such as a word for a number."""
    head, _, rest = path.partition("__")
    field: Any = model._meta.get_field(head)
    if rest:
        found = _related(field.related_model, rest, term)
        return Q(**{f"{head}__in": found}) if found else None
    try:
        return Q(**{head: field.to_python(term)})
    except ValidationError:
        return None


def _related(model: type[Model], path: str, term: str) -> list[object]:
    """Keys of related rows; their names are compared without regard to capitals."""
    field: Any = model._meta.get_field(path.partition("__")[0])
    named = "__" not in path and field.get_internal_type() in ("CharField", "SlugField")
    condition = Q(**{f"{path}__iexact": term}) if named else _condition(model, path, term)
    if condition is None:
        return []
    return list(model._default_manager.filter(condition).values_list("pk", flat=True)[:MOST])
