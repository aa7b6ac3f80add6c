"""Many rows at once: COPY, with the defaults that the models would fill in."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Row = Mapping[str, object]
AT_ONCE = 100_000  # settings give a statement thirty seconds


def copy_rows(model: type[Model], rows: Iterable[Row]) -> None:
    """Store rows, each a mapping from columns' names (`account_id`) to values.

    All rows name the same columns. What is not named gets the model's default; a key that the
    database counts up is left to it. Constraints hold as for any other row.
    """
    rest = iter(rows)
    while part := list(islice(rest, AT_ONCE)):
        _copy(model, part)


def _copy(model: type[Model], rows: Sequence[Row]) -> None:
    fields = [field for field in model._meta.concrete_fields if not _is_counted(field, rows[0])]
    table, columns = model._meta.db_table, ", ".join(f'"{field.column}"' for field in fields)
    statement = f"COPY {table} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_value(field, row) for field in fields])


def _is_counted(field: "Field[Any, Any]", row: Row) -> bool:
    return (
        field.primary_key
        and bool(getattr(field, "db_returning", False))
        and field.attname not in row
    )


def _value(field: "Field[Any, Any]", row: Row) -> object:
    value = row[field.attname] if field.attname in row else field.get_default()
    return field.get_db_prep_save(value, connection)
