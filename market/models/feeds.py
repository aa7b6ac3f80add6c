from django.db import models
from django.db.models import F, Q

from market.models.instruments import Instrument
from tradingfarm.kernel.money import plain

# PostgreSQL sorts NaN above every number; numeric(38, 18) holds nothing else from here on.
BELOW_NAN = 10**20


class Feed(models.Model):
    """A source of ticks. Candles belong to a STORED feed, quotes to the feed that ticks."""

    class Kind(models.TextChoices):
        STORED = "STORED", "Stored candles"
        REPLAY = "REPLAY", "Replay of stored candles"
        SYNTHETIC = "SYNTHETIC", "Synthetic"
        EXCHANGE = "EXCHANGE", "Exchange stream"

    name = models.SlugField(max_length=60, primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replayed_by",
        help_text="The stored feed that a replay plays.",
    )
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=["STORED", "REPLAY", "SYNTHETIC", "EXCHANGE"]),
                name="market_feed_kind_known",
            ),
            models.CheckConstraint(
                condition=(Q(kind="REPLAY") & Q(source__isnull=False))
                | (~Q(kind="REPLAY") & Q(source__isnull=True)),
                name="market_feed_only_replays_have_a_source",
            ),
            models.CheckConstraint(
                condition=Q(source__isnull=True) | ~Q(source=F("name")),
                name="market_feed_is_not_its_own_source",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Quote(models.Model):
    """The newest price of an instrument on a feed, overwritten by every newer one.

    `at` is wall time of the writing, `as_of` market time of the price. `volume`, `bar_high` and
    `bar_low` are of the running candle so far.
    """

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+", db_index=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    bid = models.DecimalField(max_digits=38, decimal_places=18)
    ask = models.DecimalField(max_digits=38, decimal_places=18)
    last = models.DecimalField(max_digits=38, decimal_places=18)
    volume = models.DecimalField(max_digits=38, decimal_places=18)
    day_open = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    previous_close = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    bar_high = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    bar_low = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    at = models.DateTimeField()
    as_of = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["feed", "instrument"], name="market_quote_unique"),
            models.CheckConstraint(
                condition=Q(bid__gt=0, last__gt=0, volume__gte=0, ask__gte=F("bid")),
                name="market_quote_sound",
            ),
            models.CheckConstraint(
                condition=Q(ask__lt=BELOW_NAN, last__lt=BELOW_NAN, volume__lt=BELOW_NAN),
                name="market_quote_finite",
            ),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} {plain(self.last)} as of {self.as_of:%Y-%m-%d %H:%M:%S}"


class Replay(models.Model):
    """One pass of stored candles through a feed. It ends and says so; it never rewinds.

    `position` is the number of the next step, `ticks` how many were played, and `as_of` the
    market time of the last one. The
    lease (wall time) says which engine may advance it; only the newest fencing token can.
    """

    class State(models.TextChoices):
        RUNNING = "RUNNING", "Running"
        ENDED = "ENDED", "Ended"

    id = models.UUIDField(primary_key=True, editable=False)
    feed = models.OneToOneField(Feed, models.PROTECT, related_name="replay")
    starts_on = models.DateField()
    ends_on = models.DateField()
    timeframe = models.CharField(max_length=4)
    speed = models.DecimalField(
        max_digits=12, decimal_places=3, help_text="Steps a second at most; 0 is without a limit."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    position = models.PositiveBigIntegerField(default=0)
    ticks = models.PositiveBigIntegerField(default=0)
    as_of = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    lease_owner = models.CharField(max_length=120, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    fencing_token = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="market_replay_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(speed__gte=0), name="market_replay_speed"),
            models.CheckConstraint(
                condition=Q(state="RUNNING", ended_at__isnull=True)
                | Q(state="ENDED", ended_at__isnull=False),
                name="market_replay_state_agrees",
            ),
            models.CheckConstraint(
                condition=Q(position=0) | Q(as_of__isnull=False),
                name="market_replay_moved_has_time",
            ),
            models.CheckConstraint(
                condition=Q(lease_owner="", lease_until__isnull=True)
                | (~Q(lease_owner="") & Q(lease_until__isnull=False)),
                name="market_replay_lease_agrees",
            ),
        )
        indexes = (models.Index(fields=["-started_at", "-id"], name="market_replay_by_moment"),)

    def __str__(self) -> str:
        return f"{self.feed_id} at step {self.position}"
