from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from market.models import Instrument
from trading.domain.states import ProtectionKind, ProtectionState
from trading.models.accounts import Account, Permission
from trading.models.columns import choices, money
from trading.models.orders import Order
from tradingfarm.kernel.money import plain


class Position(models.Model):
    """Quantity and cost of one instrument in one account; the average is derived."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="positions")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    quantity = money(default=Decimal(0))
    cost = money(default=Decimal(0), help_text="What the quantity held was bought for, with fees.")
    realised = money(default=Decimal(0), help_text="P&L of what was sold, net of fees.")
    fees = money(default=Decimal(0))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "instrument"], name="position_unique"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0) & Q(cost__gte=0), name="position_long_only"
            ),
        )

    def __str__(self) -> str:
        return f"{plain(self.quantity)} of {self.instrument_id}"


class PositionShare(models.Model):
    """The part of a position that belongs to one agent; no permission means a person's."""

    position = models.ForeignKey(Position, models.PROTECT, related_name="shares")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="shares")
    quantity = money(default=Decimal(0))
    reserved_quantity = money(default=Decimal(0), help_text="In sells at work.")
    cost = money(default=Decimal(0))
    realised = money(default=Decimal(0))
    fees = money(default=Decimal(0))
    opened_at = models.DateTimeField(
        null=True, help_text="Since when it is not flat, market time."
    )
    unprotected_since = models.DateTimeField(
        null=True, help_text="Wall time since which no working stop covers it."
    )
    unprotected_seconds = models.DecimalField(
        max_digits=14, decimal_places=3, default=Decimal(0), help_text="Of ended spans, in all."
    )
    unprotected_alarm_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["unprotected_since"],
                name="share_unprotected",
                condition=Q(unprotected_since__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["position", "permission"], name="share_unique", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=0)
                & Q(reserved_quantity__gte=0)
                & Q(reserved_quantity__lte=F("quantity")),
                name="share_never_flips",
            ),
        )

    def __str__(self) -> str:
        return f"{plain(self.quantity)} of position {self.position_id}"


class Protection(models.Model):
    """An exit that waits for its price or its time, on one agent's part of a position.

    `price` is what it fires at: a trailing stop moves it up after the highest price seen, and a
    time exit has none. `resting` is its order at the exchange, where that keeps stops.
    """

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="protections")
    share = models.ForeignKey(PositionShare, models.PROTECT, related_name="protections")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    entry = models.ForeignKey(Order, models.PROTECT, related_name="protections")
    kind = models.CharField(max_length=13, choices=choices(ProtectionKind))
    price = money(null=True)
    trailing_pct = models.DecimalField(
        max_digits=6, decimal_places=3, null=True, help_text="Distance below the highest price."
    )
    highest = money(null=True, help_text="The highest price seen since it was armed.")
    due_at = models.DateTimeField(null=True, help_text="Of a time exit, market time.")
    resting = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=choices(ProtectionState))
    attempts = models.PositiveIntegerField(default=0, help_text="Exit orders made so far.")
    exit = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+")
    armed_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["share", "kind"],
                name="protection_one_of_a_kind",
                condition=Q(state__in=["ARMED", "FIRED"]),
            ),
            models.CheckConstraint(
                condition=Q(kind="time_exit", price__isnull=True, due_at__isnull=False)
                | (~Q(kind="time_exit") & Q(price__gt=0, due_at__isnull=True)),
                name="protection_price_or_time",
            ),
            models.CheckConstraint(
                condition=Q(kind="trailing_stop", trailing_pct__gt=0, trailing_pct__lt=100)
                | (~Q(kind="trailing_stop") & Q(trailing_pct__isnull=True)),
                name="protection_trails_by_percent",
            ),
        )
        indexes = (
            models.Index(
                fields=["instrument", "state"],
                name="protection_armed",
                condition=Q(state="ARMED"),
            ),
            models.Index(fields=["-armed_at", "-id"], name="protection_by_moment"),
        )

    def __str__(self) -> str:
        at = plain(self.price) if self.price is not None else f"{self.due_at}"
        return f"{self.kind} at {at} {self.state}"


class SplitBooking(models.Model):
    """A split of shares, booked once in one account: more of them, at the same cost."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="splits")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    on = models.DateField(help_text="The first day that trades at the new price.")
    numerator = models.PositiveIntegerField()
    denominator = models.PositiveIntegerField()
    quantity_before = money()
    quantity_after = money()
    cash_in_lieu = money(default=Decimal(0), help_text="Paid for the fraction of a lot.")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "instrument", "on"], name="split_booked_once"
            ),
            models.CheckConstraint(
                condition=Q(numerator__gt=0) & Q(denominator__gt=0), name="split_ratio_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.numerator}:{self.denominator} on {self.on}"
