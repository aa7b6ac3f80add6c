"""Tiny races: the gate as it is stands, and each planted bug is caught."""


def test_the_gate_keeps_its_limits(campaign):
    status, line = campaign("race", "--clients=8", "--rounds=1")

    assert (status, line["breaches"], line["deadlocks"]) == (0, 0, 0), line
    assert [each["entries"] for each in line["rounds"]] == [60, 50]


def test_a_gate_without_its_lock_is_caught(campaign):
    status, line = campaign("race", "--clients=12", "--rounds=1", "--planted=no-lock")

    assert status == 1
    assert line["breaches_by_kind"]["entries"] == 1, line


def test_a_gate_that_blocks_too_early_is_caught(campaign):
    status, line = campaign("race", "--clients=2", "--rounds=1", "--planted=tight")

    assert status == 1
    assert line["breaches_by_kind"] == {"overblocked": 2}, line
