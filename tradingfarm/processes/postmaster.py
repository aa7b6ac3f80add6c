"""The server that a PostgreSQL data folder names as its own."""

from pathlib import Path
from signal import SIGINT

from tradingfarm.processes.identity import command_line, end, identify

STOP_SECONDS = 20.0


def end_owner(*, data: Path) -> None:
    """Stop the server of an earlier run that still has these data open, if there is one.

    Another process that has its pid by now is left alone, and the file that names it removed:
    PostgreSQL would take that process for a server and refuse to start.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n")[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return
    owner = identify(pid=pid)
    if owner is None:
        return
    if f"-D {data} " in command_line(pid=pid):
        end(owner, stop_signal=SIGINT, grace_seconds=STOP_SECONDS)
    else:
        file.unlink(missing_ok=True)
