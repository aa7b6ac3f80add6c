"""A small crowd of cut sockets misses nothing; a reader that is told too little is seen."""

import json
import os
import subprocess
import sys
from uuid import uuid5

import pytest

from tests.campaigns.arena import ROOT
from tests.campaigns.sockets import Listener
from tests.pages.farms import key

OWN = ("DATABASE_URL", "REDIS_URL")


def test_nothing_is_missed_by_readers_that_are_cut_off() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.campaigns.sockets", "--short"),
            *("--readers", "12", "--cuts", "3", "--seconds", "12"),
        ],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    line = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, line["missed"], line["out_of_order"], line["behind"]) == (0, 0, 0, 0)
    assert line["cuts"] == 36


def event(seq: int) -> str:
    entry = {"payload": {"message": str(uuid5(key("m"), str(seq)))}}
    return json.dumps({"kind": "agent.message", "seq": seq, "entry": json.dumps(entry)})


def mark(since: int, seq: int) -> str:
    return f'<div id="live-mark" hidden data-since="{since}" data-seq="{seq}"></div>'


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("events", [event(1), event(3)]),
        ("events", [event(1), event(2), event(1)]),
        ("page", [mark(0, 2), mark(3, 4)]),
    ],
)
def test_a_gap_or_a_step_back_is_seen(kind: str, texts: list[str]) -> None:
    listener = Listener("ws://here", is_page=kind == "page")

    for text in texts:
        listener.hear(text)

    assert len(listener.disorder) == 1
