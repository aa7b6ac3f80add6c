from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from agents.domain.states import Purpose
from agents.models import (
    Agent,
    AgentVersion,
    Context,
    Decision,
    Execution,
    Member,
    Message,
    Proposal,
    ProviderCall,
    Spending,
    Team,
    TradingSession,
    Vote,
)
from agents.services.sessions import stop_session
from agents.services.teams import CONFIGURATION, TEAM_FIELDS, update_agent, update_team
from trading.models import Account, Assessment
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


@admin.register(Agent)
class AgentAdmin(ServiceAdmin):
    """Saving makes a new version and a journal event."""

    list_display = ("name", "role", "provider", "model", "status", "version", "owner")
    list_filter = ("role", "provider", "status")
    list_select_related = ("owner",)
    search_fields = ("name", "description", "system_prompt", "strategy_prompt")
    ordering = ("owner", "name")
    leads = (
        Lead("Versions", "agents_agentversion", "agent__id__exact"),
        Lead("Questions and answers", "agents_providercall", "agent__id__exact"),
        Lead("Proposals", "agents_proposal", "proposer__id__exact"),
        Lead("Votes", "agents_vote", "voter__id__exact"),
        Lead("Spending", "agents_spending", "agent__id__exact"),
        Lead("Permissions", "trading_permission", "agent_id__exact"),
        journal_of("agent"),
    )
    fields = (*CONFIGURATION, "owner", "version", "created_at")
    readonly_fields = ("owner", "version", "created_at")
    exported = ("id",)

    def save_model(
        self,
        request: HttpRequest,
        obj: Agent,
        form: ModelForm[Agent],
        change: bool,  # noqa: FBT001 - the signature is Django's
    ) -> None:
        update_agent(
            agent_id=obj.pk,
            changes={name: form.cleaned_data[name] for name in form.changed_data},
            actor=actor_of(request),
            at=SystemClock().now(),
        )


class MemberInline(admin.TabularInline[Member, Team]):
    model = Member
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(ServiceAdmin):
    list_display = ("name", "owner", "coordination", "quorum", "vote_timeout_seconds")
    list_filter = ("coordination",)
    list_select_related = ("owner",)
    search_fields = ("name",)
    ordering = ("owner", "name")
    leads = (
        Lead("Sessions", "agents_tradingsession", "team__id__exact"),
        Lead("Executions", "agents_execution", "team__id__exact"),
        journal_of("team"),
    )
    fields = (*TEAM_FIELDS, "owner", "coordination", "created_at")
    readonly_fields = ("owner", "coordination", "created_at")
    exported = ("id",)
    inlines = (MemberInline,)

    def save_model(
        self,
        request: HttpRequest,
        obj: Team,
        form: ModelForm[Team],
        change: bool,  # noqa: FBT001 - the signature is Django's
    ) -> None:
        update_team(
            team_id=obj.pk,
            changes={name: form.cleaned_data[name] for name in form.changed_data},
            actor=actor_of(request),
            at=SystemClock().now(),
        )


@admin.register(AgentVersion)
class AgentVersionAdmin(RecordAdmin):
    list_display = ("at", "agent", "version", "changed_by")
    list_filter = (("agent", FewFilter),)
    list_select_related = ("agent",)
    search_fields = ("agent__id", "agent__name")
    moment = "at"


@admin.register(Spending)
class SpendingAdmin(RecordAdmin):
    list_display = ("day", "agent", "spent", "reserved")
    list_filter = (("agent", FewFilter),)
    list_select_related = ("agent",)
    search_fields = ("agent__id", "agent__name")
    moment = "day"


@admin.register(TradingSession)
class TradingSessionAdmin(RecordAdmin):
    list_display = (
        "started_at",
        "team",
        "account",
        "state",
        "accepted_by",
        "stopped_at",
        "stop_reason",
    )
    list_filter = ("state", ("team", FewFilter), ("account", FewFilter))
    list_select_related = ("team", "account")
    search_fields = ("id", "team__name", "account__name")
    moment = "started_at"
    actions = ("stop",)
    leads = (
        Lead("Executions", "agents_execution", "session__id__exact"),
        journal_of("session"),
    )

    @admin.action(description="Stop automatic trading; protections stay", permissions=("act",))
    def stop(self, request: HttpRequest, sessions: QuerySet[TradingSession]) -> None:
        for session in sessions:
            stop_session(
                session=session,
                reason="Stopped in the admin",
                actor=actor_of(request),
                at=SystemClock().now(),
            )
            self.message_user(request, "The session is stopped.", messages.SUCCESS)


@admin.register(Execution)
class ExecutionAdmin(RecordAdmin):
    list_display = (
        "queued_at",
        "team",
        "account",
        "state",
        "cause_key",
        "problem",
        "attempts",
        "as_of",
        "ended_at",
    )
    list_filter = ("state", ("team", FewFilter), ("account", FewFilter))
    list_select_related = ("team", "account")
    search_fields = ("id", "team__name", "account__name")
    moment = "queued_at"
    leads = (
        Lead("Questions and answers", "agents_providercall", "execution__id__exact"),
        Lead("Conversation", "agents_message", "execution__id__exact"),
        Lead("Proposal", "agents_proposal", "execution__id__exact"),
        Lead("Votes", "agents_vote", "proposal__execution__id__exact"),
        Lead("Decision", "agents_decision", "execution__id__exact"),
        journal_of("execution"),
    )


@admin.register(Context)
class ContextAdmin(RecordAdmin):
    list_display = ("hash", "as_of")
    search_fields = ("hash",)
    moment = "as_of"
    leads = (Lead("Executions", "agents_execution", "context__hash__exact"),)


def open_votes(column: str) -> QuerySet[Proposal, dict[str, Any]]:
    """Of the few proposals that are being voted on: their ids, or whose they are."""
    rows: QuerySet[Proposal, dict[str, Any]] = Proposal.objects.filter(closed_at=None).values(
        column
    )
    return rows


@admin.register(ProviderCall)
class ProviderCallAdmin(RecordAdmin):
    """Every question and answer. Ballots are secret until their vote has closed."""

    list_display = (
        "at",
        "agent",
        "purpose",
        "provider",
        "model",
        "problem",
        "input_tokens",
        "output_tokens",
        "dollars",
        "milliseconds",
        "execution_id",
    )
    list_filter = ("purpose", ("agent", FewFilter), "dollars_known")
    list_select_related = ("agent",)
    search_fields = ("execution__id", "agent__name")
    moment = "at"
    points_to = {"execution_id": "execution"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderCall]:
        asked_in_open_votes = Q(purpose=Purpose.VOTE, execution__in=open_votes("execution"))
        return ProviderCall.objects.exclude(asked_in_open_votes)


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = ("at", "sender_name", "message_type", "content", "account", "execution_id")
    list_filter = ("message_type", ("sender", FewFilter), ("account", FewFilter))
    list_select_related = ("account",)
    search_fields = ("id", "execution__id", "sender__name")
    moment = "at"
    points_to = {"execution_id": "execution"}


@admin.register(Proposal)
class ProposalAdmin(RecordAdmin):
    list_display = (
        "opened_at",
        "proposer",
        "side",
        "quantity",
        "instrument",
        "price",
        "strategy",
        "confidence",
        "closed_at",
        "execution_id",
    )
    list_filter = ("side", ("proposer", FewFilter), ("instrument", FewFilter))
    list_select_related = ("proposer", "instrument")
    search_fields = ("id", "execution__id", "instrument__symbol")
    moment = "opened_at"
    points_to = {"execution_id": "execution"}
    leads = (
        Lead("Votes", "agents_vote", "proposal__id__exact"),
        Lead("Decision", "agents_decision", "proposal__id__exact"),
    )


@admin.register(Vote)
class VoteAdmin(RecordAdmin):
    """Ballots of closed votes; an open one is secret, here too."""

    list_display = (
        "cast_at",
        "voter",
        "choice",
        "quantity",
        "stop_loss",
        "veto",
        "reason",
        "proposal_id",
    )
    list_filter = ("choice", ("voter", FewFilter), ("veto", admin.EmptyFieldListFilter))
    list_select_related = ("voter",)
    search_fields = ("proposal__id", "proposal__execution__id", "voter__name")
    moment = "cast_at"
    points_to = {"proposal_id": "proposal"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vote]:
        return Vote.objects.exclude(proposal__in=open_votes("pk"))


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    list_display = (
        "at",
        "outcome",
        "approvals",
        "rejections",
        "abstentions",
        "quantity",
        "reason",
        "execution_id",
        "assessment_id",
    )
    list_filter = ("outcome",)
    search_fields = ("id", "execution__id", "assessment__id")
    moment = "at"
    points_to = {"execution_id": "execution", "assessment_id": "assessment"}


add_leads(Account, Lead("Executions", "agents_execution", "account__id__exact"))
add_leads(Account, Lead("Conversation", "agents_message", "account__id__exact"))
add_leads(Account, Lead("Sessions", "agents_tradingsession", "account__id__exact"))
add_leads(Assessment, Lead("Decision", "agents_decision", "assessment__id__exact"))
