from django.conf import settings
from django.db import models
from django.db.models import Q

from agents.models import Execution, Team
from market.models import Feed, Instrument
from tradingfarm.kernel.money import plain
from triggers.domain.schedule import Missed


class Trigger(models.Model):
    """A stored condition that wakes a team. Owner, name and type stay; the rest can be changed."""

    class Type(models.TextChoices):
        TIME = "time", "Time"
        PRICE = "price", "Price"

    id = models.UUIDField(primary_key=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    enabled = models.BooleanField(default=True)
    type = models.CharField(max_length=8, choices=Type)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    feed = models.ForeignKey(
        Feed,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose prices and clock. A time trigger without a feed runs on wall time.",
    )
    symbols = models.JSONField(default=list, blank=True, help_text='Price: such as ["AAPL"].')
    condition = models.JSONField(
        default=dict,
        blank=True,
        help_text='Price: such as {"condition": "change_percent", "threshold": "-3"}.',
    )
    cron = models.CharField(
        max_length=80, blank=True, help_text="Time: five fields, such as 30 9 * * 1-5."
    )
    time_zone = models.CharField(max_length=60, default="UTC")
    missed = models.CharField(
        max_length=4,
        choices=[
            (Missed.SKIP.value, "Skip what was missed"),
            (Missed.ONCE.value, "Fire once for all that was missed"),
        ],
        default=Missed.SKIP.value,
    )
    next_due_at = models.DateTimeField(
        null=True, editable=False, help_text="None until its feed's clock is known."
    )
    max_executions_per_hour = models.PositiveIntegerField(default=60)
    min_interval_seconds = models.PositiveIntegerField(default=0)
    last_triggered_at = models.DateTimeField(null=True, editable=False, help_text="Wall time.")
    created_at = models.DateTimeField(editable=False)
    changed_at = models.DateTimeField(
        editable=False, help_text="The engine re-reads what changed."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "name"], name="trigger_name_unique"),
            models.CheckConstraint(
                condition=Q(type="time", cron__gt="") | Q(type="price", feed__isnull=False),
                name="trigger_type_has_condition",
            ),
            models.CheckConstraint(
                condition=Q(max_executions_per_hour__gte=1), name="trigger_may_fire"
            ),
        )
        indexes = (
            models.Index(
                fields=["next_due_at"], name="trigger_due", condition=Q(enabled=True, type="time")
            ),
            models.Index(
                fields=["feed", "changed_at"], name="trigger_changed", condition=Q(type="price")
            ),
        )

    def __str__(self) -> str:
        return self.name


class Firing(models.Model):
    """One time that a trigger's condition came true, with its evidence. A cause fires once."""

    id = models.UUIDField(primary_key=True, editable=False)
    trigger = models.ForeignKey(Trigger, models.PROTECT, related_name="firings")
    cause_key = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    evidence = models.JSONField()
    refused = models.CharField(max_length=80, blank=True, help_text="Why it woke nobody.")
    executions = models.ManyToManyField(Execution, related_name="+")
    as_of = models.DateTimeField(help_text="Market time; wall time for a trigger without a feed.")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["trigger", "cause_key"], name="firing_cause_unique"),
        )
        indexes = (
            models.Index(fields=["trigger", "-at"], name="firing_newest"),
            models.Index(fields=["-at", "-id"], name="firing_by_moment"),
            models.Index(
                fields=["trigger", "-as_of"], name="firing_heeded", condition=Q(refused="")
            ),
        )

    def __str__(self) -> str:
        return self.cause_key


class LastSighting(models.Model):
    """The quote that the price triggers of a feed last compared themselves with.

    Written in the transaction that stores their firings, so whoever goes on, an engine after a
    restart or the task that looks after feeds without one, neither loses nor repeats anything.
    """

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="+", db_index=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    last = models.DecimalField(max_digits=38, decimal_places=18)
    day_open = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    as_of = models.DateTimeField(help_text="Market time.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["feed", "instrument"], name="last_sighting_of_instrument"
            ),
        )

    def __str__(self) -> str:
        return f"{self.instrument_id} {plain(self.last)} as of {self.as_of:%Y-%m-%d %H:%M:%S}"
