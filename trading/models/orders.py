from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from market.models import Instrument
from trading.domain.states import TERMINAL, OrderState, Side, Source
from trading.models.accounts import Account, Permission
from trading.models.columns import choices, money
from tradingfarm.kernel.money import plain


class Order(models.Model):
    """An instruction to the exchange, sent at most once. Begins APPROVED by the gate.

    `id` is uuid5(account, intent key), so the same cause finds the same order.
    """

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="orders")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="orders")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    intent_key = models.CharField(max_length=200)
    client_order_id = models.CharField(max_length=32, unique=True)
    source = models.CharField(max_length=12, choices=choices(Source))
    side = models.CharField(max_length=4, choices=choices(Side))
    order_type = models.CharField(max_length=12, default="market")
    quantity = money()
    reduce_only = models.BooleanField(default=False)
    expected_price = money(help_text="Ask for a buy, bid for a sell, when it was approved.")
    worst_price = money(help_text="The collar: the exchange may not fill beyond it.")
    reserved_cash = money(default=Decimal(0))
    stop_loss = money(null=True)
    take_profit = money(null=True)
    state = models.CharField(max_length=16, choices=choices(OrderState))
    reason = models.CharField(max_length=20, blank=True, help_text="Why a position was reduced.")
    problem = models.CharField(max_length=200, blank=True, help_text="What the exchange said.")
    strategy = models.CharField(max_length=40, blank=True)
    confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    reasoning = models.TextField(blank=True)
    decision_id = models.UUIDField(null=True, help_text="The decision that it follows from.")
    epoch = models.IntegerField()
    as_of = models.DateTimeField(help_text="Market time of the approval.")
    approved_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Not sent after this moment of wall time.")
    attempt_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField(null=True, help_text="The exchange refuses it after this.")
    sender = models.CharField(max_length=60, blank=True)
    exchange_order_id = models.CharField(max_length=60, blank=True)
    filled_quantity = money(default=Decimal(0))
    filled_value = money(default=Decimal(0))
    fees = money(default=Decimal(0))
    absent_since = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "intent_key"], name="order_intent_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(
                condition=Q(filled_quantity__gte=0) & Q(filled_quantity__lte=F("quantity")),
                name="order_never_overfilled",
            ),
            models.CheckConstraint(
                condition=Q(reserved_cash__gte=0), name="order_reserved_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["APPROVED", "EXPIRED_LOCAL"]) | Q(attempt_at__isnull=False),
                name="order_sent_has_attempt",
            ),
        )
        indexes = (
            models.Index(
                fields=["account", "state"],
                name="order_at_work",
                condition=~Q(state__in=sorted(TERMINAL)),
            ),
            models.Index(fields=["account", "-approved_at"], name="order_newest"),
            models.Index(fields=["permission", "instrument", "-as_of"], name="order_recent"),
            models.Index(fields=["-approved_at", "-id"], name="order_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} {self.instrument_id} {self.state}"


class Assessment(models.Model):
    """What the risk gate found for one requested order. Written once."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="assessments")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="+")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    intent_key = models.CharField(max_length=200)
    request = models.JSONField(help_text="The order as it was asked for.")
    approved = models.BooleanField()
    denials = ArrayField(models.CharField(max_length=30), default=list)
    checks = models.JSONField(help_text="Every check: code, number, limit, passed, room.")
    largest = money(help_text="The largest quantity that would have passed.")
    order = models.OneToOneField(Order, models.PROTECT, null=True, related_name="assessment")
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "intent_key"], name="assessment_intent_unique"
            ),
            models.CheckConstraint(
                condition=Q(approved=True, order__isnull=False)
                | Q(approved=False, order__isnull=True),
                name="assessment_order_iff_approved",
            ),
        )
        indexes = (
            models.Index(fields=["account", "-at"], name="assessment_newest"),
            models.Index(fields=["-at", "-id"], name="assessment_by_moment"),
        )

    def __str__(self) -> str:
        return f"{'approved' if self.approved else 'denied'} {self.intent_key}"


class Fill(models.Model):
    """One execution of an order by the exchange: the only source of positions, cash and P&L."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="fills")
    order = models.ForeignKey(Order, models.PROTECT, related_name="fills")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="fills")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    trade_id = models.CharField(max_length=60)
    side = models.CharField(max_length=4, choices=choices(Side))
    quantity = money()
    price = money()
    value = money(help_text="Price times quantity, rounded once.")
    fee = money()
    realised = money(default=Decimal(0), help_text="P&L of a sell, net of fees.")
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "instrument", "trade_id"], name="fill_trade_unique"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(price__gt=0) & Q(fee__gte=0),
                name="fill_amounts_positive",
            ),
        )
        indexes = (
            models.Index(fields=["account", "-as_of"], name="fill_newest"),
            models.Index(fields=["-at", "-id"], name="fill_by_moment"),
            models.Index(fields=["trade_id"], name="fill_of_trade"),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} at {plain(self.price)}"
