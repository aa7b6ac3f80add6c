"""Queries and milliseconds of every page on a farm of 50 agents, 10,000 orders, a million events.

    python -m bench.pages [--small] [--filters] [--only NAME]

builds the farm on PostgreSQL and Valkey of its own, opens every address of the URLconf that
answers to GET as the owner of the farm, and prints a table and one JSON line. Each distinct query
of a page is explained: sequential scans of tables with more than 1,000 rows are named. The
journal's chains hold. What can be compared between machines are queries, plans and rows read, not
milliseconds.
"""

import argparse
import os
import subprocess
import sys

from tests.campaigns.arena import ROOT, ground

MEASURE = "import django; django.setup(); from bench.page_costs import main; main()"


def main() -> int:
    """Start the servers and let a program that knows their addresses do the rest."""
    arguments().parse_args()
    own = {
        name: os.environ.pop(name) for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ
    }
    if own:
        print(
            f"Not used: {', '.join(own)}; the farm is built on servers of its own.",
            file=sys.stderr,
        )
    with ground() as base:
        return subprocess.run(
            [sys.executable, "-c", MEASURE, *sys.argv[1:]],
            env=base.environment,
            cwd=ROOT,
            check=False,
        ).returncode


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__)
    parser.add_argument("--small", action="store_true", help="A hundredth of it: is all well?")
    parser.add_argument("--filters", action="store_true", help="Also press the admin's filters.")
    parser.add_argument("--only", default="", help="Only addresses whose name contains this.")
    return parser


if __name__ == "__main__":
    sys.exit(main())
