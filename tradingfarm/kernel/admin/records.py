"""The journal and the processes' heartbeats in the admin."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from tradingfarm.kernel.admin.bases import RecordAdmin, actor_of
from tradingfarm.kernel.admin.columns import pretty
from tradingfarm.kernel.admin.filters import SHOWN, ValuesFilter
from tradingfarm.kernel.admin.links import kinds, list_link, record_link, subject_link
from tradingfarm.kernel.audits import record_verification
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import Walk, link, verify_part, walk_of
from tradingfarm.kernel.models import Heartbeat, JournalEvent, JournalStream

PATIENCE = timedelta(seconds=20)
LINKS = 2_000


@admin.register(JournalStream)
class JournalStreamAdmin(RecordAdmin):
    list_display = ("name", "seq", "events", "hash")
    search_fields = ("name",)
    ordering = ("name",)
    actions = ("check_links",)

    @admin.display(description="events")
    def events(self, stream: JournalStream) -> SafeString:
        return list_link("kernel_journalevent", "Show", stream=stream.name)

    @admin.action(description="Check that every link of the chain holds")
    def check_links(self, request: HttpRequest, streams: QuerySet[JournalStream]) -> None:
        """Walks for twenty seconds at most, and says how far it came."""
        clock = SystemClock()
        ends_at = clock.now() + PATIENCE
        for stream in streams.order_by("seq"):
            walk = walk_of(stream)
            while not walk.ended and clock.now() < ends_at:
                walk = verify_part(walk=walk, most=LINKS)
            level, words = verdict(walk)
            self.message_user(request, words, level)
            record_verification(
                stream=stream.name,
                actor=actor_of(request),
                seq=walk.seq,
                problem=words if level != messages.SUCCESS else "",
                at=clock.now(),
            )


def verdict(walk: Walk) -> tuple[int, str]:
    """What a walk has shown, and how good that is."""
    if walk.broken:
        broken = walk.broken
        return messages.ERROR, f"{broken.stream} breaks at {broken.seq:,}: {broken.problem}."
    if walk.ended:
        return messages.SUCCESS, f"{walk.stream}: {walk.seq:,} events, every link holds."
    return messages.WARNING, (
        f"{walk.stream}: the first {walk.seq:,} of {walk.head_seq:,} events hold; there was no"
        f" time for the rest. `manage.py verify_journal {walk.stream}` walks to the end."
    )


class StreamFilter(admin.SimpleListFilter):
    """One chain. Of more than a hundred, the others are reached from the list of streams."""

    title = "stream"
    parameter_name = "stream"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        names = JournalStream.objects.order_by("name").values_list("name", flat=True)[:SHOWN]
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(stream=self.value()) if self.value() else queryset


@admin.register(JournalEvent)
class JournalEventAdmin(RecordAdmin):
    list_display = ("at", "kind", "about", "actor", "as_of", "stream", "seq")
    list_filter = (("kind", ValuesFilter), StreamFilter)
    search_fields = ("subject",)
    search_help_text = "In full: what it is about (order:<id>, or the id alone), or an actor."
    moment = "at"
    exported = ("id", "subject")
    fields = (
        *("stream", "seq", "kind", "actor", "about", "at", "as_of"),
        *("payload_lines", "entry", "previous", "hash", "holds", "beside"),
    )

    @admin.display(description="subject")
    def about(self, event: JournalEvent) -> SafeString | str:
        return subject_link(event.subject)

    @admin.display(description="payload")
    def payload_lines(self, event: JournalEvent) -> SafeString:
        return pretty(json.loads(event.entry).get("payload"))

    @admin.display(description="its hash is that of its text", boolean=True)
    def holds(self, event: JournalEvent) -> bool:
        expected = link(
            previous=event.previous, stream=event.stream, seq=event.seq, text=event.entry
        )
        return event.hash == expected

    @admin.display(description="before and after")
    def beside(self, event: JournalEvent) -> SafeString:
        found = JournalEvent.objects.filter(
            stream=event.stream, seq__in=(event.seq - 1, event.seq + 1)
        )
        links = (record_link(JournalEvent, each.pk, each) for each in found.order_by("seq"))
        return format_html_join(" · ", "{}", ((each,) for each in links))

    def get_ordering(self, request: HttpRequest) -> list[Any] | tuple[Any, ...]:
        """One stream in its own order, the rest by time: each way is an index."""
        chosen, narrowed = "stream" in request.GET, {"at_from", "at_to"} & request.GET.keys()
        return ("-seq",) if chosen and not narrowed else ("-at",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        subjects = [term, *(f"{kind}:{term}" for kind in kinds())]
        return queryset.filter(Q(subject__in=subjects) | Q(actor=term)), False


@admin.register(Heartbeat)
class HeartbeatAdmin(RecordAdmin):
    list_display = ("process", "pid", "at")
    ordering = ("process",)
