from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from agents.domain.budgets import OverBudget, budget_day


def test_a_budgets_day_begins_at_midnight_utc_wherever_the_clock_stands():
    midnight = datetime(2001, 3, 8, tzinfo=UTC)
    in_tokyo = midnight.astimezone(timezone(timedelta(hours=9)))

    assert budget_day(in_tokyo) == date(2001, 3, 8)
    assert budget_day(in_tokyo - timedelta(microseconds=1)) == date(2001, 3, 7)


def test_a_question_that_is_too_dear_says_by_how_much_and_what_to_do():
    refused = OverBudget("Technical", Decimal("1.50"), Decimal("1.25"), Decimal("0.30"))

    assert refused.sentence == (
        "Technical is over its budget: 1.25 of 1.5 dollars are used today (UTC) and this question"
        " may cost 0.3. Raise its daily budget, or wait for midnight UTC."
    )
