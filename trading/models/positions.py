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

    class Meta:
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
    """A stop-loss or take-profit on one agent's part of a position; it needs no model."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="protections")
    share = models.ForeignKey(PositionShare, models.PROTECT, related_name="protections")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    entry = models.ForeignKey(Order, models.PROTECT, related_name="protections")
    kind = models.CharField(max_length=12, choices=choices(ProtectionKind))
    price = money()
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
            models.CheckConstraint(condition=Q(price__gt=0), name="protection_price_positive"),
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
        return f"{self.kind} at {plain(self.price)} {self.state}"
