"""What a voter says of a proposal, and the one way from text to that."""

import re
from dataclasses import dataclass
from decimal import Decimal

from agents.domain import fields as read
from agents.domain.fields import Fields
from agents.domain.replies import ParseProblem, Problem, Unusable, find_object
from agents.domain.states import Choice

LONGEST_REASON = 1_000
LONGEST_VETO = 40
VETO_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,39}")


@dataclass(frozen=True)
class Ballot:
    """One voter's choice with its reason.

    `quantity` and `stop_loss` are a smaller size and a tighter stop that an approval asks for.
    `veto` is the code of a veto, which comes with a rejection; empty without one.
    """

    choice: Choice
    reason: str
    quantity: Decimal | None = None
    stop_loss: Decimal | None = None
    veto: str = ""


def parse_ballot(text: str) -> Ballot | ParseProblem:
    """The ballot in a model's reply, or why there is none. Never a guess."""
    try:
        return _ballot(find_object(text, key="choice"))
    except Unusable as unusable:
        return unusable.problem


def _ballot(fields: Fields) -> Ballot:
    choice = Choice(read.word(fields, "choice", [each.value for each in Choice]))
    veto = _veto(fields)
    if veto and choice is not Choice.REJECT:
        raise Unusable(Problem.CONTRADICTION, f'A veto comes with "reject", not "{choice}".')
    approves = choice is Choice.APPROVE
    return Ballot(
        choice=choice,
        reason=read.free_text(fields, "reason", longest=LONGEST_REASON),
        quantity=read.positive(fields, "quantity") if approves else None,
        stop_loss=read.positive(fields, "stop_loss") if approves else None,
        veto=veto,
    )


def _veto(fields: Fields) -> str:
    veto = read.free_text(fields, "veto", longest=LONGEST_VETO)
    if veto and not VETO_CODE.fullmatch(veto):
        raise Unusable(
            Problem.UNKNOWN_WORD, '"veto" must be a code such as "VOLATILITY_TOO_HIGH".'
        )
    return veto
