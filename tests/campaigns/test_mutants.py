"""The list of planted bugs cannot rot: each edit fits, and each selection exists."""

import subprocess
from pathlib import Path

import pytest

from tests.campaigns.arena import ROOT, CampaignFailed
from tests.campaigns.mutants import MUTANTS, Ran, _campaign, _imports, _tests, misfits
from tests.campaigns.mutants_list import Edit, Mutant
from tests.campaigns.mutants_list import tests as selection

ENOUGH = 24


@pytest.fixture
def tree(tmp_path):
    """A tree of those files alone that a bug is planted in."""

    def of(mutant):
        for edit in mutant.edits:
            place = tmp_path / edit.file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text((ROOT / edit.file).read_text())
        return tmp_path

    return of


def test_there_are_enough_bugs_and_each_has_a_name_of_its_own():
    assert len(MUTANTS) >= ENOUGH
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_still_fits_and_is_python(mutant, tree):
    root = tree(mutant)

    assert misfits(mutant, root) == []
    for edit in mutant.edits:
        edit.apply(root)
        compile((root / edit.file).read_text(), edit.file, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_checks_of_a_bug_exist(mutant):
    assert mutant.checks
    for check in mutant.checks:
        for target in check.targets if check.kind == "tests" else ():
            if "::" in target or target.endswith(".py"):
                name, _, test = target.partition("::")
                assert f"def {test}(" in Path(ROOT / name).read_text() or not test


def test_an_edit_that_does_not_fit_says_so(tmp_path):
    (tmp_path / "one.py").write_text("a a")
    checks = (selection("tests/none.py"),)

    twice = misfits(Mutant("m", "", (Edit("one.py", "a", "b"),), checks), tmp_path)
    never = misfits(Mutant("m", "", (Edit("one.py", "c", "b"),), checks), tmp_path)

    assert (len(twice), len(never)) == (1, 1)
    assert (tmp_path / "one.py").read_text() == "a a"


def done(status, out):
    return subprocess.CompletedProcess([], status, out, "")


def test_who_caught_it_is_read_from_what_the_check_says():
    failed = done(1, "F\nFAILED tests/a.py::test_b - assert 1 == 2\n1 failed in 1s")
    broken = done(1, "Apps point one way KEPT\nDomain is pure BROKEN\n")
    breach = done(1, '{"breaches_by_kind": {"flip": 1}}')

    assert _tests(failed) == Ran("tests/a.py::test_b", "assert 1 == 2")
    assert _imports(broken).by == "imports: Domain is pure"
    assert _campaign("one", breach).by == "campaign one: flip"
    assert _tests(done(0, "")).by == _imports(done(0, "")).by == _campaign("x", done(0, "{}")).by
    assert _tests(done(0, "")).by == ""


@pytest.mark.parametrize(
    ("read", "ended"),
    [
        (_tests, done(2, "ERROR tests/a.py - SyntaxError")),
        (_tests, done(1, "ERROR tests/a.py::test_b - no server")),
        (_imports, done(1, "no such module")),
        (lambda ended: _campaign("x", ended), done(1, '{"breaches_by_kind": {"failed": 1}}')),
    ],
)
def test_a_check_that_could_not_begin_has_caught_nothing(read, ended):
    with pytest.raises(CampaignFailed):
        read(ended)
