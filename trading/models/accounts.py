from decimal import Decimal
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from market.models import Feed
from trading.domain.states import HaltState, RiskLevel, WhenTainted
from trading.models.columns import choices, money
from tradingfarm.kernel.money import plain


class Account(models.Model):
    """Money on one exchange. Its row is the lock that each decision about money takes first."""

    class Kind(models.TextChoices):
        PAPER = "paper", "Paper"
        LIVE = "live", "Live"

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)
    exchange = models.CharField(max_length=20, default="paper")
    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+")
    base_currency = models.CharField(max_length=20, default="USD")
    time_zone = models.CharField(max_length=60, default="UTC")
    seed = models.BigIntegerField(default=0)
    cash = money(default=Decimal(0))
    reserved = money(default=Decimal(0), help_text="Cash set aside for buys at work.")
    halt_state = models.CharField(
        max_length=8,
        choices=[(state.value, state.value.title()) for state in HaltState],
        default=HaltState.ACTIVE,
    )
    halt_reason = models.CharField(max_length=200, blank=True)
    epoch = models.IntegerField(default=0, help_text="Grows with every emergency stop.")
    day = models.DateField(null=True, help_text="Trading day of the counters, account's zone.")
    day_start_equity = money(null=True)
    day_began_at = models.DateTimeField(null=True, help_text="Market time of the day's roll.")
    pending_time_zone = models.CharField(
        max_length=60, blank=True, help_text="Counts from the next day on."
    )
    high_water_equity = money(null=True, help_text="The most it was worth, without deposits.")
    fee_rate = models.DecimalField(
        max_digits=9, decimal_places=6, default=Decimal("0.001"), help_text="Of a taker."
    )
    maker_fee_rate = models.DecimalField(
        max_digits=9, decimal_places=6, default=Decimal("0.001"), help_text="Of a resting order."
    )
    slippage_bps = models.DecimalField(max_digits=9, decimal_places=3, default=Decimal(2))
    latency_ms = models.PositiveIntegerField(
        default=0, help_text="From the arrival at the paper exchange to its first match."
    )
    participation_pct = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        default=Decimal(100),
        help_text="Part of the volume seen that one match may take; the rest waits or ends.",
    )
    rejects_orders = models.BooleanField(
        default=False, help_text="The paper exchange refuses every new order."
    )
    is_out = models.BooleanField(default=False, help_text="The paper exchange does not answer.")
    max_price_age_seconds = models.PositiveIntegerField(default=60)
    max_sector_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(40))
    max_daily_loss_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(5))
    reduce_drawdown_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(10))
    halt_drawdown_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(15))
    max_orders_per_minute = models.PositiveIntegerField(default=60)
    slice_above = money(
        null=True, blank=True, help_text="Entries worth more are sent in slices over time."
    )
    sandbox = models.BooleanField(default=False, help_text="The venue's play money.")
    base_url = models.URLField(blank=True, help_text="Instead of the venue's own address.")
    is_ready = models.BooleanField(
        default=False, help_text="Reconciled with the exchange by the present owner."
    )
    reconciled_at = models.DateTimeField(null=True)
    reconciliation = models.CharField(
        max_length=300, blank=True, help_text="Why it is not ready, or what differs."
    )
    owned_by = models.CharField(max_length=60, blank=True, help_text="The sender that owns it.")
    fencing_token = models.PositiveBigIntegerField(
        default=0, help_text="Only the sender with the newest one may write."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(max_sector_pct__gt=0)
                & Q(max_sector_pct__lte=100)
                & Q(max_daily_loss_pct__gt=0)
                & Q(reduce_drawdown_pct__gt=0)
                & Q(halt_drawdown_pct__gte=F("reduce_drawdown_pct"))
                & Q(participation_pct__gt=0)
                & Q(participation_pct__lte=100),
                name="account_limits_sound",
            ),
            models.CheckConstraint(
                condition=Q(kind="paper", exchange="paper")
                | (Q(kind="live") & ~Q(exchange="paper")),
                name="account_kind_fits_exchange",
            ),
            models.UniqueConstraint(fields=["owner", "name"], name="account_name_unique"),
            models.CheckConstraint(condition=Q(cash__gte=0), name="account_cash_not_negative"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0), name="account_reserved_not_negative"
            ),
        )

    def __str__(self) -> str:
        return self.name


class CashMovement(models.Model):
    """A deposit (positive) or withdrawal (negative). No profit and no loss.

    An empty currency is the account's own; another one moves a balance, not the cash.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="movements")
    amount = money()
    currency = models.CharField(max_length=20, blank=True)
    reference = models.CharField(
        max_length=120, blank=True, help_text="Names the movement, so that it is booked once."
    )
    reason = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["account", "reference"],
                name="cash_movement_once",
                condition=~Q(reference=""),
            ),
        )
        indexes = (models.Index(fields=["-at", "-id"], name="cash_movement_by_moment"),)

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.reason}"


class Permission(models.Model):
    """What one agent may do on one account, and its use so far today."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="permissions")
    agent_id = models.UUIDField(help_text="The agent; agents live above trading, so no key.")
    agent_name = models.CharField(max_length=80)
    active = models.BooleanField(default=True)
    max_order_value = money(default=Decimal(10_000))
    max_position_value = money(default=Decimal(10_000))
    max_allocation_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(5))
    max_daily_entries = models.PositiveIntegerField(default=3)
    max_daily_loss = money(default=Decimal(1_000))
    max_open_positions = models.PositiveIntegerField(default=5)
    allowed_symbols = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Empty allows all."
    )
    blocked_symbols = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    price_collar_pct = models.DecimalField(max_digits=6, decimal_places=2, default=Decimal(2))
    stop_required = models.BooleanField(default=True)
    hours_start = models.TimeField(null=True, blank=True)
    hours_end = models.TimeField(null=True, blank=True)
    hours_zone = models.CharField(max_length=60, default="America/New_York")
    allowed_strategies = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Empty allows all."
    )
    agent_allocation_pct = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Of the equity, all of the agent's positions together; empty is an equal part.",
    )
    agent_allocation_value = money(
        null=True, blank=True, help_text="The most that all of its positions may be worth."
    )
    risk_level = models.CharField(
        max_length=6,
        choices=choices(RiskLevel),
        default=RiskLevel.HIGH,
        help_text="The highest that passes without a person's confirmation.",
    )
    confirm_above = money(
        null=True, blank=True, help_text="Entries worth more wait for a person's confirmation."
    )
    min_seconds_between_entries = models.PositiveIntegerField(default=0)
    when_tainted = models.CharField(
        max_length=8,
        choices=choices(WhenTainted),
        default=WhenTainted.ALLOW,
        help_text="What happens with an entry that rests on text from outside.",
    )
    max_tainted_value = money(
        null=True, blank=True, help_text="The largest order that rests on text from outside."
    )
    day = models.DateField(null=True, editable=False)
    entries_today = models.PositiveIntegerField(default=0, editable=False)
    day_start_pnl = money(default=Decimal(0), editable=False)
    last_entry_as_of = models.DateTimeField(null=True, editable=False)
    recent_exits = models.PositiveIntegerField(
        default=0, editable=False, help_text="Sells filled in the 30 days before this day."
    )
    recent_average = money(
        default=Decimal(0), editable=False, help_text="Their P&L on average, net of fees."
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "agent_id"], name="permission_unique"),
            models.CheckConstraint(
                condition=Q(max_order_value__gt=0)
                & Q(max_position_value__gt=0)
                & Q(max_daily_loss__gt=0)
                & Q(max_allocation_pct__gt=0)
                & Q(max_allocation_pct__lte=100)
                & Q(price_collar_pct__gt=0),
                name="permission_limits_positive",
            ),
            models.CheckConstraint(
                condition=(Q(agent_allocation_pct__isnull=True) | Q(agent_allocation_pct__gt=0))
                & (Q(agent_allocation_value__isnull=True) | Q(agent_allocation_value__gt=0))
                & (Q(confirm_above__isnull=True) | Q(confirm_above__gte=0))
                & (Q(max_tainted_value__isnull=True) | Q(max_tainted_value__gte=0)),
                name="permission_parts_positive",
            ),
            models.CheckConstraint(
                condition=Q(hours_start__isnull=True, hours_end__isnull=True)
                | Q(hours_start__isnull=False, hours_end__isnull=False),
                name="permission_hours_both_or_none",
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent_name} on {self.account_id}"

    def clean(self) -> None:
        """Raises ValidationError for hours in a time zone that does not exist."""
        if self.hours_zone not in available_timezones():
            raise ValidationError({"hours_zone": f"{self.hours_zone!r} is not a time zone."})


class Balance(models.Model):
    """What the account holds in a currency that is neither its own nor an instrument of its own.

    Fees that a venue takes in a currency of its own lower it; it may be owed, and then negative.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="balances")
    currency = models.CharField(max_length=20)
    quantity = money(default=Decimal(0))

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "currency"], name="balance_unique"),
        )

    def __str__(self) -> str:
        return f"{plain(self.quantity)} {self.currency}"


class EquitySnapshot(models.Model):
    """What an account was worth at a moment of market time."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="equity")
    as_of = models.DateTimeField()
    cash = money()
    equity = money()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "as_of"], name="equity_moment_unique"),
        )
        indexes = (models.Index(fields=["-as_of", "-id"], name="equity_by_moment"),)

    def __str__(self) -> str:
        return f"{plain(self.equity)} at {self.as_of}"
