import os
import sys
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any, TextIO

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from trading.loop.steps import ingest_reports
from trading.selectors.rebuild import differences
from tradingfarm.demo.narrator import Narrator
from tradingfarm.demo.report import Report, count
from tradingfarm.demo.seed import Seeded, seed
from tradingfarm.kernel import heartbeats
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.children import farm_children
from tradingfarm.processes.logs import Terminal
from tradingfarm.processes.runs import Hooks, RunReport
from tradingfarm.processes.spawning import Child
from tradingfarm.processes.start import ROOT, Started, add_farm_arguments, address, current
from tradingfarm.processes.supervisor import Supervisor

NARRATE_EVERY = 3
"""Ticks of the supervisor, about a third of a second."""
WAITING_ON_MODELS = ("web", "worker")
POOL = "12"


class Command(BaseCommand):
    help = "Start everything here: servers, web, worker, beat, engine, sender, and the demo."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_farm_arguments(parser)

    def handle(self, *args: Any, seconds: float | None, json: bool, **options: Any) -> None:
        farm = current.get()
        # With --json standard output belongs to the one line at the end.
        self._terminal = Terminal(stream=_output(json=json), environment=os.environ)
        try:
            seeded = self._prepare(options)
            ran = self._run(farm, seeded, seconds)
            ingest_reports(clock=SystemClock())
        except FarmError as error:
            raise CommandError(error.message) from error
        report = count(ready_seconds=ran.ready_seconds or 0.0, restarts=sum(ran.restarts.values()))
        self._conclude(report, ran, json=json)

    def _say(self, line: str) -> None:
        self._terminal.write(name="farm", line=line)

    def _prepare(self, options: dict[str, Any]) -> Seeded:
        self._say("preparing the database")
        call_command("migrate", verbosity=0)
        return seed(
            at=SystemClock().now(),
            seed=options["seed"],
            speed=options["speed"],
            new_replay=options["new_replay"],
            say=self._say,
        )

    def _run(self, farm: Started, seeded: Seeded, seconds: float | None) -> RunReport:
        narrator = Narrator(lambda line: self._terminal.write(name="story", line=line))
        ticks = 0

        def on_tick() -> None:
            nonlocal ticks
            ticks += 1
            if ticks % NARRATE_EVERY == 0:
                narrator.catch_up()

        supervisor = Supervisor(
            children=_children(farm),
            register=farm.home.register,
            terminal=self._terminal,
            servers=farm.servers.slots,
            hooks=Hooks(
                on_ready=lambda ready: self._welcome(farm, seeded, ready), on_tick=on_tick
            ),
        )
        self._say("starting web, worker, beat, engine and sender")
        return supervisor.run(for_seconds=seconds)

    def _welcome(self, farm: Started, seeded: Seeded, ready: float) -> None:
        self._say(f"ready after {ready:.1f} s: open {address(port=farm.port)}")
        if seeded.password:
            self._say(f"sign in as {seeded.username} with the password {seeded.password}")
        else:
            self._say(
                f"sign in as {seeded.username}; a forgotten password is replaced by "
                f"`.venv/bin/python manage.py password_link {seeded.username}`"
            )
        self._say(
            f"{seeded.account.name} is a paper account of 100,000 USD on a replay of real daily "
            f"candles, {seeded.replay.starts_on} to {seeded.replay.ends_on}"
        )
        self._say(seeded.minds)

    def _conclude(self, report: Report, ran: RunReport, *, json: bool) -> None:
        for difference in differences():
            self._say(f"the book does not follow from the exchange's trades: {difference}")
        if json:
            self.stdout.write(report.as_json())
        else:
            self._say(
                f"{report.fills} fills, equity {report.equity}, journal of "
                f"{report.journal['events']} events "
                f"{'verified' if report.journal['verified'] else 'BROKEN'}"
            )
        if json and not (report.is_sound and ran.stopped_cleanly):
            raise CommandError("The run is not sound: see the line above and the log.")


def _output(*, json: bool) -> TextIO:
    return sys.stderr if json else sys.stdout


def _children(farm: Started) -> tuple[Child, ...]:
    children = farm_children(
        python=sys.executable, root=ROOT, port=farm.port, env=dict(os.environ), heartbeat=_is_alive
    )
    return tuple(
        replace(child, env={**child.env, "DATABASE_POOL_SIZE": POOL})
        if child.name in WAITING_ON_MODELS
        else child
        for child in children
    )


def _is_alive(name: str, pid: int) -> bool:
    try:
        return heartbeats.is_alive(process=name, pid=pid, now=SystemClock().now())
    except DatabaseError:
        return False
