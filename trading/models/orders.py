from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from market.models import Instrument
from trading.domain.states import (
    TERMINAL,
    CancelState,
    OrderState,
    OrderType,
    ParentState,
    Side,
    Source,
    TimeInForce,
)
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
    order_type = models.CharField(
        max_length=12, choices=choices(OrderType), default=OrderType.MARKET
    )
    limit_price = money(null=True)
    stop_price = money(null=True, help_text="The last price from which on a stop works.")
    time_in_force = models.CharField(
        max_length=3, choices=choices(TimeInForce), default=TimeInForce.IOC
    )
    good_until = models.DateTimeField(null=True, help_text="The end of a DAY order, market time.")
    quantity = money()
    reduce_only = models.BooleanField(default=False)
    expected_price = money(help_text="Ask for a buy, bid for a sell, when it was approved.")
    worst_price = money(help_text="The collar: the exchange may not fill beyond it.")
    reserved_cash = money(default=Decimal(0))
    stop_loss = money(null=True)
    take_profit = money(null=True)
    trailing_pct = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    exit_after_seconds = models.PositiveIntegerField(null=True)
    risk = models.CharField(max_length=6, blank=True, help_text="As the agent rates it.")
    is_tainted = models.BooleanField(default=False)
    parent = models.ForeignKey(
        "trading.ParentOrder", models.PROTECT, null=True, related_name="slices"
    )
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
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
    first_fill_at = models.DateTimeField(null=True)
    last_fill_at = models.DateTimeField(null=True)
    cancel_state = models.CharField(
        max_length=9, choices=choices(CancelState), default=CancelState.NONE
    )
    cancel_requested_by = models.CharField(max_length=120, blank=True)
    cancel_at = models.DateTimeField(null=True, help_text="When it was last asked for.")
    amendment = models.JSONField(null=True, help_text="What takes its place once it is canceled.")
    absent_since = models.DateTimeField(null=True)
    watch_until = models.DateTimeField(
        null=True, help_text="Proved absent, and looked for until then all the same."
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(order_type__in=["limit", "stop_limit"], limit_price__gt=0)
                | (Q(order_type__in=["market", "stop"], limit_price__isnull=True)),
                name="order_limit_price_fits_type",
            ),
            models.CheckConstraint(
                condition=Q(order_type__in=["stop", "stop_limit"], stop_price__gt=0)
                | (Q(order_type__in=["market", "limit"], stop_price__isnull=True)),
                name="order_stop_price_fits_type",
            ),
            models.CheckConstraint(
                condition=~Q(cancel_state="NONE") | Q(cancel_requested_by=""),
                name="order_cancel_has_state",
            ),
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
            models.Index(
                fields=["account"],
                name="order_watched",
                condition=Q(watch_until__isnull=False),
            ),
            models.Index(fields=["account", "-as_of"], name="order_of_market_time"),
            models.Index(fields=["account", "-approved_at"], name="order_newest"),
            models.Index(fields=["permission", "instrument", "-as_of"], name="order_recent"),
            models.Index(fields=["-approved_at", "-id"], name="order_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} {self.instrument_id} {self.state}"


class ParentOrder(models.Model):
    """A large order, approved as a whole and sent in slices over market time (TWAP).

    What its slices were sent for never exceeds its quantity: the claim of each slice adds to
    `sent_quantity` in the same statement, and the last wall is a constraint.
    """

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="parents")
    permission = models.ForeignKey(Permission, models.PROTECT, null=True, related_name="+")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    request = models.JSONField(help_text="What each slice has in common.")
    side = models.CharField(max_length=4, choices=choices(Side))
    quantity = money()
    sent_quantity = money(default=Decimal(0))
    expected_price = money()
    slices_planned = models.PositiveIntegerField()
    slices_made = models.PositiveIntegerField(default=0)
    interval_seconds = models.PositiveIntegerField()
    due_at = models.DateTimeField(help_text="Market time of the next slice.")
    state = models.CharField(max_length=8, choices=choices(ParentState))
    problem = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=120)
    epoch = models.IntegerField()
    as_of = models.DateTimeField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(sent_quantity__gte=0) & Q(sent_quantity__lte=F("quantity")),
                name="parent_never_exceeded",
            ),
        )
        indexes = (
            models.Index(
                fields=["account", "due_at"],
                name="parent_due",
                condition=Q(state="WORKING"),
            ),
            models.Index(fields=["-at", "-id"], name="parent_by_moment"),
        )

    def __str__(self) -> str:
        return f"{self.side} {plain(self.quantity)} in {self.slices_planned} slices"


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
    parent = models.OneToOneField(
        ParentOrder, models.PROTECT, null=True, related_name="assessment"
    )
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "intent_key"], name="assessment_intent_unique"
            ),
            models.CheckConstraint(
                condition=Q(approved=True, order__isnull=False, parent__isnull=True)
                | Q(approved=True, order__isnull=True, parent__isnull=False)
                | Q(approved=False, order__isnull=True, parent__isnull=True),
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
    fee = money(help_text="What it was worth in the account's currency.")
    fee_amount = money(default=Decimal(0), help_text="As the exchange took it.")
    fee_currency = models.CharField(max_length=20, blank=True, help_text="Empty: the account's.")
    is_maker = models.BooleanField(default=False)
    realised = money(default=Decimal(0), help_text="P&L of a sell, net of fees.")
    as_of = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "instrument", "trade_id"], name="fill_trade_unique"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(price__gt=0),
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
