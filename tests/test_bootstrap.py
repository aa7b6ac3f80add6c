"""What a newcomer meets before there is a farm: scripts/ and the Makefile around it."""

import ast
import errno
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import bootstrap, front_end, lock, python_packages
from scripts.steps import (
    Cause,
    Step,
    Trouble,
    alone_in,
    key_of,
    perform,
    require_space,
    trouble_of,
    trouble_of_system,
)

ROOT = Path(__file__).resolve().parent.parent
OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Counted:
    """A step that counts how often it was made, and fails when told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made = 0
        self.fails = False
        self.is_whole = True
        (root / "input").write_text("first")

    def step(self) -> Step:
        return Step(
            stamp=self.root / "made" / "stamp",
            key=key_of([self.root / "input"]),
            make=self.make,
            is_whole=lambda: self.is_whole,
        )

    def make(self) -> None:
        self.made += 1
        if self.fails:
            raise Trouble("It failed.", "Try again.")


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_a_step_is_made_once(counted: Counted) -> None:
    perform([counted.step()], root=counted.root)
    perform([counted.step()], root=counted.root)

    assert counted.made == 1


def test_a_step_is_made_again_when_an_input_changes(counted: Counted) -> None:
    perform([counted.step()], root=counted.root)
    (counted.root / "input").write_text("second")

    perform([counted.step()], root=counted.root)

    assert counted.made == 2


def test_a_step_is_made_again_when_its_product_is_gone(counted: Counted) -> None:
    perform([counted.step()], root=counted.root)
    counted.is_whole = False

    perform([counted.step()], root=counted.root)

    assert counted.made == 2


def test_a_failed_step_is_tried_again_even_with_the_inputs_of_a_good_one(
    counted: Counted,
) -> None:
    perform([counted.step()], root=counted.root)
    (counted.root / "input").write_text("second")
    counted.fails = True
    with pytest.raises(Trouble):
        perform([counted.step()], root=counted.root)
    (counted.root / "input").write_text("first")
    counted.fails = False

    perform([counted.step()], root=counted.root)

    assert counted.made == 3


def test_two_installations_do_not_meet_in_one_folder(tmp_path: Path) -> None:
    other = os.open(tmp_path, os.O_RDONLY)

    with alone_in(tmp_path), pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)

    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def test_an_old_python_is_told_what_is_needed() -> None:
    assert "Python 3.10.13 is too old" in bootstrap.refusal_of((3, 10, 13))
    assert "3.11 or newer" in bootstrap.refusal_of((3, 10, 13))
    assert bootstrap.refusal_of((3, 11, 2)) == ""
    assert bootstrap.refusal_of((4, 0, 0)) == ""


@pytest.mark.parametrize("name", ["__init__.py", "bootstrap.py"])
def test_an_old_python_can_read_what_refuses_it(name: str) -> None:
    ast.parse((ROOT / "scripts" / name).read_text(), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("WARNING: Retrying (Retry(total=0)) after connection broken by 'x'", Cause.NETWORK),
        ("  Caused by: dns error: failed to lookup address information", Cause.NETWORK),
        ("npm error code EAI_AGAIN", Cause.NETWORK),
        ("npm error code ECONNREFUSED", Cause.NETWORK),
        ("ERROR: Could not install: [Errno 28] No space left on device", Cause.DISK),
        ("npm error code ENOSPC", Cause.DISK),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE FILE", Cause.HASH),
        ("npm error code EINTEGRITY", Cause.HASH),
        ("error: Failed to build async-timeout==5.0.1", Cause.OTHER),
    ],
)
def test_a_tools_words_tell_why_it_failed(words: str, cause: Cause) -> None:
    trouble = trouble_of(words, doing="fetching")

    assert trouble.cause is cause
    assert "fetching" in trouble.happened


def test_the_last_words_of_an_unknown_failure_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trouble_of("something\nnobody foresaw", doing="fetching")

    assert "nobody foresaw" in capsys.readouterr().err


def test_a_full_disk_is_said_to_be_full() -> None:
    trouble = trouble_of_system(OSError(errno.ENOSPC, "No space left on device", "/farm/x"))

    assert trouble.cause is Cause.DISK
    assert "/farm/x" in trouble.happened


def test_too_little_space_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="GB are free"):
        require_space(tmp_path, needed=10**18)

    require_space(tmp_path, needed=1)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder whose .venv looks complete and whose uv is not installed yet."""
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (binaries / "python").chmod(0o755)
    (tmp_path / ".venv" / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {OURS}.0\n")
    pip = tmp_path / ".venv" / "lib" / f"python{OURS}" / "site-packages" / "pip" / "__main__.py"
    pip.parent.mkdir(parents=True)
    pip.touch()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "uv.txt").write_text(
        f"a-package-that-is-not-installed==1.0 --hash=sha256:{'0' * 64}\n"
    )
    return tmp_path


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, kept from being taken meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_without_a_network_two_lines_say_so(
    clone: Path,
    closed_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    code = bootstrap.main(["uv"], root=clone)

    *_, happened, remedy = capsys.readouterr().err.splitlines()
    assert code == 1
    assert happened == "The package registry cannot be reached (fetching uv)."
    assert "run the same command again" in remedy


def test_a_complete_environment_is_sound(clone: Path) -> None:
    assert python_packages.is_sound(clone / ".venv")


@pytest.mark.parametrize("missing", ["pyvenv.cfg", "bin/python", "lib"])
def test_a_half_made_environment_is_not_sound(clone: Path, missing: str) -> None:
    path = clone / ".venv" / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()

    assert not python_packages.is_sound(clone / ".venv")


def test_an_interrupted_installation_leaves_an_environment_that_is_not_sound(
    clone: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    bootstrap.main(["uv"], root=clone)

    assert not python_packages.is_sound(clone / ".venv")


def test_the_environment_of_another_python_is_refused_and_kept(clone: Path) -> None:
    (clone / ".venv" / "pyvenv.cfg").write_text("version = 3.9.2\n")

    with pytest.raises(Trouble, match=r"belongs to Python 3\.9"):
        python_packages.ensure_venv(clone)

    assert (clone / ".venv" / "pyvenv.cfg").exists()


def test_uv_is_told_of_the_mirror_that_pip_knows() -> None:
    mirror = {"PIP_INDEX_URL": "http://mirror/simple"}

    assert python_packages.uv_environment(mirror) == {"UV_DEFAULT_INDEX": "http://mirror/simple"}
    assert python_packages.uv_environment(mirror | {"UV_DEFAULT_INDEX": "http://own"}) == {}
    assert python_packages.uv_environment({}) == {}


def test_an_unknown_step_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert bootstrap.main(["everything"], root=tmp_path) == 1
    assert "front-end" in capsys.readouterr().err


def test_vendored_files_point_to_no_source_map(tmp_path: Path) -> None:
    for source in front_end.FILES.values():
        (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source).write_text("a{}\n/*# sourceMappingURL=tabler.min.css.map */\n")

    front_end.copy_files(tmp_path)

    vendored = [tmp_path / "static" / "vendor" / name for name in front_end.FILES]
    assert {path.read_text() for path in vendored} == {"a{}\n"}


def test_a_front_end_lock_loses_its_addresses() -> None:
    package = {"version": "1", "integrity": "sha512-x", "resolved": "http://a", "funding": {}}

    cleaned = lock.without_addresses(json.dumps({"packages": {"node_modules/a": package}}))

    assert json.loads(cleaned) == {
        "packages": {"node_modules/a": {"version": "1", "integrity": "sha512-x"}}
    }


@pytest.mark.parametrize("name", ["uv", "node", "runtime", "dev"])
def test_every_pin_stands_in_its_lock(name: str) -> None:
    folder = ROOT / "requirements"
    pins = re.findall(r"^([a-z-]+)(?:\[.*\])?==(\S+)$", (folder / f"{name}.in").read_text(), re.M)
    locked = (folder / f"{name}.txt").read_text()

    forgotten = [pin for pin in pins if not re.search(rf"^{pin[0]}=={pin[1]}\s", locked, re.M)]

    assert pins
    assert forgotten == [], "run `make lock`"


@pytest.mark.parametrize("target", ["campaign", "bench"])
def test_make_says_what_can_be_started(target: str) -> None:
    finished = subprocess.run(
        ["make", target, "NAME=nothing-like-it"], cwd=ROOT, capture_output=True, text=True
    )

    assert finished.returncode != 0
    assert f"Say which: make {target} NAME=... with one of:" in finished.stderr
    assert finished.stdout == ""
