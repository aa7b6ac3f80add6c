"""The same seed tells the same story: `make campaign NAME=twins ARGS="--short"`.

Two new farms with one seed play the same trading days; their executions, decisions, orders, ids,
quantities and prices must be the same. A third farm with another seed must differ in its prices,
so that the comparison is shown to see differences.
"""

import argparse
import sys
import time
from datetime import date, datetime, timedelta

from market.selectors.calendars import calendar_of
from tests.campaigns.arena import Findings, arguments, conclude, say
from tests.campaigns.farms import Farm, demo_farm
from tests.campaigns.history import counted, prices, read_history
from tests.campaigns.judge import Breach, differing, judge
from tests.campaigns.kill import at_rest
from tests.campaigns.tables import one

SECONDS_A_DAY = 15.0
BEGINNING = "SELECT starts_on FROM market_replay"
HAS_PASSED = "SELECT count(*) FROM market_replay WHERE as_of > %s"
History = dict[str, object]


def story(*, seed: int, days: int) -> tuple[History, list[Breach]]:
    """Play a new farm over its first `days` trading days; what happened, and its own breaches."""
    began = time.monotonic()
    with demo_farm(seed=seed) as farm:
        until = close_of_day(one(farm.database, BEGINNING)[0], days)
        _play(farm, until, limit=days * SECONDS_A_DAY)
        history = read_history(farm.database, until=until)
        breaches = [breach for tables in at_rest(farm) for breach in judge(tables)]
        ended = farm.stop()
    if ended.status != 0:
        breaches.append(Breach("unclean", f"The farm ended with status {ended.status}."))
    say(f"seed {seed}: {counted(history)} in {time.monotonic() - began:.0f} s")
    return history, breaches


def close_of_day(first: date, days: int) -> datetime:
    """The close of the New York session that is number `days`, counted from `first`."""
    calendar = calendar_of("XNYS")
    return calendar.sessions(first=first, last=first + timedelta(days=2 * days + 10))[
        days - 1
    ].closes_at


def _play(farm: Farm, until: datetime, *, limit: float) -> None:
    """Let the replay pass `until`: a step is stored once all before it has come to rest."""
    farm.wait(lambda: farm.count(HAS_PASSED, until) > 0, limit, f"the replay to pass {until}")


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """Two twins and a stranger."""
    first, own = story(seed=options.seed, days=options.days)
    second, more = story(seed=options.seed, days=options.days)
    stranger, last = story(seed=options.seed + 1, days=options.days)
    findings.breaches += [*own, *more, *last, *differing(first, second)]
    strange = sum(1 for _ in differing(prices(first), prices(stranger)))
    if not strange:
        findings.breaches.append(Breach("blind", "Another seed gave the same prices."))
    if not counted(first)["trades"]:
        findings.breaches.append(Breach("blind", "Nothing was traded."))
    findings.figures = {
        "days": options.days,
        **counted(first),
        "same": len(first.items() & second.items()),
        "different": sum(1 for _ in differing(first, second)),
        "prices_different_with_another_seed": strange,
    }


def main() -> int:
    """Parse the options and run."""
    parser = arguments("twins", "Two farms with one seed must tell the same story.")
    parser.add_argument("--days", type=int, help="Trading days to play: 60 short, 250 long.")
    options = parser.parse_args()
    options.days = options.days or (60 if options.short else 250)
    return conclude("twins", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
