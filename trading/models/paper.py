from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from trading.domain.states import OrderType, Side, TimeInForce
from trading.models.columns import choices, money
from tradingfarm.kernel.money import plain


class PaperOrder(models.Model):
    """An order as the paper exchange knows it, written by that exchange's own transactions."""

    class State(models.TextChoices):
        OPEN = "OPEN"
        FILLED = "FILLED"
        CANCELED = "CANCELED"
        EXPIRED = "EXPIRED"

    client_order_id = models.CharField(max_length=32, unique=True)
    account_key = models.UUIDField()
    feed_name = models.CharField(max_length=60)
    instrument_key = models.UUIDField()
    side = models.CharField(max_length=4, choices=choices(Side))
    quantity = money()
    order_type = models.CharField(
        max_length=12, choices=choices(OrderType), default=OrderType.MARKET
    )
    time_in_force = models.CharField(
        max_length=3, choices=choices(TimeInForce), default=TimeInForce.IOC
    )
    limit_price = money(null=True)
    stop_price = money(null=True)
    is_triggered = models.BooleanField(default=False, help_text="A stop that works from now on.")
    reduce_only = models.BooleanField(default=False)
    good_until = models.DateTimeField(null=True)
    worst_price = money()
    filled_quantity = money(default=Decimal(0))
    fee_rate = models.DecimalField(max_digits=9, decimal_places=6)
    maker_fee_rate = models.DecimalField(max_digits=9, decimal_places=6, default=Decimal(0))
    participation_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(100))
    fills = models.PositiveIntegerField(default=0)
    works_from = models.DateTimeField(
        null=True, help_text="Wall time from which on it can match: the latency."
    )
    has_rested = models.BooleanField(
        default=False, help_text="It makes from now on, and not takes."
    )
    slippage_bps = models.DecimalField(max_digits=9, decimal_places=3)
    seed = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State)
    placed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(filled_quantity__lte=F("quantity")),
                name="paper_order_quantities",
            ),
        )
        indexes = (
            models.Index(
                fields=["feed_name", "id"], name="paper_order_open", condition=Q(state="OPEN")
            ),
            models.Index(fields=["account_key", "id"], name="paper_order_account"),
            models.Index(fields=["-placed_at", "-id"], name="paper_order_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.client_order_id} {self.state}"


class PaperTrade(models.Model):
    """One execution on the paper exchange: the judge's truth about money. Append-only."""

    order = models.ForeignKey(PaperOrder, models.PROTECT, related_name="trades")
    trade_id = models.CharField(max_length=60, unique=True)
    quantity = money()
    price = money()
    fee = money()
    is_maker = models.BooleanField(default=False)
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["-at", "-id"], name="paper_trade_by_moment"),)

    def __str__(self) -> str:
        return f"{self.trade_id}: {plain(self.quantity)} at {plain(self.price)}"
