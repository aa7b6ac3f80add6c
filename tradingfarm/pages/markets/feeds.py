"""Which feed's prices a page shows, and up to which moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.db.models import Q
from django.http import Http404

from market.domain.candles import Timeframe
from market.models import Feed, Replay
from trading.models import Account
from tradingfarm.pages.dashboard.accounts import AccountPage


@dataclass(frozen=True)
class ShownFeed:
    """One feed as a page looks at it.

    `present` is its market time: nothing later is shown. `timeframe` is that of its running
    candle, None where quotes carry none. `is_stored` feeds have candles and no quotes. `others`
    are further feeds to choose from; `source` is the stored feed that a replay plays.
    """

    name: str
    source: str
    words: str
    present: datetime
    timeframe: Timeframe | None
    is_stored: bool
    is_accounts: bool
    ended: bool
    others: tuple[str, ...]


def feed_shown(
    *, owner_id: int, account: AccountPage | None, asked: str, now: datetime
) -> ShownFeed:
    """The feed asked for, else the account's, else the first stored one. One query.

    A person sees stored feeds and those of their own accounts. Raises Http404 for any other.
    """
    feeds = {feed.name: feed for feed in feeds_of(owner_id=owner_id)}
    own = account.feed_name if account else next(iter(feeds), "")
    feed = feeds.get(asked or own)
    if feed is None:
        raise Http404(
            f"You have no feed named {asked!r}." if asked else "There are no prices yet."
        )
    return _shown(feed, own=own, names=tuple(feeds), now=now)


def feeds_of(*, owner_id: int) -> list[Feed]:
    """Stored feeds and those of the owner's accounts, with their replays. One query."""
    owned = Account.objects.filter(owner_id=owner_id).values("feed")
    found = Feed.objects.filter(Q(kind=Feed.Kind.STORED) | Q(name__in=owned))
    return list(found.select_related("replay").order_by("name"))


def present_of(*, feed: Feed, now: datetime) -> datetime:
    """The market time of a feed at wall time `now`; `feed` comes with its replay."""
    replay: Replay | None = getattr(feed, "replay", None)
    if replay is None:
        return now
    return replay.as_of or datetime.combine(replay.starts_on, time.min, tzinfo=UTC)


def _shown(feed: Feed, *, own: str, names: tuple[str, ...], now: datetime) -> ShownFeed:
    replay: Replay | None = getattr(feed, "replay", None)
    return ShownFeed(
        name=feed.name,
        source=feed.source_id or "",
        words=feed.description or Feed.Kind(feed.kind).label,
        present=present_of(feed=feed, now=now),
        timeframe=Timeframe(replay.timeframe) if replay else None,
        is_stored=feed.kind == Feed.Kind.STORED,
        is_accounts=feed.name == own,
        ended=replay is not None and replay.state == Replay.State.ENDED,
        others=tuple(name for name in names if name != feed.name),
    )
