"""Makes the locks from the pins: `make lock`; with ARGS=--upgrade what may move moves."""

import json
import os
import sys
from pathlib import Path

from scripts.front_end import npm_from_wheel, system_npm
from scripts.python_packages import python_of, uv_environment
from scripts.steps import Trouble, announce, run_tool, timed

LOCKS = ("uv", "node", "runtime", "dev")
# No addresses: whoever installs asks the registry or mirror of their own settings.
COMPILE = (
    "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-emit-find-links", "--no-header",
)  # fmt: skip


def lock_python(root: Path, *, options: list[str]) -> None:
    """Write requirements/*.txt. Raises Trouble, as when the pins contradict each other."""
    uv = python_of(root).with_name("uv")
    for name in LOCKS:
        source, lock = f"requirements/{name}.in", f"requirements/{name}.txt"
        with timed(f"Locking {source}"):
            run_tool(
                [uv, *COMPILE, *options, source, "-o", lock],
                doing=f"locking {source}",
                root=root,
                environment=uv_environment(os.environ),
            )


def lock_front_end(root: Path) -> None:
    """Write package-lock.json without the addresses that npm adds. Raises Trouble."""
    npm = system_npm(root) or npm_from_wheel(root)
    with timed("Locking package.json"):
        run_tool(
            [*npm, "install", "--package-lock-only", "--ignore-scripts"],
            doing="locking package.json",
            root=root,
        )
    path = root / "package-lock.json"
    path.write_text(without_addresses(path.read_text()))


def without_addresses(lock: str) -> str:
    """The lock without where a package was found and whom it asks for money."""
    content = json.loads(lock)
    for package in content["packages"].values():
        package.pop("resolved", None)
        package.pop("funding", None)
    return json.dumps(content, indent=2) + "\n"


def main(options: list[str], *, root: Path) -> int:
    try:
        lock_python(root, options=options)
        lock_front_end(root)
    except Trouble as trouble:
        announce(f"{trouble.happened}\n{trouble.remedy}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], root=Path(__file__).resolve().parent.parent))
