"""Days of accounts through years of clock changes: `make campaign NAME=days ARGS="--short"`.

Forty accounts, one in each of forty time zones, live through three years on a real database. They
are looked at a second before each midnight and at it, while the clock steps back and ahead and
people change zones. No counter may begin anew early, twice or late, and no day may be shorter than
20 hours.
"""

import argparse
import os
from datetime import UTC, datetime, timedelta

import django

from tests.campaigns.arena import Findings, arguments, conclude, ground, say
from tests.campaigns.calendars import ZONES, table_of
from tradingfarm.kernel.randomness import stream

LONG = (datetime(2010, 1, 1, 12, tzinfo=UTC), timedelta(days=3 * 365 + 1))
SHORT_DAYS = 30
AROUND_CHANGES = (
    datetime(2010, 3, 10, 12, tzinfo=UTC),
    datetime(2010, 10, 14, 12, tzinfo=UTC),
    datetime(2011, 3, 10, 12, tzinfo=UTC),
    datetime(2011, 10, 14, 12, tzinfo=UTC),
    datetime(2011, 12, 12, 12, tzinfo=UTC),
    datetime(2012, 3, 10, 12, tzinfo=UTC),
)
MARGIN = timedelta(days=4)
"""Before the first moment lies the day that it is in, behind the last one the day to come."""


def main() -> int:
    parser = arguments("days", __doc__ or "")
    parser.add_argument("--days", type=int, help="How many, instead of the version's.")
    parser.add_argument(
        "--planted", choices=["short", "eager"], help="A bug that must be found; see the guide."
    )
    options = parser.parse_args()
    return conclude("days", options, lambda findings: _carry_out(options, findings))


def _carry_out(options: argparse.Namespace, findings: Findings) -> None:
    chance = stream(options.seed, "days")
    first, length = LONG
    if options.short:
        first, length = chance.choice(AROUND_CHANGES), timedelta(days=SHORT_DAYS)
    length = timedelta(days=options.days) if options.days else length
    say("looking at every quarter of an hour of forty zones ...")
    table = table_of(first=first - MARGIN, last=first + length + MARGIN)
    with ground() as prepared:
        os.environ.update(prepared.environment)
        django.setup()
        # After the settings, which the ground makes.
        from tests.campaigns.diary import Diary  # noqa: PLC0415 - needs the settings
        from trading.domain import days  # noqa: PLC0415 - with the rest of the product

        if options.planted == "short":
            days.SHORTEST = timedelta(hours=1)
        diary = Diary(chance=chance, table=table, eager=options.planted == "eager")
        diary.open(now=first)
        say(f"living through {length.days} days from {first:%Y-%m-%d} ...")
        diary.live(first=first, last=first + length)
        figures = diary.figures
        findings.breaches += diary.breaches
        findings.figures |= {
            "zones": len(ZONES),
            "from": f"{first:%Y-%m-%d}",
            "days": length.days,
            "looks": figures.looks,
            "resets": figures.resets,
            "edits": figures.edits,
            "edits_taken_back": figures.edits_taken_back,
            "steps_back": figures.steps_back,
            "steps_ahead": figures.steps_ahead,
            "shortest_hours": figures.shortest / timedelta(hours=1),
            "longest_hours": figures.longest / timedelta(hours=1),
            "of_24_hours": figures.lengths["24"],
            "of_23_or_25_hours": figures.lengths["23"] + figures.lengths["25"],
            "planted": options.planted,
        }


if __name__ == "__main__":
    raise SystemExit(main())
