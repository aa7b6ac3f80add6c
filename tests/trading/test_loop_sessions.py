"""The sending loop loses its session with the database, and goes on."""

import pytest
from django.db import connection
from psycopg.errors import IdleInTransactionSessionTimeout

from tests.factories import make_desk
from tests.trading.steps import approved
from trading.loop.sender import SendingLoop
from tradingfarm.kernel.clock import SystemClock

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sender_whose_session_was_ended_because_it_stood_still_in_a_transaction_goes_on(caplog):
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    endings = [IdleInTransactionSessionTimeout("terminating connection")]

    def end_the_session(execute, sql, params, many, context):
        if "UPDATE trading_order o SET state = 'SUBMITTING'" in sql and endings:
            with context["connection"].wrap_database_errors:
                raise endings.pop()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(end_the_session):
        SendingLoop(clock=SystemClock(), stopping=lambda: is_filled(order)).run()

    assert "The database does not answer (terminating connection); trying again." in caplog.text


def is_filled(order):
    order.refresh_from_db()
    return order.state == "FILLED"
