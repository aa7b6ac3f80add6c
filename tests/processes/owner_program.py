"""A program that owns a farm's servers or a supervisor, for tests that kill it.

`owner_program.py servers HOME` starts both servers, writes their addresses and pids as one line of
JSON and stops them when its input ends. `owner_program.py supervisor HOME` supervises two children
(`--deaf`: they ignore signals), writes a line when they are ready and ends by signal. With
`--orphans` the kernel is not asked to end what is left when this program is killed.
"""

import json
import sys
from pathlib import Path

from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes import spawning
from tradingfarm.processes.home import FarmHome, take_home
from tradingfarm.processes.logs import Terminal
from tradingfarm.processes.runs import Hooks
from tradingfarm.processes.servers import start_servers
from tradingfarm.processes.spawning import Child
from tradingfarm.processes.supervisor import Supervisor

PATIENT = "trap 'exec sleep 0' TERM; while :; do sleep 0.05; done"
DEAF = "trap '' TERM INT; while :; do sleep 0.05; done"


def tell(content: object) -> None:
    sys.stdout.write(f"{json.dumps(content)}\n")
    sys.stdout.flush()


def own_servers(home: FarmHome) -> None:
    with start_servers(home=home, environment={}) as servers:
        pids = {slot.child.name: slot.process.pid for slot in servers.slots if slot.process}
        tell({"addresses": servers.addresses, "pids": pids, "seconds": servers.seconds})
        sys.stdin.read()
    tell({"stopped": True})


def supervise(home: FarmHome, script: str) -> None:
    children = [
        Child(
            name=name,
            argv=("/bin/sh", "-c", script),
            env={"PATH": "/usr/bin:/bin"},
            grace_seconds=30,
        )
        for name in ("first", "second")
    ]
    report = Supervisor(
        children=children,
        register=home.register,
        terminal=Terminal(stream=sys.stderr, environment={}),
        hooks=Hooks(on_ready=lambda seconds: tell({"ready": seconds})),
    ).run()
    tell({"statuses": report.statuses, "clean": report.stopped_cleanly})


def main(kind: str, path: str, *flags: str) -> None:
    if "--orphans" in flags:
        spawning._LIBC = None
    home = take_home(path=Path(path), say=lambda line: tell({"said": line}))
    try:
        if kind == "servers":
            own_servers(home)
        else:
            supervise(home, DEAF if "--deaf" in flags else PATIENT)
    finally:
        home.release()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except FarmError as error:
        tell({"error": type(error).__name__, "message": error.message})
        sys.exit(1)
