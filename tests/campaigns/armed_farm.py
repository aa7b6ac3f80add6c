"""A running farm whose engine and worker are struck at named places."""

import contextlib
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.campaigns.arena import say, temporary_folder
from tests.campaigns.armed import FOLDER
from tests.campaigns.farms import Farm, demo_farm
from tests.campaigns.judge import Breach, percentile
from tests.campaigns.places import FARM
from tests.campaigns.points import Needs
from tests.campaigns.striking import READY_WITHIN
from tests.campaigns.tables import one
from tradingfarm.processes.waiting import wait_until

PROCESSES = ("worker", "sender", "engine")
PASSED_SECONDS, RESTART_SECONDS = 120.0, 90.0
"""A worker's execution is taken up again when its lease of 20 s has run out."""
READY = "SELECT count(*) FROM trading_account WHERE NOT is_ready"
OWNERS = "SELECT coalesce(sum(fencing_token), 0) FROM trading_account"


@dataclass(frozen=True)
class Standing:
    """How far the replay was, who owned the accounts, and which processes ran."""

    position: int
    tokens: int
    pids: Mapping[str, int | None]


@dataclass
class Inside:
    """Deaths at the places of the farm's own processes."""

    by_place: Counter[str] = field(default_factory=Counter)
    ready: list[float] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.by_place.total()

    @property
    def figures(self) -> dict[str, object]:
        return {
            "farm_places": len(self.by_place),
            "kills_at_farm_places": self.total,
            "fewest_at_a_farm_place": min((self.by_place[p.name] for p in FARM), default=0),
            "farm_places_ready_p50_s": round(percentile(self.ready, 0.5), 1),
            "farm_places_ready_max_s": round(max(self.ready, default=0.0), 1),
        }


@contextlib.contextmanager
def armed_farm(*, seed: int) -> Iterator[tuple[Farm, Path]]:
    """A demo farm that can be struck, and the folder in which places are armed."""
    with temporary_folder() as folder:
        armed = folder / "armed"
        armed.mkdir(mode=0o777)
        more = {"DJANGO_SETTINGS_MODULE": "tests.campaigns.armed_settings", FOLDER: str(armed)}
        with demo_farm(seed=seed, more=more) as farm:
            yield farm, armed


def strike_farm(farm: Farm, armed: Path, *, turns: int, chance: Random) -> Inside:
    """Each place so many times; an engine and a worker die side by side."""
    inside = Inside()
    for turn in range(turns):
        engines = [number for number, p in enumerate(FARM) if p.needs is Needs.ENGINE]
        workers = [number for number, p in enumerate(FARM) if p.needs is Needs.WORKER]
        chance.shuffle(workers)
        for pair in zip(engines, workers, strict=True):
            _strike(farm, armed, pair, inside)
            names = ", ".join(FARM[number].name for number in pair)
            say(f"turn {turn + 1} of {turns}: {names}; ready after {inside.ready[-1]:.1f} s")
    return inside


def _strike(farm: Farm, armed: Path, pair: tuple[int, ...], inside: Inside) -> None:
    before = standing(farm)
    files = {number: armed / str(number) for number in pair}
    for file in files.values():
        file.touch()
    wait_until(
        lambda: not any(file.exists() for file in files.values()),
        seconds=PASSED_SECONDS,
        pause=0.01,
    )
    struck = [FARM[number].name for number, file in files.items() if _is_gone(file)]
    inside.by_place.update(struck)
    for name in {FARM[number].name for number in pair} - set(struck):
        inside.breaches.append(Breach("missed", f"{name}: nobody died there"))
    dead = [FARM[number].needs.value for number in pair if FARM[number].name in struck]
    seconds = come_back(farm, dead, before)
    inside.ready.append(seconds)
    if seconds > READY_WITHIN:
        inside.breaches.append(Breach("late", f"Ready {seconds:.1f} s after {pair}."))


def _is_gone(file: Path) -> bool:
    """Whether somebody took the file away, and died; nobody will from now on."""
    try:
        file.unlink()
    except FileNotFoundError:
        return True
    return False


def standing(farm: Farm) -> Standing:
    """What a farm that came back is told from."""
    tokens = one(farm.database, OWNERS)[0]
    pids = {name: farm.pid(name) for name in PROCESSES}
    return Standing(position=farm.position, tokens=int(tokens), pids=pids)


def come_back(farm: Farm, dead: Collection[str], before: Standing) -> float:
    """Until the farm is itself again: seconds from the last restart until it was ready.

    All processes have spoken, their accounts are ready, if need be for a new owner, and the
    replay has made a step. Raises CampaignFailed.
    """
    names = ", ".join(dead)
    farm.wait(lambda: _are_new(farm, dead, before), RESTART_SECONDS, f"{names} to be started")
    restarted = time.monotonic()
    farm.wait(lambda: farm.are_up(*PROCESSES), RESTART_SECONDS, f"{names} to come back")
    farm.wait(lambda: _is_ready(farm, dead, before), RESTART_SECONDS, "ready accounts")
    seconds = time.monotonic() - restarted
    farm.wait(lambda: farm.position > before.position, RESTART_SECONDS, "the replay to go on")
    return seconds


def _are_new(farm: Farm, dead: Collection[str], before: Standing) -> bool:
    return all(farm.pid(name) not in (None, before.pids[name]) for name in dead)


def _is_ready(farm: Farm, dead: Collection[str], before: Standing) -> bool:
    is_new = "sender" not in dead or standing(farm).tokens > before.tokens
    return is_new and farm.count(READY) == 0
