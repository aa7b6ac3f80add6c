"""The first step: what the agents of an execution know, stored once and read back ever after."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db.transaction import atomic

from agents.domain.contexts import DecisionContext, read, render
from agents.models import Context
from agents.selectors.contexts import gather
from agents.selectors.panels import Panel, panel_of
from agents.services.leases import Lease, held


@dataclass(frozen=True)
class Briefing:
    """An execution's context and the panel that is asked about it."""

    execution_id: UUID
    account_id: UUID
    as_of: datetime
    panel: Panel
    context: DecisionContext
    text: str

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that an answer may name."""
        return frozenset(view.symbol for view in self.context.symbols)


def brief(*, lease: Lease) -> Briefing:
    """The execution's context: gathered and stored the first time, read back after that.

    The versions of the agents are fixed with it. Raises LeaseLost.
    """
    with atomic():
        execution = held(lease, "account", "team", "context")
        panel = panel_of(team=execution.team, versions=execution.versions)
        if execution.context is None:
            permission = permission_id(account_id=execution.account_id, panel=panel)
            text = render(gather(execution=execution, permission_id=permission))
            execution.context = _store(text, execution.as_of)
            execution.versions = panel.versions
            execution.save(update_fields=["context", "versions"])
        text = execution.context.text
    return Briefing(
        execution_id=execution.id,
        account_id=execution.account_id,
        as_of=execution.as_of,
        panel=panel,
        context=read(text),
        text=text,
    )


def permission_id(*, account_id: UUID, panel: Panel) -> UUID | None:
    """The id that the proposer's permission on the account has, whether it exists or not."""
    proposer = panel.proposer
    return uuid5(account_id, str(proposer.agent_id)) if proposer else None


def _store(text: str, as_of: datetime) -> Context:
    digest = hashlib.sha256(text.encode()).hexdigest()
    context, _ = Context.objects.get_or_create(
        hash=digest, defaults={"text": text, "as_of": as_of}
    )
    return context
