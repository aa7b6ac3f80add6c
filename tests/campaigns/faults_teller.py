"""A program that tells stories: a chunk of them is one JSON line, and so is what became of it."""

import argparse
import json
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from tests.campaigns.arena import say
from tests.campaigns.faults_booth import Booth, booth
from tests.campaigns.faults_outcomes import Outcome, summed
from tests.campaigns.faults_plans import Plan, plan
from tests.campaigns.faults_planted import plant
from tests.campaigns.faults_stories import Story
from tests.campaigns.judge import Breach


def main() -> None:
    """Read chunks from stdin until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--planted", default="")
    options = parser.parse_args()
    plant(options.planted)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        booth(seed=options.seed, log=Path(folder) / "exchange.jsonl") as on,
    ):
        for line in sys.stdin:
            total = Outcome()
            for fault, order, seed in json.loads(line):
                total = summed(total, told(plan(fault, order, seed=seed), on))
            sys.stdout.write(f"{json.dumps(total.plain())}\n")
            sys.stdout.flush()


def told(story: Plan, on: Booth) -> Outcome:
    """One story; whatever keeps it from its end is what it has found."""
    try:
        found = Story(plan=story, on=on).tell()
    except Exception as error:  # noqa: BLE001 - whatever breaks a story is what it has found
        say("".join(traceback.format_exception(error)))
        text = f"{story.name}: {type(error).__name__}: {error}"
        return Outcome(stories=1, breaches=(Breach("untold", text),))
    return Outcome(
        stories=1,
        posts=found.posts,
        seconds=found.seconds,
        hits={f"{story.fault}/{story.order}": int(found.hit)},
        states=found.states,
        breaches=tuple(found.breaches),
    )
