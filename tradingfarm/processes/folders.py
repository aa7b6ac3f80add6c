"""Where the embedded servers keep their data and sockets."""

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from tradingfarm.processes.accounts import ServerAccount, ServersImpossible, can_enter
from tradingfarm.processes.home import HomeIsUnusable
from tradingfarm.processes.postmaster import end_owner

ELSEWHERE = Path("/var/lib/tradingfarm")
_SOCKET_BYTES = 103  # the shortest limit of any system (Linux allows 107, macOS 103)
_LONGEST_SOCKET = "/.s.PGSQL.5432.lock"
_PLAIN = re.compile(r"[\w./-]+", re.ASCII)  # goes into addresses as it stands


@dataclass(frozen=True)
class ServerFolder:
    """A folder that the servers' account can enter, and one for sockets that strangers cannot."""

    path: Path
    sockets: Path
    account: ServerAccount | None

    def own(self, folder: Path) -> Path:
        """Make `folder` if need be, for the servers' account alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)
        return folder

    def forget_sockets(self) -> None:
        """Remove the socket folder, also where it had to be outside of the home."""
        shutil.rmtree(self.sockets.resolve(), ignore_errors=True)
        self.sockets.unlink(missing_ok=True)


def prepare_folder(*, home: Path, account: ServerAccount | None) -> ServerFolder:
    """`servers` in the home, or a link there to a folder in ELSEWHERE.

    Root may keep its home where no other account can go. The servers' data then live in ELSEWHERE,
    found again by the link; without the link nobody needs those data any more. Raises
    HomeIsUnusable or ServersImpossible.
    """
    servers, outside = home / "servers", ELSEWHERE / hashlib.sha256(bytes(home)).hexdigest()[:12]
    _check_link(servers, outside)
    servers.mkdir(mode=0o711, exist_ok=True)
    if not servers.is_symlink() and not can_enter(folder=servers, account=account):
        _move_outside(servers, outside)
    path = servers.resolve()
    folder = ServerFolder(path=path, sockets=path / "run", account=account)
    _make_sockets(folder)
    return replace(folder, sockets=folder.sockets.resolve())


def _check_link(servers: Path, outside: Path) -> None:
    """A link that leads nowhere is removed; one to the data of another home must not be used."""
    if not servers.is_symlink():
        return
    if not servers.exists():
        servers.unlink()
    elif servers.readlink() != outside:
        raise HomeIsUnusable(
            path=servers.parent,
            reason=f"{servers} leads to the data of another home; remove that link to begin anew",
        )


def _move_outside(servers: Path, outside: Path) -> None:
    """Let `servers` be a link to a fresh folder `outside`, where no stranger can have laid one."""
    outside.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    if outside.parent.stat().st_uid != os.geteuid() or outside.is_symlink():
        raise ServersImpossible(f"{outside} belongs to another account.")
    end_owner(data=outside / "postgres")
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir(mode=0o711)
    servers.rmdir()
    servers.symlink_to(outside)


def _make_sockets(folder: ServerFolder) -> None:
    plain = folder.path / "run"
    address = f"{plain}{_LONGEST_SOCKET}"
    if len(os.fsencode(address)) <= _SOCKET_BYTES and _PLAIN.fullmatch(address):
        folder.own(plain)
        return
    folder.forget_sockets()
    plain.symlink_to(folder.own(_short_folder()))


def _short_folder() -> Path:
    temporary = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="farm-", dir=temporary if len(temporary) < 60 else "/tmp"))
