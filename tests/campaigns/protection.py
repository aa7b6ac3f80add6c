"""Stops protect a position without any model: `make campaign NAME=protection ARGS="--short"`.

Hundreds of positions on a real database with the farm's own sender and protections, on a clock
that is moved by hand: prices jump over the stop, processes die while they fall, the venue cancels
or refuses stops, both exits come together, entries fill in parts. And trailing stops on ten
thousand random walks, none of which may ever loosen.
"""

import argparse
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch

import django

from tests.campaigns import protection_judge as judging
from tests.campaigns import protection_walks
from tests.campaigns.arena import Findings, Ground, arguments, conclude, ground, say
from tests.campaigns.judge import Breach, percentile
from tests.campaigns.protection_stories import stories
from tests.exchanges.serving import serve
from trading.domain.protection import Terms
from tradingfarm.kernel.vault import new_key

STORIES, SHORT_STORIES = 300, 30
REAL, SHORT_REAL = 9, 1
WALKS = 10_000
MOVES, SHORT_MOVES = 400, 100
SETTINGS = {
    "ENABLE_AGENT_TRADING": "true",
    "AGENT_TRADING_MODE": "live",
    "AGENT_RISK_MULTIPLIER": "1",
}
PLANTED = ("lie", "never_back", "no_rows", "loose")


def main() -> int:
    parser = arguments("protection", __doc__ or "")
    parser.add_argument("--stories", type=int, help="How many, instead of the version's.")
    parser.add_argument("--real", type=int, help="How many on real processes.")
    parser.add_argument("--only", help="The theme or guard of the stories that are played.")
    parser.add_argument("--walks", type=int, default=WALKS, help="Random walks of trailing stops.")
    parser.add_argument("--planted", choices=PLANTED, help="A bug that must be found.")
    options = parser.parse_args()
    return conclude("protection", options, lambda findings: carry_out(options, findings))


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """Walks first, which need no database; then the stories, on real processes and simulated."""
    number = SHORT_STORIES if options.short else STORIES
    number = number if options.stories is None else options.stories
    real = SHORT_REAL if options.short else REAL
    real = real if options.real is None else options.real
    walk_trails(options, findings)
    findings.figures["planted"] = options.planted
    if not (number or real):
        return
    with ground() as base:
        more = SETTINGS | {"EXCHANGE_KEYS": f"campaign:{new_key()}"}
        prepared = replace(base, environment={**base.environment, **more})
        os.environ.update(prepared.environment)
        django.setup()
        logging.getLogger("trading").setLevel(logging.ERROR)
        told = list(play_real_ones(prepared, seed=options.seed, number=real))
        findings.figures["real_stories"] = len(told)
        judge_all(told + play_stories(options, findings, number=number), findings)


def play_real_ones(prepared: Ground, *, seed: int, number: int) -> Iterator[judging.Told]:
    if number:
        # After the settings, which the ground makes.
        from tests.campaigns.protection_real import play_real  # noqa: PLC0415 - needs the settings

        say(f"{number} stories on real processes ...")
        with serve(seed=seed) as venue:
            yield from play_real(prepared, venue, seed=seed, number=number)


def walk_trails(options: argparse.Namespace, findings: Findings) -> None:
    if options.planted == "loose":
        patch.object(protection_walks, "follow_high", _follow_down).start()
    say(f"walking {options.walks} trailing stops ...")
    walked = protection_walks.walk(
        seed=options.seed, walks=options.walks, moves=SHORT_MOVES if options.short else MOVES
    )
    findings.breaches += walked.breaches
    findings.figures["trailing"] = {
        name: value for name, value in vars(walked).items() if name != "breaches"
    }


def _follow_down(*, terms: Terms, last: Decimal, tick_size: Decimal) -> Terms:
    return Terms(price=last, trailing_pct=terms.trailing_pct, highest=last)


def play_stories(
    options: argparse.Namespace, findings: Findings, *, number: int
) -> list[judging.Told]:
    """On the clock that is moved by hand."""
    # After the settings, which the ground makes.
    from tests.campaigns.protection_playing import Playing  # noqa: PLC0415 - needs the settings
    from tests.campaigns.protection_stage import stage  # noqa: PLC0415 - needs the settings
    from trading.services import fills, unprotected  # noqa: PLC0415 - with the rest

    if options.planted == "no_rows":
        # Nothing is armed, neither with the fill nor when that is noticed.
        for module in (fills, unprotected):
            patch.object(module, "arm", lambda **_: None).start()
    told = []
    with stage() as on:
        for story in stories(seed=options.seed, number=number):
            if options.only in (None, story.theme, story.guard):
                on.begin_another()
                told.append((story, Playing(on, story, options.planted or "").play()))
                say(f"{story.name}: {', '.join(told[-1][1].exits)}")
    findings.figures["guards"] = dict(Counter(story.guard for story, _ in told))
    findings.figures["themes"] = dict(Counter(story.theme for story, _ in told))
    return [one for _, one in told]


def judge_all(told: Sequence[judging.Told], findings: Findings) -> None:
    """Each story by itself, and what they have in common."""
    for one in told:
        findings.breaches += judging.judge(one)
    findings.figures |= figures(told, findings)
    if not told:
        findings.breaches.append(Breach("failed", "No story was played."))


def figures(told: Sequence[judging.Told], findings: Findings) -> dict[str, object]:
    """What the stories measured together; their common limit is judged with it."""
    by_log = [span for one in told for span in judging.spans(one.seen)]
    by_gauge = [span for one in told for span in judging.gauged(one.seen)]
    findings.breaches += judging.judge_together(by_log, by="log")
    findings.breaches += judging.judge_together(by_gauge, by="gauge")
    flat = [seconds for one in told if (seconds := judging.seconds_to_flat(one.seen))]
    return {
        "stories": len(told),
        "exits": dict(Counter(reason for one in told for reason in one.exits)),
        "flips": sum(breach.kind == "flip" for breach in findings.breaches),
        "unprotected_seconds": judging.figures(by_log),
        "unprotected_seconds_by_gauge": judging.figures(by_gauge),
        "longest_unprotected": _longest(told),
        "below_stop_until_flat_p50": percentile(flat, 0.5),
        "below_stop_until_flat_p99": percentile(flat, 0.99),
    }


def _longest(told: Sequence[judging.Told]) -> str:
    """The longest span without a restart and whose it is, for whoever has to find out why."""
    found = (
        (span.seconds, one.name)
        for one in told
        for span in judging.spans(one.seen)
        if not span.through_restart
    )
    seconds, name = max(found, default=(0.0, "no story"))
    return f"{seconds:.1f} s in {name}"


if __name__ == "__main__":
    sys.exit(main())
