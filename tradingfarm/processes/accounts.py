"""Which account of the machine the embedded servers run as. PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tradingfarm.kernel.errors import FarmError


class ServersImpossible(FarmError):
    """This machine or account cannot run the embedded servers."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The embedded servers cannot run here: {reason}\nSet DATABASE_URL to a PostgreSQL "
            "of your own (postgresql://user:password@host:5432/tradingfarm) and REDIS_URL to a "
            "Valkey or Redis (redis://host:6379/0); then nothing needs to be embedded.",
            permanent=True,
        )


@dataclass(frozen=True)
class ServerAccount:
    """The account that servers run as when root starts them."""

    uid: int
    gid: int


def server_account() -> ServerAccount | None:
    """`nobody` when we are root; None when the servers may simply run as we do.

    Raises ServersImpossible when PostgreSQL would refuse to run as us.
    """
    if os.geteuid() != 0:
        _require_name()
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServersImpossible("root needs an account `nobody` to run them as.") from None
    return ServerAccount(uid=nobody.pw_uid, gid=nobody.pw_gid)


def runs(*, argv: Sequence[str | Path], account: ServerAccount | None) -> bool:
    """Whether `account` can execute this command to a clean end. For quick questions only."""
    try:
        done = subprocess.run(
            argv,
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=30,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def can_enter(*, folder: Path, account: ServerAccount | None) -> bool:
    """Whether `account` can pass through every folder on the way to `folder`."""
    return runs(argv=["/bin/sh", "-c", 'test -x "$1"', "sh", folder], account=account)


def _require_name() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ServersImpossible(
            f"user {os.geteuid()} has no entry in /etc/passwd, which PostgreSQL insists on."
        ) from None
