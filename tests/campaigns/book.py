"""Random courses of an account against the reference ledger, many of them: make campaign NAME=book

No servers: the farm's own functions are driven in memory, by as many processes as there are cores.
A chunk of courses is repeated by its seed, which the breach names.
"""

import argparse
import contextlib
import multiprocessing
import os
import sys
import traceback
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.campaigns.arena import Findings, arguments, conclude, say
from tests.campaigns.judge import Breach
from tests.trading.machine import Course, happened

RUNS, STEPS = 2_000, 100
SHORT_RUNS, SHORT_STEPS = 50, 50
CHUNK = 50
SEEDS = 100_000
"""More chunks than any campaign has, so that two campaigns share no seed."""
TELLS = ("approved", "booked", "crashed", "external", "moved", "refused", "split", "day")
"""What must have been tried at least once, or the campaign has shown nothing."""


@dataclass(frozen=True)
class Chunk:
    """Courses that one process carries out, one after the other."""

    seed: int
    runs: int
    steps: int


@dataclass(frozen=True)
class Outcome:
    """What a chunk has tried, and where it broke."""

    chunk: Chunk
    happened: Counter[str]
    problem: str = ""


def main() -> int:
    options = arguments("book", __doc__ or "")
    options.add_argument("--runs", type=int, help="Courses to carry out.")
    options.add_argument("--steps", type=int, help="The most that happens in one course.")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    return conclude("book", chosen, lambda findings: attack(chosen, findings))


def attack(options: argparse.Namespace, findings: Findings) -> None:
    """Carry out every chunk; a course that breaks something is a breach."""
    chunks = list(cut(options))
    done: Counter[str] = Counter()
    outcomes = work(chunks, processes=options.processes)
    with contextlib.closing(outcomes):
        for number, outcome in enumerate(outcomes, start=1):
            done += outcome.happened
            say(f"{number} of {len(chunks)} chunks, {done['steps']} steps")
            if outcome.problem:
                say(outcome.problem)
                text = f"seed {outcome.chunk.seed}: {outcome.problem.splitlines()[-1]}"
                findings.breaches.append(Breach("differs", text))
    findings.figures |= {"runs": done.pop("runs"), "steps": done.pop("steps")}
    findings.figures["happened"] = dict(sorted(done.items()))
    findings.breaches += [Breach("untried", each) for each in TELLS if not done[each]]


def cut(options: argparse.Namespace) -> Iterator[Chunk]:
    runs = options.runs or (SHORT_RUNS if options.short else RUNS)
    steps = options.steps or (SHORT_STEPS if options.short else STEPS)
    for number, first in enumerate(range(0, runs, CHUNK)):
        yield Chunk(options.seed * SEEDS + number, min(CHUNK, runs - first), steps)


def work(chunks: list[Chunk], *, processes: int) -> Generator[Outcome]:
    """The outcomes as they come. Closing this cancels the chunks that have not begun."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            for future in as_completed([pool.submit(carry_out, chunk) for chunk in chunks]):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def carry_out(chunk: Chunk) -> Outcome:
    """Run in a process of its own. What Hypothesis prints is for people."""
    happened.clear()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            run_state_machine_as_test(
                seed(chunk.seed)(Course),
                settings=settings(
                    max_examples=chunk.runs,
                    stateful_step_count=chunk.steps,
                    phases=(Phase.generate, Phase.shrink),
                    deadline=None,
                    database=None,
                    print_blob=False,
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
    except Exception as error:  # noqa: BLE001 - whatever a course raises is what it has found
        lines = "".join(traceback.format_exception(error, chain=False)).strip()
        return Outcome(chunk, Counter(happened), f"{lines}\n{type(error).__name__}: {error}")
    return Outcome(chunk, Counter(happened))


if __name__ == "__main__":
    sys.exit(main())
