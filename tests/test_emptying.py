"""Emptying all tables between tests, while somebody still reads."""

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected


class Crossed:
    """Refuses the first statements as PostgreSQL refuses one of two that wait for each other."""

    def __init__(self, times: int, cause: Exception) -> None:
        self.left, self.cause = times, cause

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith("TRUNCATE") and self.left:
            self.left -= 1
            raise OperationalError("refused") from self.cause
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_a_crossing_is_tried_again():
    crossed = Crossed(3, DeadlockDetected())
    with connection.execute_wrapper(crossed):
        call_command("flush", interactive=False, verbosity=0)

    assert crossed.left == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_no_crossing_is_not_tried_again():
    refused = Crossed(2, TimeoutError())
    with connection.execute_wrapper(refused), pytest.raises(CommandError):
        call_command("flush", interactive=False, verbosity=0)

    assert refused.left == 1
