from datetime import UTC, datetime, timedelta, timezone

from triggers.domain.causes import firing_id, price_cause, time_cause, trigger_id

MOMENT = datetime(2005, 3, 1, 14, 30, tzinfo=UTC)


def test_the_same_owner_and_name_give_the_same_trigger_on_every_farm():
    assert trigger_id(owner_id=1, name="dip") == trigger_id(owner_id=1, name="dip")
    assert trigger_id(owner_id=1, name="dip") != trigger_id(owner_id=2, name="dip")


def test_a_price_cause_is_one_symbol_at_one_moment_in_whatever_zone_it_is_said():
    trigger = trigger_id(owner_id=1, name="dip")
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-5)))

    cause = price_cause(trigger=trigger, symbol="AAPL", at=MOMENT)

    assert cause == f"{trigger}:AAPL:2005-03-01T14:30:00.000000+00:00"
    assert price_cause(trigger=trigger, symbol="AAPL", at=elsewhere) == cause


def test_a_time_cause_is_the_due_minute_and_decides_the_firings_id():
    trigger = trigger_id(owner_id=1, name="open")

    cause = time_cause(trigger=trigger, due_at=MOMENT)

    assert cause == f"{trigger}:2005-03-01T14:30:00.000000+00:00"
    assert firing_id(trigger=trigger, cause_key=cause) == firing_id(
        trigger=trigger, cause_key=cause
    )
