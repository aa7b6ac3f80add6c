"""What was asked of providers and what they answered, as untrusted text."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.answers import Answer, Wish, parse_answer
from agents.domain.ballots import Ballot, parse_ballot
from agents.domain.replies import ParseProblem
from agents.models import Execution, ProviderCall
from agents.services.calls import Round, text_of
from tradingfarm.kernel.money import plain
from tradingfarm.pages.dashboard.speakers import Speaker

RULES = "rules"
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Question:
    """The exact text of a question. `context` is empty where it was the stored one, word for word.

    `whole` holds the text as it is stored where it cannot be taken apart.
    """

    hash: str
    system: str = ""
    prompt: str = ""
    proposal: str = ""
    repair: str = ""
    context: str = ""
    temperature: str = ""
    max_tokens: str = ""
    whole: str = ""


@dataclass(frozen=True)
class Told:
    """One question to one agent with its answer.

    `words` is the answer in short, empty where it could not be used: `problem` says why then.
    `version` is that of the agent which was asked, None where it is not known any more.
    """

    id: int
    agent_id: UUID
    speaker: Speaker
    version: int | None
    round: Round
    is_rules: bool
    model: str
    asked_for: str
    dollars: Decimal
    dollars_known: bool
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    milliseconds: int
    at: datetime
    words: str
    problem: str
    confidence_pct: Decimal | None
    risk: str
    strategy: str
    reasoning: str
    question: Question
    reply: str

    @property
    def is_repair(self) -> bool:
        return self.round is Round.REPAIR


def told(*, call: ProviderCall, execution: Execution, symbols: Collection[str]) -> Told:
    """One stored call; `symbols` are those that an answer may name."""
    answer = _understood(call, symbols)
    spoken = answer if isinstance(answer, Answer) else None
    return Told(
        id=call.pk,
        agent_id=call.agent_id,
        speaker=Speaker(call.agent.name, call.agent.colour, call.agent.icon),
        version=execution.versions.get(str(call.agent_id)),
        round=Round(call.round),
        is_rules=call.provider == RULES,
        model=_model(call),
        asked_for=call.model,
        dollars=call.dollars,
        dollars_known=call.dollars_known,
        input_tokens=call.input_tokens,
        cached_tokens=call.cache_read_tokens,
        output_tokens=call.output_tokens,
        milliseconds=call.milliseconds,
        at=call.at,
        words=_words(answer),
        problem=_problem(answer),
        confidence_pct=spoken.confidence * HUNDRED if spoken else None,
        risk=spoken.risk_assessment.value if spoken else "",
        strategy=spoken.strategy.replace("_", " ") if spoken else "",
        reasoning=_reasoning(answer),
        question=_question(call, execution),
        reply=call.reply,
    )


def _understood(call: ProviderCall, symbols: Collection[str]) -> Answer | Ballot | ParseProblem:
    reply = text_of(call.reply, call.problem)
    if isinstance(reply, ParseProblem):
        return reply
    if call.round == Round.VOTE:
        return parse_ballot(reply)
    return parse_answer(reply, allowed_symbols=symbols)


def _model(call: ProviderCall) -> str:
    """Who answered, as people say it."""
    if call.provider == RULES:
        return "built-in rules, no model"
    return f"{call.provider}, {call.answered_by or call.model or 'model not named'}"


def _words(answer: Answer | Ballot | ParseProblem) -> str:
    match answer:
        case Answer(decision=Wish.HOLD):
            return f"Hold {answer.symbol}".strip()
        case Answer():
            return f"{answer.decision.title()} {plain(answer.quantity)} {answer.symbol}"
        case Ballot():
            return answer.choice.title()
    return ""


def _problem(answer: Answer | Ballot | ParseProblem) -> str:
    return answer.sentence if isinstance(answer, ParseProblem) else ""


def _reasoning(answer: Answer | Ballot | ParseProblem) -> str:
    match answer:
        case Answer():
            return answer.reasoning
        case Ballot():
            return answer.reason
    return ""


def _question(call: ProviderCall, execution: Execution) -> Question:
    try:
        parts = json.loads(call.request)
    except json.JSONDecodeError:
        return Question(hash=call.request_hash, whole=call.request)
    if not isinstance(parts, dict):
        return Question(hash=call.request_hash, whole=call.request)
    stored = execution.context.text if execution.context else ""
    context = str(parts.get("context", ""))
    return Question(
        hash=call.request_hash,
        system=str(parts.get("system", "")),
        prompt=str(parts.get("prompt", "")),
        proposal=str(parts.get("proposal", "")),
        repair=str(parts.get("repair", "")),
        context="" if context == stored else context,
        temperature=str(parts.get("temperature", "")),
        max_tokens=str(parts.get("max_tokens", "")),
    )
