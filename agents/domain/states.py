"""The words for agents, sessions, executions, messages, votes and decisions."""

from enum import StrEnum


class Role(StrEnum):
    TECHNICAL = "technical"
    FUNDAMENTAL = "fundamental"
    SENTIMENT = "sentiment"
    RISK = "risk"
    EXECUTION = "execution"


class AgentStatus(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ARCHIVED = "ARCHIVED"


class SessionState(StrEnum):
    IDLE = "IDLE"
    ANALYZING = "ANALYZING"
    PROPOSAL = "PROPOSAL"
    RE_ANALYZING = "RE_ANALYZING"
    AUTO_TRADING = "AUTO_TRADING"
    STOPPED = "STOPPED"


class ExecutionState(StrEnum):
    QUEUED = "QUEUED"
    THINKING = "THINKING"
    DECIDED = "DECIDED"
    ABSTAINED = "ABSTAINED"
    FAILED = "FAILED"
    ABANDONED = "ABANDONED"


ENDED = frozenset(ExecutionState) - {ExecutionState.QUEUED, ExecutionState.THINKING}


class MessageType(StrEnum):
    ALERT = "ALERT"
    QUESTION = "QUESTION"
    PROPOSAL = "PROPOSAL"
    VOTE = "VOTE"
    DECISION = "DECISION"
    UPDATE = "UPDATE"


class Choice(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"


class Outcome(StrEnum):
    """How an execution's decision came out."""

    APPROVED = "APPROVED"
    NO_QUORUM = "NO_QUORUM"
    VETOED = "VETOED"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    HOLD = "HOLD"


class Purpose(StrEnum):
    """What a provider was asked for."""

    DECIDE = "decide"
    VOTE = "vote"
