from typing import Any

from django.db import models

from tradingfarm.kernel.canonical import payload_of


class JournalStream(models.Model):
    """The head of a chain: `account:<id>`, `owner:<id>`, `farm`. Only journal_append writes it."""

    name = models.CharField(max_length=80, primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    class Meta:
        db_table = "journal_stream"

    def __str__(self) -> str:
        return f"{self.name} at {self.seq}"


class JournalEvent(models.Model):
    """One thing that happened. Append-only: a database trigger refuses UPDATE and DELETE.

    `entry` is the exact canonical text that was hashed; the other columns repeat parts of it for
    searching, and `verify` checks that they still agree.
    """

    id = models.BigAutoField(primary_key=True)
    stream = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=60)
    actor = models.CharField(max_length=120)
    subject = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField(help_text="Wall time of the record.")
    as_of = models.DateTimeField(null=True, help_text="Market time it speaks of.")
    entry = models.TextField()
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "journal_event"
        constraints = (
            models.UniqueConstraint(fields=["stream", "seq"], name="journal_event_seq_unique"),
        )
        indexes = (
            models.Index(fields=["stream", "kind", "-seq"], name="journal_event_kind"),
            models.Index(fields=["subject", "id"], name="journal_event_subject"),
            models.Index(fields=["-at"], name="journal_event_at"),
            models.Index(fields=["stream", "actor", "kind", "-seq"], name="journal_event_actor"),
            models.Index(fields=["kind", "-at", "-id"], name="journal_event_of_kind"),
            models.Index(fields=["actor", "-at", "-id"], name="journal_event_of_actor"),
        )

    def __str__(self) -> str:
        return f"{self.stream} {self.seq} {self.kind}"

    @property
    def payload(self) -> dict[str, Any]:
        return payload_of(self.entry)


class Seen(models.Model):
    """How far a person has looked at the alerts of a stream."""

    person_id = models.BigIntegerField(help_text="People live above the kernel, so no key.")
    stream = models.CharField(max_length=80)
    seq = models.BigIntegerField(help_text="Everything up to this event was seen.")

    class Meta:
        db_table = "journal_seen"
        constraints = (
            models.UniqueConstraint(fields=["person_id", "stream"], name="journal_seen_once"),
        )

    def __str__(self) -> str:
        return f"{self.person_id}: {self.stream} up to {self.seq}"


class Heartbeat(models.Model):
    """When a process of the farm last said that it works."""

    process = models.CharField(max_length=40, primary_key=True)
    pid = models.IntegerField()
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "heartbeat"

    def __str__(self) -> str:
        return f"{self.process} ({self.pid})"
