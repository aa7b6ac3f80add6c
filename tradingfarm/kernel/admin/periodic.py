"""What beat sends and when: django-celery-beat's rows, each change of them in the journal.

Importing its admin registers it, whichever app is looked at first; then ours takes its place.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_celery_beat import admin as theirs
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)

from tradingfarm.kernel.admin.bases import actor_of
from tradingfarm.kernel.admin.journaled import JournaledAdmin, difference, note, values_of
from tradingfarm.kernel.admin.links import journal_of
from tradingfarm.kernel.journal import transaction

BEATS_OWN = frozenset({"celery.backend_cleanup"})
"""What django-celery-beat makes without being told."""

for model in (PeriodicTask, ClockedSchedule, CrontabSchedule, IntervalSchedule, SolarSchedule):
    admin.site.unregister(model)


def is_of_the_farm(name: str) -> bool:
    """Whether beat makes the task of this name whenever it starts.

    Under another name it would be sent twice from then on; deleted, it would be back.
    """
    return name in settings.CELERY_BEAT_SCHEDULE or name in BEATS_OWN


class PeriodicTaskForm(theirs.PeriodicTaskForm):  # type: ignore[misc]  # the library is untyped
    def clean_name(self) -> str:
        name, known = str(self.cleaned_data["name"]), str(self.instance.name)
        if self.instance.pk and name != known and is_of_the_farm(known):
            raise forms.ValidationError(
                f"The farm makes {known} by this name whenever it starts, so it keeps it."
                " It can be disabled."
            )
        return name


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(JournaledAdmin, theirs.PeriodicTaskAdmin):  # type: ignore[misc]  # the library is untyped
    """What is sent to the workers. What the farm itself needs can be disabled, not deleted."""

    form = PeriodicTaskForm
    exported = (
        *("id", "name", "task", "enabled", "interval", "crontab", "solar", "clocked", "one_off"),
        *("args", "kwargs", "queue", "start_time", "expires", "last_run_at", "total_run_count"),
    )
    leads = (journal_of("periodictask"),)

    def kept_because(self, row: PeriodicTask) -> str:
        if not is_of_the_farm(row.name):
            return ""
        return f"The farm makes {row.name} whenever it starts. Disable it instead of deleting it."

    @admin.action(description="Enable selected tasks", permissions=("act",))
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, lambda task: True)

    @admin.action(description="Disable selected tasks", permissions=("act",))
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, lambda task: False)

    @admin.action(description="Toggle activity of selected tasks", permissions=("act",))
    def toggle_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, lambda task: not task.enabled)

    @admin.action(description="Run selected tasks", permissions=("act",))
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        # First what was asked for: a message that is sent cannot be taken back.
        with transaction():
            for task in queryset:
                note("run", row=task, changes={"task": task.task}, actor=actor_of(request))
        super().run_tasks(request, queryset)

    def _switch(
        self,
        request: HttpRequest,
        tasks: QuerySet[Any],
        wanted: Callable[[PeriodicTask], bool],
    ) -> None:
        with transaction():
            switched = [
                task for task in _locked(tasks) if _set_enabled(request, task, on=wanted(task))
            ]
            if switched:
                PeriodicTasks.update_changed()
        for task in switched:
            state = "enabled" if task.enabled else "disabled"
            self.message_user(request, f"{task.name} is {state}.", messages.SUCCESS)


def _locked(tasks: QuerySet[Any]) -> list[Any]:
    """The tasks of a list, in one order. Beat may be writing to them."""
    rows = PeriodicTask.objects.filter(pk__in=[task.pk for task in tasks])
    return list(rows.select_for_update(no_key=True).order_by("pk"))


def _set_enabled(request: HttpRequest, task: PeriodicTask, *, on: bool) -> bool:
    """Whether the task was not so already. One that is off forgets when it last ran."""
    if task.enabled == on:
        return False
    before = values_of(task)
    task.enabled = on
    forgotten: dict[str, None] = {} if on else {"last_run_at": None}
    PeriodicTask.objects.filter(pk=task.pk).update(enabled=on, **forgotten)
    changes = difference(before, values_of(task))
    note("changed", row=task, changes=changes, actor=actor_of(request))
    return True


class TasksInline(theirs.PeriodicTaskInline):  # type: ignore[misc]  # the library is untyped
    """What is sent by a schedule, to be read; each task is changed on its own page."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ScheduleAdmin(JournaledAdmin):
    """When something is sent. A schedule goes only when nothing is sent by it any more."""

    inlines = (TasksInline,)

    def kept_because(self, row: Any) -> str:  # noqa: ANN401 - of one of four models
        # Their tasks would be deleted with them, unseen.
        names = row.periodictask_set.order_by("name").values_list("name", flat=True)
        return f"Give another schedule first to: {', '.join(names)}." if names else ""


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(ScheduleAdmin, theirs.ClockedScheduleAdmin):  # type: ignore[misc]  # the library is untyped
    exported = ("id",)
    leads = (journal_of("clockedschedule"),)


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(ScheduleAdmin, theirs.CrontabScheduleAdmin):  # type: ignore[misc]  # the library is untyped
    exported = ("id",)
    leads = (journal_of("crontabschedule"),)


@admin.register(SolarSchedule)
class SolarScheduleAdmin(ScheduleAdmin, theirs.SolarScheduleAdmin):  # type: ignore[misc]  # the library is untyped
    leads = (journal_of("solarschedule"),)


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ScheduleAdmin, theirs.IntervalScheduleAdmin):  # type: ignore[misc]  # the library is untyped
    leads = (journal_of("intervalschedule"),)
