"""Trailing stops on random walks: whatever happens, none ever loosens.

Pure: the rules of `trading.domain.protection` alone, on ticks of many sizes, with further entries,
tighter percents that an agent asks for, and splits. A stop is compared with the one before it in
the shares of that moment.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from random import Random

from tests.campaigns.judge import Breach
from trading.domain.protection import Terms, follow_high, is_narrower, merged, trailing_price
from trading.domain.splits import divided_price
from trading.domain.states import ProtectionKind
from tradingfarm.kernel.randomness import stream

TRAIL = ProtectionKind.TRAILING_STOP
TICKS = tuple(Decimal(tick) for tick in ("0.00000001", "0.0001", "0.01", "0.05", "0.25", "1", "5"))
SPLITS = tuple(Fraction(ratio) for ratio in ("2", "3", "10", "3/2", "1/2", "1/10", "7/5"))
ENOUGH = 20
"""Breaches after which the walks end."""


@dataclass
class Walked:
    """What was walked, and what was found."""

    walks: int = 0
    moves: int = 0
    rises: int = 0
    merges: int = 0
    tightenings: int = 0
    splits: int = 0
    breaches: list[Breach] = field(default_factory=list)


def walk(*, seed: int, walks: int, moves: int) -> Walked:
    """Many walks of a price with one trailing stop each."""
    done = Walked()
    for number in range(walks):
        chance = stream(seed, "trailing", number)
        _Walk(chance, done, f"walk {number}").go(moves)
        done.walks += 1
        if len(done.breaches) >= ENOUGH:
            break
    return done


class _Walk:
    def __init__(self, chance: Random, done: Walked, name: str) -> None:
        self._chance, self._done, self._name = chance, done, name
        self._tick = chance.choice(TICKS)
        ticks = chance.randint(3, 10 ** chance.randint(1, 6) + 3)
        self._last = self._tick * ticks
        self._terms = self._entered(self._last)

    def _entered(self, paid: Decimal) -> Terms:
        percent = Decimal(self._chance.randint(1, 9_900)) / 100
        price = trailing_price(highest=paid, percent=percent, tick_size=self._tick)
        return Terms(price=price, trailing_pct=percent, highest=paid)

    def go(self, moves: int) -> None:
        steepness = self._chance.choice((0.001, 0.01, 0.1))
        for _ in range(moves):
            self._done.moves += 1
            self._move(steepness)
            draw = self._chance.random()
            if draw < 0.01:
                self._split()
            elif draw < 0.02:
                self._enter_again()
            elif draw < 0.04:
                self._tighten()

    def _move(self, steepness: float) -> None:
        factor = Decimal(str(round(self._chance.lognormvariate(0, steepness), 9)))
        self._last = max(self._last * factor // self._tick, Decimal(1)) * self._tick
        after = follow_high(terms=self._terms, last=self._last, tick_size=self._tick)
        self._done.rises += after != self._terms
        self._judge(after, "a price")

    def _enter_again(self) -> None:
        self._done.merges += 1
        new = self._entered(self._last)
        after = merged(kind=TRAIL, before=self._terms, after=new, tick_size=self._tick)
        self._judge(after, "another entry")

    def _tighten(self) -> None:
        """An agent asks for any percent; what is narrower counts from the highest price on."""
        asked = self._entered(max(self._terms.highest or self._last, self._last))
        if not is_narrower(kind=TRAIL, before=self._terms, after=asked):
            return
        self._done.tightenings += 1
        after = merged(kind=TRAIL, before=self._terms, after=asked, tick_size=self._tick)
        self._judge(after, "a tighter percent")

    def _split(self) -> None:
        self._done.splits += 1
        ratio, before = self._chance.choice(SPLITS), self._terms
        self._last = divided_price(self._last, ratio=ratio, tick_size=self._tick)
        divided = [
            divided_price(price, ratio=ratio, tick_size=self._tick)
            for price in (before.price, before.highest)
            if price is not None
        ]
        after = Terms(price=divided[0], trailing_pct=before.trailing_pct, highest=divided[1])
        floor = Fraction(before.price or 0) / ratio
        if Fraction(divided[0]) < floor:
            self._find(before, after, f"a split by {ratio}")
        self._terms = after

    def _judge(self, after: Terms, what: str) -> None:
        before = self._terms
        self._terms = after
        wanted = [(before.price, after.price), (before.highest, after.highest)]
        if any(old is None or new is None or new < old for old, new in wanted):
            self._find(before, after, what)
        elif (after.trailing_pct or 0) > (before.trailing_pct or 0):
            self._find(before, after, f"{what} (percent)")
        elif (after.price or Decimal(0)) % self._tick:
            self._find(before, after, f"{what} (off the tick)")
        elif after.highest != before.highest and not self._is_near(after):
            self._find(before, after, f"{what} (too far away)")

    def _is_near(self, terms: Terms) -> bool:
        """Whether it lies within its percent of the highest price, or as near as a tick can."""
        price, highest = terms.price or Decimal(0), terms.highest or Decimal(0)
        furthest = highest * (100 - (terms.trailing_pct or Decimal(0))) / 100
        return price >= furthest or price + self._tick >= highest

    def _find(self, before: Terms, after: Terms, what: str) -> None:
        text = f"{self._name}, tick {self._tick}: {before} after {what}: {after}"
        self._done.breaches.append(Breach("loosened", text))
