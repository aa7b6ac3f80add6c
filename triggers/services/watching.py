"""The price triggers of one feed in memory, following the database by changed rows."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from market.domain.candles import Timeframe
from market.domain.conditions import InvalidCondition, parse_condition, sentence
from market.domain.ticks import Tick
from market.models import Feed
from tradingfarm.kernel.money import plain
from triggers.domain.causes import Hit, price_cause
from triggers.domain.watching import PriceWatcher, References, Sighting, WatchKey, reference_of
from triggers.models import LastSighting, Trigger
from triggers.selectors.instruments import instruments_on
from triggers.selectors.watching import (
    Seen,
    bar_start,
    changed_price_triggers,
    closes_before,
    last_sightings,
)

logger = logging.getLogger(__name__)


class FeedWatch:
    """Which price triggers of a feed do ticks make true? A cache that can be rebuilt at any time.

    It begins from the last sightings that were stored; percentages against earlier bars count bars
    of `timeframe`. Not for several threads.
    """

    def __init__(self, *, feed: Feed, timeframe: Timeframe) -> None:
        self._feed = feed
        self._timeframe = timeframe
        self._watcher = PriceWatcher()
        self._followed: dict[UUID, datetime] = {}
        self._seen = last_sightings(feed_name=feed.name)
        self._closes: dict[UUID, tuple[datetime, int, tuple[Decimal, ...]]] = {}
        self._prime()
        self.follow()

    def __len__(self) -> int:
        return len(self._watcher)

    def follow(self) -> None:
        """Take over triggers that were added, changed, enabled or disabled. Usually one query."""
        since = max(self._followed.values(), default=None)
        changed = changed_price_triggers(feed_name=self._feed.name, since=since)
        news = [one for one in changed if self._followed.get(one.id) != one.changed_at]
        if not news:
            return
        symbols = {symbol for trigger in news for symbol in trigger.symbols}
        instruments = instruments_on(feed=self._feed, symbols=symbols)
        for trigger in news:
            self._followed[trigger.id] = trigger.changed_at
            self._take_over(trigger, instruments)
        self._prime()

    def hits(self, ticks: Iterable[Tick]) -> list[Hit]:
        """Take ticks, oldest first: what they make true that was not true before."""
        found: list[Hit] = []
        for _, group in groupby(ticks, key=attrgetter("at")):
            together = list(group)
            seen = {
                tick.instrument_id: Seen(tick.last, tick.day_open, tick.at) for tick in together
            }
            self._load_closes(seen)
            for tick in together:
                found += self._hits_of(tick, seen[tick.instrument_id])
        return found

    def _take_over(self, trigger: Trigger, instruments: Mapping[str, UUID]) -> None:
        if not trigger.enabled:
            self._watcher.forget(trigger.id)
            return
        try:
            condition = parse_condition(trigger.condition)
        except InvalidCondition as error:
            logger.warning("Trigger %s is left out: %s", trigger.name, error)
            return
        known = [instruments[symbol] for symbol in trigger.symbols if symbol in instruments]
        self._watcher.watch(trigger.id, instruments=known, condition=condition)

    def _prime(self) -> None:
        """Let every instrument look as it was last seen, with all the closes asked for now."""
        moments = sorted({seen.at for seen in self._seen.values()})
        for at in moments:
            self._load_closes({key: seen for key, seen in self._seen.items() if seen.at == at})
        for key, seen in self._seen.items():
            self._watcher.prime(key, self._sighting(key, seen))

    def _load_closes(self, seen: Mapping[UUID, Seen]) -> None:
        """Read the closes that are needed and not there yet; all of `seen` have one time."""
        missing = {key: limit for key in seen if (limit := self._closes_missing(key, seen[key]))}
        if not missing:
            return
        at, limit = next(iter(seen.values())).at, max(missing.values())
        start = bar_start(at=at, timeframe=self._timeframe)
        found = closes_before(
            feed_name=self._feed.name,
            instruments=sorted(missing),
            timeframe=self._timeframe,
            at=at,
            limit=limit,
        )
        self._closes |= {key: (start, limit, closes) for key, closes in found.items()}

    def _closes_missing(self, instrument_id: UUID, seen: Seen) -> int:
        """How many closes to read for an instrument; 0 when what is there will do."""
        needed = self._watcher.bars_needed(instrument_id)
        start, limit, _ = self._closes.get(instrument_id, (None, 0, ()))
        is_new_bar = start != bar_start(at=seen.at, timeframe=self._timeframe)
        return needed if is_new_bar or limit < needed else 0

    def _sighting(self, instrument_id: UUID, seen: Seen) -> Sighting:
        _, _, closes = self._closes.get(instrument_id, (None, 0, ()))
        return Sighting(seen.last, References(seen.day_open, closes))

    def _hits_of(self, tick: Tick, seen: Seen) -> list[Hit]:
        before = self._watcher.before(tick.instrument_id)
        sighting = self._sighting(tick.instrument_id, seen)
        keys = self._watcher.look(tick.instrument_id, sighting)
        self._seen[tick.instrument_id] = seen
        return [self._hit(key, tick, before, sighting) for key in keys]

    def _hit(self, key: WatchKey, tick: Tick, before: Sighting | None, sighting: Sighting) -> Hit:
        condition = self._watcher.condition(key)
        reference = reference_of(condition, sighting.references)
        return Hit(
            trigger_id=key[0],
            cause_key=price_cause(trigger=key[0], symbol=tick.symbol, at=tick.at),
            title=sentence(condition, symbol=tick.symbol),
            symbol=tick.symbol,
            evidence={
                "price": plain(tick.last),
                "before": plain(before.price) if before else None,
                "reference": plain(reference) if reference is not None else None,
            },
        )


def remember(*, feed_name: str, ticks: Sequence[Tick]) -> None:
    """Store that the feed's price triggers were compared with these ticks.

    Runs in the transaction that fires what they hit. One statement.
    """
    LastSighting.objects.bulk_create(
        [
            LastSighting(
                feed_id=feed_name,
                instrument_id=tick.instrument_id,
                last=tick.last,
                day_open=tick.day_open,
                as_of=tick.at,
            )
            for tick in sorted(ticks, key=attrgetter("instrument_id"))
        ],
        update_conflicts=True,
        unique_fields=["feed", "instrument"],
        update_fields=["last", "day_open", "as_of"],
    )
