import pytest

from tests.triggers.rows import (
    make_account,
    make_instrument,
    make_owner,
    make_team,
    quote,
    start_trading,
    streaming_feed,
)


@pytest.fixture
def owner(db):
    return make_owner()


@pytest.fixture
def team(owner):
    return make_team(owner)


@pytest.fixture
def apple(db):
    return make_instrument("AAPL")


@pytest.fixture
def feed(apple):
    """A feed on wall time with a price of AAPL."""
    made = streaming_feed()
    quote(made, apple, "100", day_open="100")
    return made


@pytest.fixture
def account(owner, team, feed):
    """An account that the team trades."""
    made = make_account(owner, feed)
    start_trading(team, made)
    return made
