from datetime import timedelta

from trading.domain.exchange import Delays, ExchangeUnavailable


def test_absence_counts_only_after_everything_that_could_delay_the_order():
    delays = Delays(
        send_window=timedelta(seconds=5),
        clock_error=timedelta(seconds=1),
        query_lag=timedelta(seconds=10),
        between_queries=timedelta(seconds=2),
    )

    assert delays.quarantine == timedelta(seconds=16)


def test_an_exchange_that_does_not_answer_may_answer_later():
    assert not ExchangeUnavailable("No answer.").permanent
