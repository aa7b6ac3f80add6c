"""The .venv: made by the standard library, filled from hashed locks by a pinned uv or else pip."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from scripts.steps import (
    Cause,
    Step,
    Trouble,
    announce,
    key_of,
    require_space,
    run_tool,
    timed,
)

NEW_BYTES, CHANGE_BYTES = 1_500_000_000, 300_000_000
PIP_OPTIONS = ("--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet")


def uv_alone(root: Path) -> Step:
    """A .venv with uv in it: enough to make new locks."""
    return _step(root, name="uv", locks=[])


def runtime_packages(root: Path) -> Step:
    """A .venv with what the farm needs to run. One that holds more is left as it is."""
    return _step(root, name="runtime", locks=["runtime.txt"])


def development_packages(root: Path) -> Step:
    """A .venv with what tests, lint, campaigns and measurements need as well."""
    return _step(root, name="dev", locks=["runtime.txt", "dev.txt"])


def _step(root: Path, *, name: str, locks: list[str]) -> Step:
    paths = [root / "requirements" / lock for lock in locks]
    return Step(
        stamp=stamps_of(root) / name,
        key=_key(root, paths),
        make=lambda: _fill(root, locks=paths),
        is_whole=lambda: is_sound(root / ".venv"),
    )


def _key(root: Path, locks: list[Path]) -> str:
    # A .venv does not survive being moved, nor another Python.
    return key_of([root / "requirements" / "uv.txt", *locks], short(sys.version_info), str(root))


def stamps_of(root: Path) -> Path:
    """Where the stamps lie: inside .venv, so that they go with it."""
    return root / ".venv" / "stamps"


def python_of(root: Path) -> Path:
    return root / ".venv" / "bin" / "python"


def _fill(root: Path, *, locks: list[Path]) -> None:
    ensure_venv(root)
    unfinished = stamps_of(root) / "unfinished"
    stamps_of(root).mkdir(exist_ok=True)
    unfinished.touch()
    _install(root, locks=locks)
    for stamp in stamps_of(root).iterdir():
        stamp.unlink()  # what other stamps vouch for may have been removed
    if len(locks) > 1:
        (stamps_of(root) / "runtime").write_text(_key(root, locks[:1]))


def ensure_venv(root: Path) -> None:
    """Make .venv, or make it anew when it is half-made. Raises Trouble for another Python's."""
    venv = root / ".venv"
    if is_sound(venv):
        refuse_another_python(venv)
        return
    require_space(root, needed=NEW_BYTES)
    if venv.exists():
        announce("The .venv is half-made or was left in the middle of an installation.")
    if find_spec("ensurepip") is None:
        raise Trouble(
            "This Python comes without the module that makes virtual environments.",
            "Install it (Debian: apt install python3-venv) and run the same command again.",
        )
    # The Python that runs this may be the very one inside the .venv that is cleared.
    base = getattr(sys, "_base_executable", None) or sys.executable
    with timed(f"Making .venv with Python {sys.version.split()[0]}"):
        run_tool([base, "-m", "venv", "--clear", venv], doing="making .venv", root=root)


def is_sound(venv: Path) -> bool:
    """Whether it is complete and its Python still exists; not whether its packages are right."""
    return (
        stated_python(venv) is not None
        and os.access(venv / "bin" / "python", os.X_OK)
        and any(venv.glob("lib/python*/site-packages/pip/__main__.py"))
        and not (venv / "stamps" / "unfinished").exists()
    )


def stated_python(venv: Path) -> tuple[int, ...] | None:
    """Major and minor version of the Python that a virtual environment says it was made with."""
    try:
        text = (venv / "pyvenv.cfg").read_text()
    except OSError:
        return None
    found = re.search(r"^version(?:_info)? = (\d+)\.(\d+)", text, re.MULTILINE)
    return tuple(map(int, found.groups())) if found else None


def refuse_another_python(venv: Path) -> None:
    """Raises Trouble when the environment was made with another Python than this one."""
    stated = stated_python(venv)
    if stated and stated != sys.version_info[:2]:
        theirs, ours = short(stated), short(sys.version_info)
        raise Trouble(
            f"{venv} belongs to Python {theirs}, and this is Python {ours}.",
            f"Run `make clean` to start over with {ours}, or use PYTHON=python{theirs}.",
        )


def short(version: Sequence[int | str]) -> str:
    """`3.11` of a version."""
    return f"{version[0]}.{version[1]}"


def _install(root: Path, *, locks: list[Path]) -> None:
    has_packages = any(root.glob(".venv/lib/python*/site-packages/django"))
    require_space(root, needed=CHANGE_BYTES if has_packages else NEW_BYTES)
    try:
        install_uv(root)
    except Trouble as trouble:
        if trouble.cause in (Cause.DISK, Cause.NETWORK) or not locks:
            raise
        fall_back_to_pip(root, locks=locks, because=trouble)
    else:
        if locks:
            _sync(root, locks=locks)


def _sync(root: Path, *, locks: list[Path]) -> None:
    try:
        sync_with_uv(root, locks=locks)
    except Trouble as trouble:
        if trouble.cause is Cause.DISK:
            raise
        # Also without an answer: pip knows settings for mirrors and certificates that uv does not.
        fall_back_to_pip(root, locks=locks, because=trouble)


def fall_back_to_pip(root: Path, *, locks: list[Path], because: Trouble) -> None:
    """Install with pip after uv failed. Raises Trouble."""
    announce(f"{because.happened} Going on with pip, which takes longer.")
    install_with_pip(root, locks=locks)


def install_uv(root: Path) -> None:
    """Put the pinned uv into .venv. Raises Trouble."""
    with timed("Installing uv, which installs the rest"):
        pip(root, "--require-hashes", "-r", root / "requirements" / "uv.txt", doing="fetching uv")


def sync_with_uv(root: Path, *, locks: list[Path]) -> None:
    """Make .venv hold exactly what the locks name. Raises Trouble."""
    command: list[str | Path] = [
        python_of(root).with_name("uv"),
        "pip",
        "sync",
        "--python",
        python_of(root),
    ]
    # Where Python may not keep bytecode itself, every start of a process would compile anew.
    compiling = ["--compile-bytecode"] if sys.dont_write_bytecode else []
    with timed(f"Installing {count_of(locks)} pinned Python packages with uv"):
        run_tool(
            [*command, "--require-hashes", *compiling, *locks],
            doing="fetching Python packages with uv",
            root=root,
            environment=uv_environment(os.environ),
        )


def uv_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What uv has to be told: it does not read pip's setting for a mirror."""
    mirror = environment.get("PIP_INDEX_URL")
    if mirror and not environment.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        return {"UV_DEFAULT_INDEX": mirror}
    return {}


def install_with_pip(root: Path, *, locks: list[Path]) -> None:
    """Add what the locks name to .venv. Raises Trouble."""
    compiling = [] if sys.dont_write_bytecode else ["--no-compile"]
    files: list[str | Path] = [part for lock in locks for part in ("-r", lock)]
    with timed(f"Installing {count_of(locks)} pinned Python packages with pip"):
        pip(root, *compiling, "--no-deps", "--require-hashes", *files, doing="fetching packages")


def pip(root: Path, *arguments: str | Path, doing: str) -> None:
    run_tool(
        [python_of(root), "-m", "pip", "install", *PIP_OPTIONS, *arguments], doing=doing, root=root
    )


def count_of(locks: list[Path]) -> int:
    """How many packages the locks name, whatever the platform."""
    lines = [line for lock in locks for line in lock.read_text().splitlines()]
    return len({line.split("==")[0] for line in lines if re.match(r"[a-z0-9]", line)})
