"""Whatever is set wrongly is named, together with what would be right."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tradingfarm import environment as env

NAME = "FARM_TEST_SETTING"


@pytest.fixture
def given(monkeypatch):
    """Set the variable to a text."""
    return lambda text: monkeypatch.setenv(NAME, text)


def test_a_text_is_read_without_the_space_around_it(given):
    given("  x y ")

    assert env.text(NAME) == "x y"


def test_what_is_empty_or_unset_has_its_default(given):
    assert env.text(NAME, "z") == "z"
    given("  ")
    assert env.text(NAME, "z") == "z"


@pytest.mark.parametrize("value", ["true", "YES", "on", "1"])
def test_a_flag_is_on(given, value):
    given(value)

    assert env.flag(NAME, default=False) is True


@pytest.mark.parametrize("value", ["false", "No", "off", "0"])
def test_a_flag_is_off(given, value):
    given(value)

    assert env.flag(NAME, default=True) is False


def test_a_flag_that_is_not_set_is_its_default():
    assert env.flag(NAME, default=True) is True
    assert env.flag(NAME, default=False) is False


def test_numbers_amounts_choices_lists_and_folders_are_read(given, tmp_path):
    given("12")
    assert (env.whole(NAME, 1), env.money(NAME, "0.1")) == (12, Decimal(12))
    given("b")
    assert env.choice(NAME, "a", ("a", "b")) == "b"
    given(" a , b,,")
    assert env.names(NAME) == ["a", "b"]
    given(f"{tmp_path}/x/../y")
    assert env.folder(NAME, Path("z")) == tmp_path / "y"


def test_numbers_amounts_choices_lists_and_folders_have_defaults(tmp_path):
    assert (env.whole(NAME, 3), env.money(NAME, "0.1")) == (3, Decimal("0.1"))
    assert (env.choice(NAME, "a", ("a",)), env.names(NAME), env.names(NAME, "x,y")) == (
        "a",
        [],
        ["x", "y"],
    )
    assert env.folder(NAME, tmp_path) == tmp_path


@pytest.mark.parametrize(
    "read",
    [
        lambda: env.flag(NAME, default=True),
        lambda: env.whole(NAME, 1),
        lambda: env.money(NAME, "1"),
        lambda: env.choice(NAME, "a", ("a", "b")),
    ],
    ids=["flag", "whole", "money", "choice"],
)
@pytest.mark.parametrize("value", ["perhaps", "NaN", "1.5.2"])
def test_what_is_not_understood_is_refused_by_name(given, read, value):
    given(value)

    with pytest.raises(ImproperlyConfigured, match=NAME):
        read()


def test_what_must_be_set_is_asked_for_by_name():
    with pytest.raises(ImproperlyConfigured, match=f"Set {NAME}"):
        env.text(NAME)


def test_a_database_address_is_taken_apart():
    found = env.database("postgresql://ada:p%40ss@db.example:5433/farm", options={"a": 1})

    assert found == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "farm",
        "USER": "ada",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"a": 1},
    }


def test_a_database_behind_a_socket_is_reached_by_its_folder():
    found = env.database("postgres://ada@/farm?host=/run/my%20farm", options={})

    assert (found["HOST"], found["PORT"], found["OPTIONS"]) == ("", "", {"host": "/run/my farm"})


@pytest.mark.parametrize(
    "url", ["", "sqlite:///x", "postgresql://host", "postgresql://h:port/x", "postgresql://h:0/x"]
)
def test_another_database_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must look like postgresql://"):
        env.database(url, options={})


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("redis://localhost:6379/1", "redis://localhost:6379/1"),
        ("unix:///run/valkey.sock", "redis+socket:///run/valkey.sock?virtual_host=0"),
        ("unix:///run/valkey.sock?db=2", "redis+socket:///run/valkey.sock?virtual_host=2"),
    ],
)
def test_a_broker_is_spelled_as_celery_does(url, spelled):
    assert env.broker(url) == spelled
