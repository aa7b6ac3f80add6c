"""Trials dealt out to programs that run side by side, each with a database of its own.

A program is told trials on its stdin, one JSON line each, and answers each with one line.
"""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.campaigns.arena import ROOT, Ground, say

RUN = "import django; django.setup(); from {module} import main; main()"
END_SECONDS = 60.0
Told = Mapping[str, object]


@contextlib.contextmanager
def dealt(
    base: Ground,
    *,
    module: str,
    argument: str,
    trials: Sequence[Told],
    side_by_side: int,
    take: Callable[[dict[str, object]], None],
    more: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """All trials go on meanwhile; the end waits for them. `take` gets one answer at a time.

    What a program that ended early left is answered with a breach. `argument` is the program's
    own, `more` is added to its environment.
    """
    lock, done = threading.Lock(), [0]

    def keep(answer: dict[str, object]) -> None:
        with lock:
            done[0] += 1
            say(f"{done[0]} of {len(trials)}: {json.dumps(answer)}")
            take(answer)

    with contextlib.ExitStack() as stack:
        programs = [
            stack.enter_context(_program(base, number, module, argument, more or {}))
            for number in range(min(side_by_side, len(trials)))
        ]
        readers = [
            threading.Thread(target=_read, args=(program, trials[number :: len(programs)], keep))
            for number, program in enumerate(programs)
        ]
        for reader in readers:
            reader.start()
        yield
        for reader in readers:
            reader.join()


def _read(
    program: subprocess.Popen[str],
    trials: Sequence[Told],
    keep: Callable[[dict[str, object]], None],
) -> None:
    """Tell one program its trials, one after the other."""
    for trial in trials:
        keep(_answer(program, trial) or _unanswered(trial))


def _answer(program: subprocess.Popen[str], trial: Told) -> dict[str, object] | None:
    """None when the program is no more."""
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        program.stdin.write(f"{json.dumps(trial)}\n")
        program.stdin.flush()
        line = program.stdout.readline()
    except (BrokenPipeError, ValueError):
        return None
    return dict(json.loads(line)) if line else None


def _unanswered(trial: Told) -> dict[str, object]:
    return {**trial, "struck": False, "breaches": [["failed", f"A program ended before {trial}."]]}


@contextlib.contextmanager
def _program(
    base: Ground, number: int, module: str, argument: str, more: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """It ends by itself when there are no more trials, or at SIGTERM, with all that it started."""
    with (
        _copied(base, number) as address,
        subprocess.Popen(
            [sys.executable, "-c", RUN.format(module=module), argument],
            env={**base.environment, "DATABASE_URL": address, "LOG_LEVEL": "ERROR", **more},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        try:
            yield program
            assert program.stdin is not None
            program.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(timeout=END_SECONDS)
        finally:
            program.terminate()


@contextlib.contextmanager
def _copied(base: Ground, number: int) -> Iterator[str]:
    """The address of a new database that is what the ground's is now: migrated and empty."""
    name = urlsplit(base.database).path.removeprefix("/")
    own = f"{name}_lane_{number}"
    maintenance = urlsplit(base.database)._replace(path="/postgres").geturl()
    copy, drop = "CREATE DATABASE {} TEMPLATE {}", "DROP DATABASE IF EXISTS {} WITH (FORCE)"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(sql.SQL(copy).format(sql.Identifier(own), sql.Identifier(name)))
    try:
        yield urlsplit(base.database)._replace(path=f"/{own}").geturl()
    finally:
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql.SQL(drop).format(sql.Identifier(own)))


def end_at_sigterm() -> None:
    """For a program: SIGTERM ends it as an exception does, so that it ends what it started."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
