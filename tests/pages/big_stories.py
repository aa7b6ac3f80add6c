"""What happened on a big farm: thousands of executions, from what woke them to their fills.

Every tenth proposal loses its vote and every tenth is refused by the gate; the rest become orders,
of which three in four are filled. Rows are plain mappings for `copy_rows`, written by the table.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import Model

from agents.domain.states import Choice, ExecutionState, MessageType, Outcome, Purpose
from agents.models import (
    Agent,
    Context,
    Decision,
    Execution,
    Message,
    Proposal,
    ProviderCall,
    Vote,
)
from tests.pages.copying import Row, copy_rows
from tests.pages.farms import MARKET_NOW, Farm, key
from trading.domain.states import OrderState, Side, Source
from trading.models import Assessment, Fill, Order, PaperOrder, PaperTrade
from triggers.models import Firing

Tables = dict[type[Model], list[Row]]
CHECKS = (
    "BUYING_POWER",
    "DAILY_ENTRIES",
    "POSITION_VALUE",
    "PRICE_COLLAR",
    "STALE_PRICE",
    "HALTED",
)
ENDS = (OrderState.FILLED,) * 6 + (OrderState.CANCELED, OrderState.REJECTED)
AT_WORK = (OrderState.OPEN, OrderState.APPROVED, OrderState.UNKNOWN)
AT_ONCE = 1_000
PRICE = Decimal("39.90")
SIZE = Decimal(200)


@dataclass(frozen=True)
class Seats:
    """A team with the permission of the one who proposes; the others vote."""

    team_id: UUID
    session_id: UUID | None
    permission_id: UUID
    proposer: Agent
    voters: Sequence[Agent]


@dataclass(frozen=True)
class Stage:
    """Where stories play: an account with its teams, what they trade and what wakes them."""

    farm: Farm
    teams: Sequence[Seats]
    instrument_ids: Sequence[UUID]
    trigger_ids: Sequence[UUID]


def tell(stage: Stage, *, orders: int, first: int = 0) -> None:
    """Stories until the account has this many more orders; the last few are still at work.

    `first` is the first one's number, a multiple of ten.
    """
    told, number, tables = 0, first, _empty()
    while told < orders:
        told += _story(stage, number, orders - told, tables)
        number += 1
        if number % AT_ONCE == 0:
            tables = _stored(tables)
    _stored(tables)


def _empty() -> Tables:
    return defaultdict(list)


def _stored(tables: Tables) -> Tables:
    for model, rows in tables.items():
        copy_rows(model, rows)
    return _empty()


@dataclass(frozen=True)
class _Told:
    """One story: its number, its account, who takes part, and when."""

    stage: Stage
    number: int
    seats: Seats
    instrument_id: UUID
    left: int
    at: datetime
    as_of: datetime

    def id(self, what: str) -> UUID:
        return key(self.stage.farm.account.id, "big", what, self.number)

    @property
    def side(self) -> Side:
        return Side.BUY if self.number % 2 == 0 else Side.SELL


def _story(stage: Stage, number: int, left: int, tables: Tables) -> int:
    """Add one story's rows; how many orders came of it."""
    told = _Told(
        stage=stage,
        number=number,
        seats=stage.teams[number % len(stage.teams)],
        instrument_id=stage.instrument_ids[number % len(stage.instrument_ids)],
        left=left,
        at=stage.farm.wall - timedelta(minutes=10 * left, seconds=number % 60),
        as_of=MARKET_NOW - timedelta(minutes=20 * left, seconds=number % 60),
    )
    outcome = Outcome.NO_QUORUM if number % 10 == 9 else Outcome.APPROVED
    ordered = outcome is Outcome.APPROVED and number % 10 != 8
    _woken(told, tables)
    _discussed(told, tables)
    if ordered:
        _order(told, tables)
    if outcome is Outcome.APPROVED:
        _assessed(told, tables, ordered=ordered)
    _decided(told, outcome, tables)
    return int(ordered)


def _woken(told: _Told, tables: Tables) -> None:
    account_id, execution_id = told.stage.farm.account.id, told.id("execution")
    triggers = told.stage.trigger_ids
    cause = f"price:{told.number}"
    known = sha256(f"{account_id}{told.number}".encode()).hexdigest()
    text = f"As of {told.as_of}: " + "AAPL 39.90, RSI 14 is 58, above SMA 20 and SMA 50. " * 12
    tables[Context].append({"hash": known, "text": text, "as_of": told.as_of})
    tables[Execution].append(
        {
            "id": execution_id,
            "team_id": told.seats.team_id,
            "account_id": account_id,
            "session_id": told.seats.session_id,
            "cause_key": f"big:{cause}",
            "causes": [{"key": cause, "kind": "price", "title": "AAPL rose", "symbol": "AAPL"}],
            "state": ExecutionState.DECIDED,
            "as_of": told.as_of,
            "context_id": known,
            "versions": {str(told.seats.proposer.id): 1},
            "attempts": 1,
            "queued_at": told.at,
            "started_at": told.at + timedelta(milliseconds=20),
            "ended_at": told.at + timedelta(milliseconds=400),
        }
    )
    firing_id = told.id("firing")
    tables[Firing].append(
        {
            "id": firing_id,
            "trigger_id": triggers[told.number % len(triggers)],
            "cause_key": cause,
            "title": "AAPL rose 2 % against the day's open",
            "evidence": {"last": "39.90", "level": "39.10"},
            "refused": "" if told.number % 15 else "Throttled: 60 executions an hour.",
            "as_of": told.as_of,
            "at": told.at,
        }
    )
    tables[Firing.executions.through].append(
        {"firing_id": firing_id, "execution_id": execution_id}
    )


def _discussed(told: _Told, tables: Tables) -> None:
    seats, execution_id = told.seats, told.id("execution")
    why = "Buy 200 AAPL: RSI 14 is 58, the price is above SMA 20 and SMA 50."
    tables[Proposal].append(
        {
            "id": told.id("proposal"),
            "execution_id": execution_id,
            "proposer_id": seats.proposer.id,
            "instrument_id": told.instrument_id,
            "side": told.side,
            "quantity": SIZE,
            "price": PRICE,
            "stop_loss": Decimal(37),
            "strategy": "momentum",
            "confidence": Decimal("0.64"),
            "reasoning": why,
            "hash": "0" * 64,
            "opened_at": told.at,
            "closes_at": told.at + timedelta(seconds=30),
            "closed_at": told.at + timedelta(milliseconds=300),
        }
    )
    _said(told, tables, seats.proposer, MessageType.PROPOSAL, why, 0)
    _asked(told, tables, seats.proposer, Purpose.DECIDE, 0)
    for place, voter in enumerate(seats.voters, start=1):
        choice = Choice.REJECT if told.number % 10 == 9 and place % 2 else Choice.APPROVE
        said = f"{choice.title()}. The stop costs 0.4 % of equity."
        _said(told, tables, voter, MessageType.VOTE, said, place, choice=choice, veto="")
        _asked(told, tables, voter, Purpose.VOTE, 1)
        tables[Vote].append(
            {
                "proposal_id": told.id("proposal"),
                "voter_id": voter.id,
                "proposal_hash": "0" * 64,
                "choice": choice,
                "reason": said,
                "cast_at": told.at + timedelta(milliseconds=200),
            }
        )


def _said(
    told: _Told,
    tables: Tables,
    sender: Agent | None,
    kind: MessageType,
    content: str,
    place: int,
    **payload: str | None,
) -> None:
    tables[Message].append(
        {
            "id": told.id(f"message {place}"),
            "account_id": told.stage.farm.account.id,
            "execution_id": told.id("execution"),
            "sender_id": sender.id if sender else None,
            "sender_name": sender.name if sender else "Team",
            "recipients": ["all"],
            "message_type": kind,
            "content": content,
            "payload": payload,
            "place": place,
            "as_of": told.as_of,
            "at": told.at + timedelta(milliseconds=place),
        }
    )


def _asked(told: _Told, tables: Tables, agent: Agent, purpose: Purpose, round_: int) -> None:
    tables[ProviderCall].append(
        {
            "execution_id": told.id("execution"),
            "agent_id": agent.id,
            "round": round_,
            "purpose": purpose,
            "provider": agent.provider,
            "request_hash": "2" * 64,
            "request": "You are a careful trader. Answer as JSON. " * 6,
            "reply": '{"decision": "buy", "confidence": 0.64, "reasoning": "The trend rises."}',
            "milliseconds": 12,
            "at": told.at + timedelta(milliseconds=100),
        }
    )


def _order(told: _Told, tables: Tables) -> None:
    farm = told.stage.farm
    at_work = told.left <= len(AT_WORK)
    state = AT_WORK[told.left - 1] if at_work else ENDS[told.number % len(ENDS)]
    filled = SIZE if state is OrderState.FILLED else Decimal(0)
    sent = None if state is OrderState.APPROVED else told.at
    client_order_id = f"big{farm.account.id.hex[:8]}{told.number:08d}"
    tables[Order].append(
        {
            "id": told.id("order"),
            "account_id": farm.account.id,
            "permission_id": told.seats.permission_id,
            "instrument_id": told.instrument_id,
            "intent_key": f"big:{told.number}",
            "client_order_id": client_order_id,
            "source": Source.AGENT,
            "side": told.side,
            "quantity": SIZE,
            "expected_price": PRICE,
            "worst_price": Decimal("40.70"),
            "state": state,
            "reason": "exit_signal" if told.side is Side.SELL else "",
            "strategy": "momentum",
            "confidence": Decimal("0.64"),
            "reasoning": "RSI 14 is 58, the price is above SMA 20 and SMA 50.",
            "decision_id": told.id("decision"),
            "epoch": 0,
            "as_of": told.as_of,
            "approved_at": told.at,
            "expires_at": told.at + timedelta(seconds=30),
            "attempt_at": sent,
            "filled_quantity": filled,
            "filled_value": filled * PRICE,
            "ended_at": None if at_work else told.at,
        }
    )
    if sent:
        _traded(told, client_order_id, filled, tables)


def _traded(told: _Told, client_order_id: str, filled: Decimal, tables: Tables) -> None:
    """The exchange's own records of an order that was sent, and our fill when it traded."""
    account = told.stage.farm.account
    paper_id = account.id.int % 1_000_000_000 * 1_000_000 + told.number
    tables[PaperOrder].append(
        {
            "id": paper_id,
            "client_order_id": client_order_id,
            "account_key": account.id,
            "feed_name": account.feed_id,
            "instrument_key": told.instrument_id,
            "side": told.side,
            "quantity": SIZE,
            "worst_price": Decimal("40.70"),
            "filled_quantity": filled,
            "fee_rate": Decimal("0.001"),
            "slippage_bps": Decimal(2),
            "seed": 1,
            "state": PaperOrder.State.FILLED if filled else PaperOrder.State.CANCELED,
            "placed_at": told.at,
        }
    )
    if not filled:
        return
    amounts = {"quantity": SIZE, "price": PRICE, "fee": Decimal("7.98")}
    moments = {"as_of": told.as_of, "at": told.at}
    trade_id = f"{client_order_id}-1"
    tables[PaperTrade].append({"order_id": paper_id, "trade_id": trade_id} | amounts | moments)
    tables[Fill].append(
        {
            "account_id": account.id,
            "order_id": told.id("order"),
            "permission_id": told.seats.permission_id,
            "instrument_id": told.instrument_id,
            "trade_id": trade_id,
            "side": told.side,
            "value": SIZE * PRICE,
            "realised": Decimal(12) if told.side is Side.SELL else Decimal(0),
        }
        | amounts
        | moments
    )


def _assessed(told: _Told, tables: Tables, *, ordered: bool) -> None:
    denials = [] if ordered else ["DAILY_ENTRIES"]
    checks: list[dict[str, Any]] = [
        {"code": code, "number": "4", "limit": "3", "passed": code not in denials, "room": "0"}
        for code in CHECKS
    ]
    tables[Assessment].append(
        {
            "id": told.id("assessment"),
            "account_id": told.stage.farm.account.id,
            "permission_id": told.seats.permission_id,
            "instrument_id": told.instrument_id,
            "intent_key": f"big:{told.number}",
            "request": {"side": told.side.value, "quantity": "200"},
            "approved": ordered,
            "denials": denials,
            "checks": checks,
            "largest": SIZE if ordered else Decimal(0),
            "order_id": told.id("order") if ordered else None,
            "as_of": told.as_of,
            "at": told.at,
        }
    )


def _decided(told: _Told, outcome: Outcome, tables: Tables) -> None:
    approved = outcome is Outcome.APPROVED
    place = len(told.seats.voters) + 1
    _said(told, tables, None, MessageType.DECISION, outcome.value, place)
    tables[Decision].append(
        {
            "id": told.id("decision"),
            "execution_id": told.id("execution"),
            "proposal_id": told.id("proposal"),
            "outcome": outcome,
            "approvals": 4 if approved else 2,
            "rejections": 0 if approved else 2,
            "quantity": SIZE if approved else Decimal(0),
            "hash": "1" * 64,
            "reason": "As voted." if approved else "2 of the 3 approvals needed.",
            "assessment_id": told.id("assessment") if approved else None,
            "as_of": told.as_of,
            "at": told.at + timedelta(milliseconds=350),
        }
    )
