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
    Team,
    TradingSession,
    Vote,
)
from agents.services.sessions import stop_session
from agents.services.teams import CONFIGURATION, TEAM_FIELDS, update_agent, update_team
from tradingfarm.kernel.admin import RecordAdmin, ServiceAdmin, actor_of
from tradingfarm.kernel.clock import SystemClock


@admin.register(Agent)
class AgentAdmin(ServiceAdmin):
    """Saving makes a new version and a journal event."""

    list_display = ("name", "role", "provider", "model", "status", "version", "owner")
    list_filter = ("role", "provider", "status")
    list_select_related = ("owner",)
    search_fields = ("name", "description", "system_prompt", "strategy_prompt")
    date_hierarchy = "created_at"
    fields = (*CONFIGURATION, "owner", "version", "created_at")
    readonly_fields = ("owner", "version", "created_at")

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
    date_hierarchy = "created_at"
    fields = (*TEAM_FIELDS, "owner", "coordination", "created_at")
    readonly_fields = ("owner", "coordination", "created_at")
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
    list_display = ("agent", "version", "changed_by", "at")
    list_filter = ("agent",)
    list_select_related = ("agent",)
    search_fields = ("agent__name", "changed_by")
    date_hierarchy = "at"


@admin.register(TradingSession)
class TradingSessionAdmin(RecordAdmin):
    list_display = ("team", "account", "state", "accepted_by", "started_at", "stopped_at")
    list_filter = ("state",)
    list_select_related = ("team", "account")
    search_fields = ("team__name", "account__name", "accepted_by")
    date_hierarchy = "started_at"
    actions = ("stop",)

    @admin.action(description="Stop automatic trading; protections stay")
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
    list_display = ("as_of", "team", "account", "state", "cause_key", "problem", "attempts")
    list_filter = ("state", "team", "account")
    list_select_related = ("team", "account")
    search_fields = ("id", "cause_key", "problem")
    date_hierarchy = "as_of"
    ordering = ("-as_of",)


@admin.register(Context)
class ContextAdmin(RecordAdmin):
    list_display = ("hash", "as_of")
    search_fields = ("hash",)
    date_hierarchy = "as_of"


@admin.register(ProviderCall)
class ProviderCallAdmin(RecordAdmin):
    """Every question and answer. Ballots are secret until their vote has closed."""

    list_display = ("at", "agent", "purpose", "provider", "model", "problem", "milliseconds")
    list_filter = ("purpose", "provider", "agent")
    list_select_related = ("agent",)
    search_fields = ("execution__id", "request_hash", "problem")
    date_hierarchy = "at"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderCall]:
        secret = Q(purpose=Purpose.VOTE, execution__proposal__closed_at=None)
        return ProviderCall.objects.exclude(secret)


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = ("as_of", "sender_name", "message_type", "content", "account")
    list_filter = ("message_type", "sender_name", "account")
    list_select_related = ("account",)
    search_fields = ("content", "execution__id")
    date_hierarchy = "as_of"
    ordering = ("-at", "-place")


@admin.register(Proposal)
class ProposalAdmin(RecordAdmin):
    list_display = ("opened_at", "proposer", "side", "quantity", "instrument", "strategy")
    list_filter = ("side", "strategy", "instrument")
    list_select_related = ("proposer", "instrument")
    search_fields = ("id", "execution__id", "hash", "reasoning")
    date_hierarchy = "opened_at"
    ordering = ("-opened_at",)


@admin.register(Vote)
class VoteAdmin(RecordAdmin):
    """Ballots of closed votes; an open one is secret, here too."""

    list_display = ("cast_at", "voter", "choice", "quantity", "stop_loss", "veto", "proposal")
    list_filter = ("choice", "voter", "veto")
    list_select_related = ("voter", "proposal")
    search_fields = ("proposal__id", "proposal__execution__id", "reason")
    date_hierarchy = "cast_at"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vote]:
        return Vote.objects.filter(proposal__closed_at__isnull=False)


@admin.register(Decision)
class DecisionAdmin(RecordAdmin):
    list_display = ("as_of", "outcome", "approvals", "rejections", "abstentions", "quantity")
    list_filter = ("outcome",)
    search_fields = ("id", "execution__id", "hash", "reason")
    date_hierarchy = "as_of"
    ordering = ("-as_of",)
