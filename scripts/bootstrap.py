"""Makes a bare clone ready: `python -m scripts.bootstrap runtime front-end`.

Each step leaves a stamp of what it was made from, so a second call repeats none of it. Everything
is said on stderr. This file also has to be readable by the Pythons that it refuses.
"""

import sys

NEEDED = (3, 11)


def refusal_of(version: "tuple[int, ...]") -> str:
    """Why this Python cannot be used and what to do; empty when it can be."""
    if version[:2] >= NEEDED:
        return ""
    return (
        f"Python {'.'.join(map(str, version))} is too old: TradingFarm needs 3.11 or newer.\n"
        "Install one, or name one: make PYTHON=/path/to/python3.11 and the target that you want."
    )


if refusal_of(tuple(sys.version_info[:3])):
    sys.exit(refusal_of(tuple(sys.version_info[:3])))

# ruff: noqa: E402 - an older Python could not read these modules.
from pathlib import Path

from scripts.front_end import front_end
from scripts.python_packages import development_packages, runtime_packages, uv_alone
from scripts.steps import Step, Trouble, announce, perform, trouble_of_system

STEPS = {
    "uv": uv_alone,
    "runtime": runtime_packages,
    "dev": development_packages,
    "front-end": front_end,
}


def main(names: list[str], *, root: Path) -> int:
    """Perform the named steps in `root`. Exit code: 0, 1 for trouble, 130 for Ctrl-C."""
    try:
        perform(chosen(names, root=root), root=root)
    except Trouble as trouble:
        return reported(trouble)
    except OSError as error:
        return reported(trouble_of_system(error))
    except KeyboardInterrupt:
        announce("Interrupted. Run the same command again to go on.")
        return 130
    return 0


def chosen(names: list[str], *, root: Path) -> list[Step]:
    """The steps of these names, in their order. Raises Trouble for a name that does not exist."""
    unknown = [name for name in names if name not in STEPS]
    if unknown or not names:
        raise Trouble(
            f"There is no step called {unknown[0]!r}." if unknown else "No step was named.",
            f"Choose from: {', '.join(STEPS)}.",
        )
    return [STEPS[name](root) for name in names]


def reported(trouble: Trouble) -> int:
    announce(f"{trouble.happened}\n{trouble.remedy}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], root=Path(__file__).resolve().parent.parent))
