from django.db import models
from django.db.models import F, Q

from market.domain.candles import Timeframe
from market.models.feeds import BELOW_NAN, Feed
from market.models.instruments import Instrument

TIMEFRAMES = [(frame.value, frame.value) for frame in Timeframe]


class Candle(models.Model):
    """Open, high, low, close and volume over one timeframe, stamped with its start in UTC.

    The table is partitioned by year of `start` (see the first migration), so nothing may point to
    it. Prices are in today's shares; the `raw_` columns are as printed on the day. `closes_at` is
    the moment from which the whole candle is known; who reads as of a time compares with that.
    """

    pk = models.CompositePrimaryKey("feed_id", "instrument_id", "timeframe", "start")
    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+", db_index=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+", db_index=False)
    timeframe = models.CharField(max_length=4, choices=TIMEFRAMES)
    start = models.DateTimeField()
    closes_at = models.DateTimeField()
    open = models.DecimalField(max_digits=38, decimal_places=18)
    high = models.DecimalField(max_digits=38, decimal_places=18)
    low = models.DecimalField(max_digits=38, decimal_places=18)
    close = models.DecimalField(max_digits=38, decimal_places=18)
    volume = models.DecimalField(max_digits=38, decimal_places=18)
    raw_open = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    raw_high = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    raw_low = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    raw_close = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    raw_volume = models.DecimalField(max_digits=38, decimal_places=18, null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(low__gt=0, volume__gte=0), name="market_candle_positive"
            ),
            models.CheckConstraint(
                condition=Q(high__lt=BELOW_NAN, volume__lt=BELOW_NAN), name="market_candle_finite"
            ),
            models.CheckConstraint(
                condition=Q(open__gte=F("low"), open__lte=F("high")), name="market_candle_open"
            ),
            models.CheckConstraint(
                condition=Q(close__gte=F("low"), close__lte=F("high")), name="market_candle_close"
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("start")), name="market_candle_closes_later"
            ),
        )
        indexes = (
            models.Index(fields=["feed", "timeframe", "start"], name="market_candle_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe} {self.start:%Y-%m-%d %H:%M}"
