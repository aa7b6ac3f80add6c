"""Rows that the admin itself adds, changes and deletes, each time with an event in the journal."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tradingfarm.kernel.admin.bases import PlainAdmin, actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import FARM, record, transaction

Values = dict[str, object]


class JournaledAdmin(PlainAdmin):
    """Rows without a service of their own. What changes is on the stream `farm`, before and after.

    The event commits with the change. Rows are deleted one by one, each on its page.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        with writing(request):
            response: HttpResponse = super().changeform_view(
                request, object_id, form_url, extra_context
            )
        return response

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,  # noqa: ANN401 - a row of the admin's model
        form: object,
        change: bool,  # noqa: FBT001 - the signature is Django's
    ) -> None:
        before = values_of(locked(obj)) if change else {}
        # Two who add the same key at once: the second fails, and overwrites nothing.
        obj.save(force_insert=not change)
        note(
            "changed" if change else "created",
            row=obj,
            changes=difference(before, values_of(locked(obj))),
            actor=actor_of(request),
        )

    def kept_because(self, row: Model) -> str:
        """Why a row must not be deleted, in a sentence; "" when it may be."""
        return ""

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        with writing(request):
            row = self.get_object(request, unquote(object_id))
            if row is not None and self.has_delete_permission(request, row):
                # Before anybody is asked to confirm; and under a lock, so that it stays true.
                reason = self.kept_because(locked(row) if request.method == "POST" else row)
                if reason:
                    messages.error(request, reason)
                    return HttpResponseRedirect(self._page_of(row))
            response: HttpResponse = super().delete_view(request, object_id, extra_context)
        return response

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        before = values_of(locked(obj))
        note("deleted", row=obj, changes=difference(before, {}), actor=actor_of(request))
        super().delete_model(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without the deletion of many at once, which asks no row whether it must be kept."""
        actions = super().get_actions(request)
        return {name: action for name, action in actions.items() if name != "delete_selected"}

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> list[Any] | tuple[Any, ...]:
        shown = super().get_readonly_fields(request, obj)
        return (*shown, "leads_to") if self._leads and obj else shown

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        shown = list(super().get_fieldsets(request, obj))
        if not (self._leads and obj) or "leads_to" in flatten_fieldsets(shown):
            return shown
        return [*shown, (None, {"fields": ("leads_to",)})]

    def _page_of(self, row: Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])


def writing(request: HttpRequest) -> AbstractContextManager[None]:
    """The journal's transaction around what may write; a page that is only read needs none."""
    return transaction() if request.method == "POST" else nullcontext()


def locked(row: Model) -> Any:  # noqa: ANN401 - a row of the same model
    """The row as it is stored, which nobody else changes before the transaction has ended."""
    return type(row)._base_manager.select_for_update(no_key=True).get(pk=row.pk)


def values_of(row: Model) -> Values:
    """What people may set of a row, by column, as the database is told it."""
    columns = (column for column in row._meta.concrete_fields if column.editable)
    return {
        column.name: column.get_prep_value(column.value_from_object(row)) for column in columns
    }


def difference(before: Values, after: Values) -> dict[str, Values]:
    """The columns that are not the same, "before" and "after"; empty when all are."""
    names = [
        name
        for name in {**before, **after}
        if name not in before or name not in after or before[name] != after[name]
    ]
    if not names:
        return {}
    return {
        "before": {name: before[name] for name in names if name in before},
        "after": {name: after[name] for name in names if name in after},
    }


def note(verb: str, *, row: Model, changes: Mapping[str, object], actor: str) -> None:
    """Journal, in the open transaction, what was done to a row. No change makes no event."""
    if not changes:
        return
    kind = row._meta.model_name
    record(
        stream=FARM,
        kind=f"{kind}.{verb}",
        actor=actor,
        subject=f"{kind}:{row.pk}",
        payload={"name": str(row), **changes},
        at=SystemClock().now(),
    )
