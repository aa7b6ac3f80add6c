"""What a journal can be asked for. Only what an index answers: it may hold millions of events."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.searching import actors_in, deeds_in, kinds_in
from tradingfarm.pages.journal.days import EventFilters
from tradingfarm.pages.listing import M, Sort
from tradingfarm.pages.lists.filters import ChoiceField

SORTS = (Sort("number", "Number", ("-seq",)),)
SUBJECTS = (
    *("account", "agent", "assessment", "confirmation", "execution", "order", "parent"),
    *("permission", "position", "protection", "replay", "session", "share", "team", "trigger"),
)
NO_KIND = "No event of this journal has a kind that begins so."
NO_ACTOR = "Nobody of this name has done anything in this journal."
NO_SUBJECT = (
    "Give the id of a thing, or its kind and id such as order:5f0c…; ids are in addresses."
)
NOTHING = Q(seq__lt=0)
ID = re.compile(r"[0-9a-fA-F-]{32,36}")


class JournalFilters(EventFilters):
    """By the beginning of a kind, by actor, by what it is about, by days of wall time."""

    stream = ChoiceField(label="Journal", choices=())
    kind = forms.CharField(required=False, max_length=60, label="Kind begins with")
    actor = forms.CharField(required=False, max_length=120, label="Actor")
    subject = forms.CharField(required=False, max_length=120, label="About")
    field_order = ("stream", "kind", "actor", "subject", "since", "until")

    def __init__(
        self, query: QueryDict, *, zone: str, streams: Sequence[tuple[str, str, str]]
    ) -> None:
        super().__init__(query, zone=zone)
        self._streams = {key: name for key, name, _ in streams}
        field: Any = self.fields["stream"]
        field.choices = [(key, words) for key, _, words in streams]
        hints = {"kind": "such as order.", "actor": "such as sender", "subject": "an id"}
        for name, hint in hints.items():
            self.fields[name].widget.attrs |= {"placeholder": hint, "autocomplete": "off"}
        for name in ("kind", "actor"):
            self.fields[name].widget.attrs["list"] = f"known-{name}s"

    @cached_property
    def stream_key(self) -> str:
        """The journal asked for; the account's where none or an unknown one is."""
        asked = str(self.data.get("stream", ""))
        return asked if asked in self._streams else next(iter(self._streams))

    @property
    def stream_name(self) -> str:
        """Its name in the journal itself."""
        return self._streams[self.stream_key]

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds that this journal has."""
        return kinds_in(stream=self.stream_name)

    @cached_property
    def actors(self) -> list[str]:
        """The actors that this journal names."""
        return actors_in(stream=self.stream_name)

    def clean_kind(self) -> str:
        kind = str(self.cleaned_data["kind"])
        if kind and not any(known.startswith(kind) for known in self.kinds):
            raise forms.ValidationError(NO_KIND)
        return kind

    def clean_actor(self) -> str:
        actor = str(self.cleaned_data["actor"])
        if actor and not self._named(actor):
            raise forms.ValidationError(NO_ACTOR)
        return actor

    def clean_subject(self) -> str:
        subject = str(self.cleaned_data["subject"])
        if subject and not _subjects(subject):
            raise forms.ValidationError(NO_SUBJECT)
        return subject

    def narrow(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Kinds and actors are not narrowed here but by `branches`."""
        rows = super().narrow(rows)
        if subject := self.found.get("subject"):
            rows = rows.filter(subject__in=_subjects(subject))
        return rows

    def branches(self) -> list[Q]:
        """One condition for each kind and actor asked for, none where all are."""
        kind, actor = self.found.get("kind", ""), self.found.get("actor", "")
        if actor:
            deeds = deeds_in(stream=self.stream_name, actors=self._named(actor))
            found = [Q(actor=name, kind=each) for name, each in deeds if each.startswith(kind)]
            return found or [NOTHING]
        return [Q(kind=each) for each in self.kinds if each.startswith(kind)] if kind else []

    def _named(self, actor: str) -> list[str]:
        """Actors are 'person:ada' or 'sender'; 'ada' names the first."""
        return [name for name in self.actors if actor in (name, name.partition(":")[2])]


def events_in(stream: str) -> QuerySet[JournalEvent]:
    """All events of one stream."""
    return JournalEvent.objects.filter(stream=stream)


def _subjects(text: str) -> list[str]:
    """What an id, or a kind of thing with its id, may stand for as an event's subject."""
    if re.fullmatch(r"[a-z]+:[\w-]+", text):
        return [text]
    try:
        key = UUID(text) if ID.fullmatch(text) else None
    except ValueError:
        return []
    return [f"{kind}:{key}" for kind in SUBJECTS] if key else []
