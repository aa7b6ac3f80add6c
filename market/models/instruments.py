from django.db import models
from django.db.models import F, Q


class Instrument(models.Model):
    """What is traded. Its id follows from venue and symbol: domain.instruments.instrument_id."""

    class AssetClass(models.TextChoices):
        CRYPTO = "crypto", "Crypto"
        EQUITY = "equity", "Equity"

    class Calendar(models.TextChoices):
        ALWAYS = "24/7", "Always open"
        NEW_YORK = "XNYS", "New York Stock Exchange"

    id = models.UUIDField(primary_key=True, editable=False)
    symbol = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    asset_class = models.CharField(max_length=10, choices=AssetClass.choices)
    venue = models.CharField(max_length=40)
    tick_size = models.DecimalField(max_digits=38, decimal_places=18, help_text="Step of prices.")
    lot_size = models.DecimalField(max_digits=38, decimal_places=18, help_text="Step of sizes.")
    minimum_notional = models.DecimalField(
        max_digits=38, decimal_places=18, help_text="Smallest order, in the currency."
    )
    sector = models.CharField(max_length=60, blank=True)
    calendar = models.CharField(max_length=10, choices=Calendar.choices)
    currency = models.CharField(max_length=10, help_text="What prices are in.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["venue", "symbol"], name="market_instrument_unique"),
            models.CheckConstraint(
                condition=Q(asset_class__in=["crypto", "equity"]),
                name="market_instrument_asset_class_known",
            ),
            models.CheckConstraint(
                condition=Q(calendar__in=["24/7", "XNYS"]), name="market_instrument_calendar_known"
            ),
            models.CheckConstraint(
                condition=Q(tick_size__gt=0, lot_size__gt=0, minimum_notional__gte=0),
                name="market_instrument_steps_positive",
            ),
            models.CheckConstraint(
                condition=~Q(symbol="") & ~Q(venue="") & ~Q(currency=""),
                name="market_instrument_named",
            ),
        )

    def __str__(self) -> str:
        return self.symbol


class Split(models.Model):
    """From `effective_on` on, `numerator` shares stand for `denominator` of the day before."""

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="splits")
    effective_on = models.DateField(help_text="The first session at the new price.")
    numerator = models.PositiveIntegerField()
    denominator = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["instrument", "effective_on"], name="market_split_unique"
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0, denominator__gt=0) & ~Q(numerator=F("denominator")),
                name="market_split_changes_something",
            ),
        )
        indexes = (models.Index(fields=["-effective_on", "-id"], name="market_split_by_day"),)

    def __str__(self) -> str:
        return f"{self.numerator}:{self.denominator} on {self.effective_on}"
