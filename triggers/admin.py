from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from agents.models import Execution
from tradingfarm.kernel.admin import (
    FewFilter,
    Lead,
    RecordAdmin,
    ServiceAdmin,
    actor_of,
    add_leads,
    journal_of,
)
from tradingfarm.kernel.clock import SystemClock
from triggers.models import Firing, LastSighting, Trigger
from triggers.selectors.sentences import trigger_sentence
from triggers.services import create_trigger, update_trigger
from triggers.services.checking import problems_of

FIXED = ("owner", "name", "type")
CHANGEABLE = (
    "enabled",
    "team",
    "feed",
    "symbols",
    "condition",
    "cron",
    "time_zone",
    "missed",
    "max_executions_per_hour",
    "min_interval_seconds",
)


class TriggerForm(forms.ModelForm[Trigger]):
    """Says beside each field what the service would refuse."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        draft = copy(self.instance)
        for name, value in cleaned.items():
            setattr(draft, name, value)
        for name, problem in problems_of(trigger=draft, at=SystemClock().now()).items():
            self.add_error(name if name in self.fields else None, problem)
        return cleaned


@admin.register(Trigger)
class TriggerAdmin(ServiceAdmin):
    """Triggers are made and changed through the services: checked and journaled."""

    form = TriggerForm
    fields = (*FIXED, *CHANGEABLE, "next_due_at", "last_triggered_at")
    exported = ("id", "created_at", "changed_at")
    list_display = ("name", "when", "team", "feed", "enabled", "next_due_at", "last_triggered_at")
    list_filter = ("type", "enabled", ("feed", FewFilter))
    list_select_related = ("team", "feed")
    search_fields = ("name", "team__name")
    ordering = ("owner", "name")
    leads = (Lead("Firings", "triggers_firing", "trigger__id__exact"), journal_of("trigger"))

    @admin.display(description="Fires when")
    def when(self, trigger: Trigger) -> str:
        return trigger_sentence(trigger)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        shown = ("next_due_at", "last_triggered_at", "leads_to")
        return shown if obj is None else (*FIXED, *shown)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("triggers.add_trigger")

    def save_model(
        self,
        request: HttpRequest,
        obj: Trigger,
        form: forms.ModelForm[Trigger],
        change: bool,  # noqa: FBT001 - the signature is Django's
    ) -> None:
        actor, at = actor_of(request), SystemClock().now()
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            update_trigger(trigger_id=obj.id, changes=changes, actor=actor, at=at)
        else:
            obj.id = create_trigger(**form.cleaned_data, actor=actor, at=at).id


@admin.register(Firing)
class FiringAdmin(RecordAdmin):
    list_display = ("at", "trigger", "title", "refused", "as_of", "cause_key")
    list_filter = (("refused", admin.EmptyFieldListFilter), ("trigger", FewFilter))
    list_select_related = ("trigger",)
    search_fields = ("id", "trigger__id", "trigger__name")
    moment = "at"


@admin.register(LastSighting)
class LastSightingAdmin(RecordAdmin):
    list_display = ("instrument", "feed", "last", "day_open", "as_of")
    list_filter = (("feed", FewFilter),)
    list_select_related = ("feed", "instrument")
    search_fields = ("feed__name", "instrument__symbol")
    ordering = ("feed", "instrument")


add_leads(Execution, Lead("Firings", "triggers_firing", "executions__id__exact"))
