"""The processes of a farm on one machine."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from tradingfarm.processes.ports import HOST, answers_healthy
from tradingfarm.processes.spawning import Child

WORKER_THREADS = 32

STOP_SIGNALS = {"beat": signal.SIGUSR2}
"""Beat answers SIGTERM by writing to the database inside the signal's handler, and waits for ever
for itself when that interrupted another statement. It has nothing to save, so it gets a signal
that it does not handle."""

HeartbeatProbe = Callable[[str, int], bool]
"""Whether the process of this name and pid has spoken lately. Must not raise while it has not."""


def farm_children(
    *,
    python: str,
    root: Path,
    port: int,
    env: Mapping[str, str],
    heartbeat: HeartbeatProbe,
    worker_threads: int = WORKER_THREADS,
) -> tuple[Child, ...]:
    """Web, worker, beat, engine and sender, all started at once from the checkout `root`."""
    commands = {
        "web": web_command(port),
        "worker": _worker(worker_threads),
        "beat": _beat(),
        "engine": ("manage.py", "engine"),
        "sender": ("manage.py", "sender"),
    }
    colours = {"web": "36", "worker": "32", "beat": "35", "engine": "33", "sender": "31"}
    return tuple(
        Child(
            name=name,
            argv=(python, *command),
            env={**env, "PYTHONUNBUFFERED": "1"},
            colour=colours[name],
            ready=_probe(name, port, heartbeat),
            stop_signal=STOP_SIGNALS.get(name, signal.SIGTERM),
            grace_seconds=15,
            cwd=root,
        )
        for name, command in commands.items()
    )


def _probe(name: str, port: int, heartbeat: HeartbeatProbe) -> Callable[[int], bool]:
    if name == "web":
        return lambda pid: answers_healthy(port=port)
    return lambda pid: heartbeat(name, pid)


def web_command(port: int) -> tuple[str, ...]:
    """What Python is to run for pages and sockets on `port`."""
    # An open socket to a browser must not hold up the stop.
    return (
        # Whitenoise's files are short; reading them in one go is no harm.
        *("-W", "ignore:StreamingHttpResponse must consume synchronous:Warning"),
        *("-m", "uvicorn", "tradingfarm.asgi:application", "--host", HOST, "--port", str(port)),
        *("--log-level", "warning", "--no-access-log", "--lifespan", "off"),
        "--no-proxy-headers",  # nobody stands between: an address in a header would be made up
        *("--timeout-graceful-shutdown", "3"),
        # Sockets are many, near, and send little: packing costs more than it saves.
        *("--ws-per-message-deflate", "false", "--ws-max-size", "4096", "--ws-max-queue", "4"),
    )


def _worker(threads: int) -> tuple[str, ...]:
    return (
        # As root, in a container say, Celery warns of pickle; this farm accepts JSON alone.
        *("-W", "ignore:You're running the worker with superuser privileges"),
        *("-m", "celery", "--quiet", "-A", "tradingfarm", "worker", "-Q", "agents,upkeep"),
        *("--pool", "threads", "-c", str(threads), "--prefetch-multiplier", "1"),
        *("--without-gossip", "--without-mingle"),
    )


def _beat() -> tuple[str, ...]:
    # Without a pid file: one that a kill left behind would forbid the next start.
    return (
        *("-m", "celery", "--quiet", "-A", "tradingfarm", "beat", "--pidfile="),
        *("--scheduler", "django_celery_beat.schedulers:DatabaseScheduler"),
    )
