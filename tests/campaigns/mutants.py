"""Bugs planted in a copy of the product, each to be caught: `make campaign NAME=mutants`.

Every bug is a small edit of a copy of the source tree. The checks that should catch it run against
that copy, the cheapest first, until one fails; a bug that survives all of them is a breach. The
copy without any bug must pass every one of these checks first, or a failure would prove nothing.
"""

import argparse
import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.arena import (
    ROOT,
    CampaignFailed,
    Findings,
    arguments,
    conclude,
    say,
    temporary_folder,
)
from tests.campaigns.judge import Breach
from tests.campaigns.mutants_list import Check, Mutant
from tests.campaigns.mutants_of_orders import OF_ORDERS
from tests.campaigns.mutants_of_rules import OF_RULES
from tradingfarm.kernel.randomness import stream

MUTANTS = (*OF_ORDERS, *OF_RULES)
SHORT = 5
CHECK_SECONDS = 300
LEFT_OUT = (".git", ".venv", "node_modules", ".farm", "__pycache__", ".*_cache", ".coverage*")
LINKED = (".venv", "node_modules")
# Servers and settings of whoever runs this must not be those of the copies.
OWN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "FARM_PROFILE")
FAILED_TESTS = 1
WIDE = {"COLUMNS": "400"}
"""Room for what pytest says of a test that failed, behind its name."""


@dataclass(frozen=True)
class Ran:
    """How a check ended. `by` names what failed; empty when all passed. `told`: why, one line."""

    by: str = ""
    told: str = ""


def main() -> int:
    parser = arguments("mutants", __doc__ or "")
    parser.add_argument("--jobs", type=int, default=2, help="Copies that are tried side by side.")
    parser.add_argument("--only", action="append", help="The name of a bug; may be repeated.")
    parser.add_argument(
        "--planted",
        choices=["harmless"],
        help="A bug that no check can find, so that the campaign must.",
    )
    options = parser.parse_args()
    return conclude("mutants", options, lambda findings: carry_out(options, findings))


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """Copies, the checks without a bug, and then one bug after the other."""
    mutants = chosen(options)
    with temporary_folder() as folder:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(max(options.jobs, 1)):
            copies.put(copy_of_the_tree(folder / f"tree-{number}"))
        clean = copies.get()
        findings.breaches += without_bug(mutants, clean)
        copies.put(clean)
        caught: dict[str, object] = {}
        findings.figures |= {"mutants": len(mutants), "caught": caught}
        if findings.breaches:
            return
        for mutant, ran in try_all(mutants, copies, jobs=max(options.jobs, 1)):
            caught[mutant.name] = {"by": ran.by, "told": ran.told}
            say(f"{mutant.name}: {ran.by or 'SURVIVED'}")
            if not ran.by:
                findings.breaches.append(Breach("survived", f"{mutant.name}: {ran.told}"))


def chosen(options: argparse.Namespace) -> Sequence[Mutant]:
    """All of them, those that are named, or five by the seed."""
    if options.planted == "harmless":
        return [harmless(MUTANTS[0])]
    if options.only:
        return [mutant for mutant in MUTANTS if mutant.name in options.only]
    if options.short:
        return stream(options.seed, "mutants").sample(MUTANTS, SHORT)
    return MUTANTS


def harmless(like: Mutant) -> Mutant:
    """The same checks for an edit that changes nothing."""
    edit = type(like.edits[0])(
        "trading/domain/ledger.py", '"""What trades and splits do', '"""What trades or splits do'
    )
    return Mutant("harmless", "It is not.", (edit,), like.checks)


def copy_of_the_tree(to: Path) -> Path:
    """The source tree as it is, with what is installed linked to it."""
    shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in LINKED:
        if (ROOT / name).exists():
            (to / name).symlink_to(ROOT / name)
    return to


def without_bug(mutants: Sequence[Mutant], tree: Path) -> Iterator[Breach]:
    """Edits that do not fit any more, and checks that fail without any bug."""
    for mutant in mutants:
        yield from (Breach("stale", f"{mutant.name}: {text}") for text in misfits(mutant, tree))
    checks = {check for mutant in mutants for check in mutant.checks}
    together = [check for check in checks if check.kind == "tests" and "-k" not in check.targets]
    others = [check for check in checks if check not in together]
    nodes = sorted({node for check in together for node in check.targets})
    say(f"without a bug: {len(nodes)} selections of tests, {len(others)} other checks ...")
    for check in (Check("tests", tuple(nodes)), *others):
        ran = run(check, tree)
        if ran.by:
            yield Breach("failed", f"Without a bug {ran.by} fails: {ran.told}")


def misfits(mutant: Mutant, tree: Path) -> list[str]:
    """Edits whose old text does not occur exactly once; each is made before the next is asked."""
    before, found = {edit.file: (tree / edit.file).read_text() for edit in mutant.edits}, []
    for edit in mutant.edits:
        problem = edit.problem(tree)
        if problem:
            found.append(problem)
        else:
            edit.apply(tree)
    for name, text in before.items():
        (tree / name).write_text(text)
    return found


def try_all(
    mutants: Sequence[Mutant], copies: "queue.Queue[Path]", *, jobs: int
) -> Iterator[tuple[Mutant, Ran]]:
    """What became of each, as they come."""
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(try_one, mutant, copies): mutant for mutant in mutants}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def try_one(mutant: Mutant, copies: "queue.Queue[Path]") -> Ran:
    """Plant the bug in a copy that is free, run its checks until one fails, take it out again."""
    with contextlib.ExitStack() as stack:
        tree = copies.get()
        stack.callback(copies.put, tree)
        for name in {edit.file for edit in mutant.edits}:
            stack.callback((tree / name).write_text, (tree / name).read_text())
        for edit in mutant.edits:
            edit.apply(tree)
        for check in mutant.checks:
            ran = run(check, tree)
            if ran.by:
                return ran
    return Ran(told="; ".join(" ".join(check.targets) for check in mutant.checks))


# ----------------------------------------------------------------------------------- the checks


def run(check: Check, tree: Path) -> Ran:
    """Run one check in the tree. Raises CampaignFailed when it could not even begin."""
    match check.kind:
        case "imports":
            return _imports(_process(tree, [".venv/bin/lint-imports", "--no-cache"]))
        case "campaign":
            name, *options = check.targets
            return _campaign(
                name, _process(tree, _python("-m", f"tests.campaigns.{name}", *options))
            )
        case _:
            quietly = ("-q", "-x", "-n0", "-p", "no:cacheprovider", "--tb=line", "-rfE")
            return _tests(_process(tree, _python("-m", "pytest", *quietly, *check.targets)))


def _python(*arguments: str) -> list[str]:
    return [str(ROOT / ".venv" / "bin" / "python"), *arguments]


def _process(tree: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    # Two edits of one second and one size would look alike to a cache of compiled files.
    environment = kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(tree)} | WIDE
    began = time.monotonic()
    try:
        return subprocess.run(
            command,
            cwd=tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=CHECK_SECONDS,
        )
    except subprocess.TimeoutExpired:
        # A bug that makes a check hang is one that nobody would release.
        text = f"FAILED {' '.join(command[-1:])} - hung for {time.monotonic() - began:.0f} s"
        return subprocess.CompletedProcess(command, FAILED_TESTS, text, "")


def _tests(done: subprocess.CompletedProcess[str]) -> Ran:
    """The first test that failed. An error before any test is a bug that is no bug: it failed."""
    if done.returncode == 0:
        return Ran()
    lines = done.stdout.splitlines()
    failed = [line for line in lines if line.startswith("FAILED ")]
    if done.returncode != FAILED_TESTS or not failed:
        raise CampaignFailed(f"The tests did not run: {_end(done)}")
    by, _, told = failed[0].removeprefix("FAILED ").partition(" - ")
    return Ran(by, told[:200])


def _imports(done: subprocess.CompletedProcess[str]) -> Ran:
    broken = [line for line in done.stdout.splitlines() if line.strip().endswith("BROKEN")]
    if done.returncode and not broken:
        raise CampaignFailed(f"The import rules were not looked at: {_end(done)}")
    return Ran(f"imports: {broken[0].strip().removesuffix('BROKEN').strip()}") if broken else Ran()


def _campaign(name: str, done: subprocess.CompletedProcess[str]) -> Ran:
    line: Mapping[str, object] = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    kinds = line.get("breaches_by_kind")
    if done.returncode == 0:
        return Ran()
    if not isinstance(kinds, dict) or "failed" in kinds:
        raise CampaignFailed(f"The campaign {name} was not carried out: {_end(done)}")
    return Ran(f"campaign {name}: {', '.join(kinds)}")


def _end(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"


if __name__ == "__main__":
    sys.exit(main())
