"""The checks of the risk gate as a table: a question for each, its number, limit and room."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from trading.domain.checks import OVERRIDABLE
from trading.models import Assessment
from tradingfarm.kernel.money import amount, plain

QUESTIONS: Mapping[str, str] = {
    "AGENT_TRADING_ENABLED": "Is trading by agents switched on for the farm?",
    "REAL_MONEY": "May real money be risked?",
    "PERMISSION_ACTIVE": "Is the agent's permission on this account active?",
    "READY": "Does the account agree with its exchange?",
    "HALT_STATE": "Does the account let this order out?",
    "BREAKERS": "Is no circuit breaker tripped that covers it?",
    "SYMBOL_ALLOWED": "May the agent trade this symbol?",
    "STRATEGY_ALLOWED": "May the agent trade by this strategy?",
    "STALE_PRICE": "Is the price fresh enough?",
    "PRICE_COLLAR": "Is the price near enough to the last trade?",
    "TRADING_HOURS": "Is it within trading hours?",
    "VOLATILITY": "Does the instrument swing little enough?",
    "LIQUIDITY": "Is enough of it traded on an average day?",
    "VOLATILITY_INDEX": "Is the whole market calm enough?",
    "ORDER_TERMS": "Do type, prices and time in force fit together?",
    "STOP_REQUIRED": "Is there a stop-loss, and on the right side of the price?",
    "ORDER_SIZE": "Is the order small enough?",
    "POSITION_SIZE": "Is the agent's position small enough after it?",
    "ALLOCATION": "Is the account's whole position small enough after it?",
    "AGENT_ALLOCATION": "Are all of the agent's positions within its part?",
    "SECTOR": "Is the account's whole sector small enough after it?",
    "TAINTED": "May it rest on text from outside?",
    "BUYING_POWER": "Is there cash for the worst that it can cost?",
    "POSITION_HELD": "Is what it sells held and free?",
    "MINIMUM_SIZE": "Is the size large enough, and in whole lots?",
    "DAILY_ENTRIES": "Are entries left today?",
    "ORDER_RATE": "Are few enough orders made in this minute?",
    "COOLDOWN": "Has the agent waited since its last entry?",
    "DAILY_LOSS": "Is the agent's loss of today below the limit?",
    "ACCOUNT_DAILY_LOSS": "Is the account's loss of today below the limit?",
    "DRAWDOWN": "Is the account near enough to its highest worth?",
    "AGENT_PERFORMANCE": "Has the agent not lost too much of late?",
    "OPEN_POSITIONS": "Is there room for another open position?",
    "UNRESOLVED": "Is every earlier order in this symbol accounted for?",
    "DUPLICATE": "Is it unlike what the agent has just ordered?",
    "CONFIRMATION": "Has a person said yes, where one has to?",
}
GROWING = frozenset(
    {
        *("STALE_PRICE", "PRICE_COLLAR", "ORDER_SIZE", "POSITION_SIZE", "ALLOCATION"),
        *("AGENT_ALLOCATION", "SECTOR", "BUYING_POWER", "DAILY_ENTRIES", "DAILY_LOSS"),
        *("ACCOUNT_DAILY_LOSS", "DRAWDOWN", "OPEN_POSITIONS", "VOLATILITY", "VOLATILITY_INDEX"),
    }
)
"""Codes whose number must stay within the limit, so that what is left of it can be said."""
MONEY_CODES = frozenset(
    {
        *("ORDER_SIZE", "POSITION_SIZE", "ALLOCATION", "AGENT_ALLOCATION", "SECTOR"),
        *("BUYING_POWER", "DAILY_LOSS"),
    }
)
MINUS = "\N{MINUS SIGN}"
MEASURE = re.compile(r"(-?[\d,]+(?:\.\d+)?)(?: (s|%))?")


@dataclass(frozen=True)
class CheckRow:
    """One check. `left` is what is left of its limit in the limit's unit, empty without a number.

    `binds` is false for a check that this order is not asked, such as a limit on entries for an
    exit. `largest` is the largest quantity that this check alone would let pass. `overridden`: it
    failed, and a person let this order pass it.
    """

    code: str
    question: str
    number: str
    limit: str
    unit: str
    passed: bool
    binds: bool
    left: str
    largest: Decimal | None
    overridden: bool = False


@dataclass(frozen=True)
class CheckTable:
    """Every check of one requested order, with what the gate made of it.

    `confirmation_id` is where a person is asked, when the gate wants one; `parent_id` is the
    order that goes out in slices.
    """

    assessment_id: UUID
    confirmation_id: UUID | None
    parent_id: UUID | None
    approved: bool
    rows: tuple[CheckRow, ...]
    largest: Decimal
    quantity: Decimal | None
    side: str

    @property
    def failed(self) -> tuple[CheckRow, ...]:
        return tuple(row for row in self.rows if not row.passed)

    @property
    def may_be_overridden(self) -> bool:
        """Whether it was denied by a check that a person can let it pass."""
        return any(row.code in OVERRIDABLE for row in self.failed)

    @property
    def overridden(self) -> int:
        """How many a person let it pass."""
        return sum(row.overridden for row in self.rows)

    @property
    def count(self) -> int:
        return len(self.rows)


def check_table(
    assessment: Assessment, *, currency: str, confirmation_id: UUID | None = None
) -> CheckTable:
    """The checks in the order in which the gate ran them, the failed and overridden ones first."""
    rows = [_row(check, currency) for check in assessment.checks]
    quantity = assessment.request.get("quantity")
    return CheckTable(
        assessment_id=assessment.id,
        confirmation_id=confirmation_id,
        parent_id=assessment.parent_id,
        approved=assessment.approved,
        rows=tuple(sorted(rows, key=lambda row: (row.passed, not row.overridden))),
        largest=assessment.largest,
        quantity=amount(quantity) if quantity else None,
        side=str(assessment.request.get("side", "")),
    )


def _row(check: Mapping[str, object], currency: str) -> CheckRow:
    code, number = str(check.get("code", "")), str(check.get("number", ""))
    limit, room = str(check.get("limit", "")), check.get("room")
    return CheckRow(
        code=code,
        question=QUESTIONS.get(code, code.replace("_", " ").capitalize()),
        number=number,
        limit=limit,
        unit=currency if code in MONEY_CODES else "",
        passed=bool(check.get("passed")),
        binds=bool(limit) or number not in ("entry", "exit"),
        left=_left(number, limit) if code in GROWING else "",
        largest=amount(str(room)) if room is not None else None,
        overridden=bool(check.get("overridden")),
    )


def _left(number: str, limit: str) -> str:
    """What is left between two numbers of one unit; empty where they are not such."""
    used, most = MEASURE.fullmatch(number), MEASURE.fullmatch(limit)
    if used is None or most is None or used[2] != most[2]:
        return ""
    left = _number(most[1]) - _number(used[1])
    text = (
        f"{left:,.2f}".replace("-", MINUS)
        if "." in most[1] and not most[2]
        else plain(left).replace("-", MINUS)
    )
    return f"{text} {most[2]}" if most[2] else text


def _number(text: str) -> Decimal:
    return amount(text.replace(",", ""))
