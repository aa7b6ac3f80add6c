"""What the risk gate costs: a decision with every check against two bare statements.

    python -m bench.decision [--short]

On a PostgreSQL of its own, in one run: decisions one after the other, each next to the same rows
locked and written by two bare psycopg statements (the account's row, and everything that the
decision wrote, with its journal, in a single prepared statement); decisions a second of 4 and 8
processes on one account and on accounts of their own; statements for each decision; and from the
first vote of a team to its order. Prints a table and one JSON line. What can be compared between
machines are the ratio and the number of statements, not milliseconds.
"""

import argparse
import subprocess
import sys

from tests.campaigns.arena import ROOT, ground

MEASURE = "import django; django.setup(); from bench.decision_costs import main; main()"


def main() -> int:
    """Start the servers and let a program that knows their addresses do the rest."""
    arguments().parse_args()
    with ground() as base:
        return subprocess.run(
            [sys.executable, "-c", MEASURE, *sys.argv[1:]],
            env={**base.environment, "AGENT_RISK_MULTIPLIER": "1", "MAX_AGENTS_PER_ACCOUNT": "20"},
            cwd=ROOT,
            check=False,
        ).returncode


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.decision", description=__doc__)
    parser.add_argument("--short", action="store_true", help="A tenth of it: is all well?")
    return parser


if __name__ == "__main__":
    sys.exit(main())
