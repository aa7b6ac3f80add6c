"""A step: what it is made from, whether it is still fresh, and how it is made again."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from errno import EDQUOT, ENOSPC
from pathlib import Path

TAIL_LINES = 12


class Cause(Enum):
    """Why a tool failed, as far as its words tell."""

    DISK = "disk"
    NETWORK = "network"
    HASH = "hash"
    OTHER = "other"


SIGNS = {
    Cause.DISK: ("no space left", "enospc", "os error 28", "disk quota", "edquot"),
    Cause.HASH: ("do not match the hashes", "hash mismatch", "eintegrity"),
    Cause.NETWORK: (
        "connection refused", "econnrefused", "connection reset", "econnreset",
        "connection broken", "failed to establish a new connection", "max retries exceeded",
        "error sending request",
        "name resolution", "name or service not known", "enotfound", "eai_again", "dns error",
        "network is unreachable", "enetunreach", "timed out", "etimedout", "readtimeout",
        "certificate verify failed", "unknownissuer", "proxyerror",
    ),
}  # fmt: skip

REMEDIES = {
    Cause.DISK: "Free about 1.5 GB and run the same command again.",
    Cause.NETWORK: (
        "Check the connection, or your settings for a proxy or mirror (HTTPS_PROXY, "
        "PIP_INDEX_URL, npm_config_registry), and run the same command again."
    ),
    Cause.HASH: (
        "Nothing of it was kept. Run the same command again; if it repeats, do not trust the "
        "registry or mirror in use."
    ),
    Cause.OTHER: "Its last words are above. Run the same command again, or `make clean` first.",
}


class Trouble(Exception):
    """What a person has to put right: what happened, and what to do."""

    def __init__(self, happened: str, remedy: str, *, cause: Cause = Cause.OTHER) -> None:
        super().__init__(f"{happened} {remedy}")
        self.happened = happened
        self.remedy = remedy
        self.cause = cause


@dataclass(frozen=True)
class Step:
    """Something that is made once from its inputs.

    `key` names the inputs by their SHA-256; `stamp` holds the key that it was last made from.
    `is_whole` looks whether what was made is still there.
    """

    stamp: Path
    key: str
    make: Callable[[], None]
    is_whole: Callable[[], bool]

    @property
    def is_fresh(self) -> bool:
        try:
            return self.stamp.read_text() == self.key and self.is_whole()
        except OSError:
            return False


def perform(steps: Sequence[Step], *, root: Path) -> None:
    """Make what is not fresh, one process at a time. Raises Trouble."""
    if all(step.is_fresh for step in steps):
        return
    with alone_in(root):
        for step in steps:
            if not step.is_fresh:
                step.stamp.unlink(missing_ok=True)
                step.make()
                step.stamp.parent.mkdir(parents=True, exist_ok=True)
                step.stamp.write_text(step.key)


@contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Hold the folder's lock. The system lets go of it when this process and its tools have ended.

    The tools inherit it: after a kill -9 of this process, an installer that is still writing keeps
    the next make waiting.
    """
    handle = os.open(root, os.O_RDONLY)
    os.set_inheritable(handle, True)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            announce("Waiting for another make that is installing in this folder ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def key_of(files: Sequence[Path], *facts: str) -> str:
    """SHA-256 over the files' contents and the facts. Raises Trouble when a file is missing."""
    digest = hashlib.sha256()
    for path in files:
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except FileNotFoundError:
            raise Trouble(f"{path} is missing.", "Restore it: git checkout -- it.") from None
    for fact in facts:
        digest.update(hashlib.sha256(fact.encode()).digest())
    return digest.hexdigest()


def announce(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def timed(doing: str) -> Iterator[None]:
    """Say what is being done, then how long it took."""
    announce(f"{doing} ...")
    start = time.monotonic()
    yield
    announce(f"  done in {time.monotonic() - start:.1f} s")


def run_tool(
    command: Sequence[str | Path],
    *,
    doing: str,
    root: Path,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a tool in `root` and give back its output. Raises Trouble when it fails.

    `environment` is added to this process's own.
    """
    finished = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        close_fds=False,  # hands on the lock
    )
    if finished.returncode:
        raise trouble_of(finished.stdout, doing=doing)
    return finished.stdout


def trouble_of(output: str, *, doing: str) -> Trouble:
    """What a failed tool's output means; an unknown failure's last lines are shown."""
    words = output.lower()
    cause = next(
        (cause for cause, signs in SIGNS.items() if any(sign in words for sign in signs)),
        Cause.OTHER,
    )
    happened = {
        Cause.DISK: f"The disk is full ({doing}).",
        Cause.NETWORK: f"The package registry cannot be reached ({doing}).",
        Cause.HASH: f"A downloaded package is not the one that the lock names ({doing}).",
        Cause.OTHER: f"This failed: {doing}.",
    }[cause]
    if cause is Cause.OTHER:
        announce("\n".join(f"  {line}" for line in output.splitlines()[-TAIL_LINES:]))
    return Trouble(happened, REMEDIES[cause], cause=cause)


def trouble_of_system(error: OSError) -> Trouble:
    """What the operating system's refusal means."""
    if error.errno in (ENOSPC, EDQUOT):
        place = f" ({error.filename})" if error.filename else ""
        return Trouble(f"The disk is full{place}.", REMEDIES[Cause.DISK], cause=Cause.DISK)
    return Trouble(
        f"{error.strerror or error}: {error.filename or 'unknown file'}.",
        "Make this folder writable for you and run the same command again.",
    )


def require_space(folder: Path, *, needed: int) -> None:
    """Raises Trouble when the disk under `folder` has fewer than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Trouble(
            f"Only {free / 1e9:.1f} GB are free under {folder}; this needs {needed / 1e9:.1f} GB.",
            "Free some space there, or clone to another disk, and run the same command again.",
            cause=Cause.DISK,
        )
