from django.db import models
from django.db.models import Q

from market.models.feeds import Feed
from market.models.instruments import Instrument


class Statistics(models.Model):
    """What the last 30 days of an instrument were like on a feed, as of a moment of market time.

    `volatility_pct` is a year's, in percent; the averages are of a day. A number that too few
    candles give is null, and then nothing is known.
    """

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="+", db_index=False)
    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="+")
    as_of = models.DateTimeField()
    candles = models.PositiveIntegerField(help_text="How many days it was computed from.")
    volatility_pct = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    average_volume = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    average_notional = models.DecimalField(max_digits=38, decimal_places=18, null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["feed", "instrument"], name="market_statistics_unique"
            ),
            models.CheckConstraint(
                condition=Q(volatility_pct__isnull=True) | Q(volatility_pct__gte=0),
                name="market_statistics_sound",
            ),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} on {self.feed_id} as of {self.as_of:%Y-%m-%d}"
