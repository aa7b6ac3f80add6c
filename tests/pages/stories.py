"""What happens on a farm: turns of conversation, orders, fills, positions, refusals."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.states import Choice, ExecutionState, MessageType, Outcome
from agents.models import Decision, Execution, Message, Proposal
from tests.pages.farms import MARKET_NOW, PRICES, Farm, add_equity, key
from trading.domain.states import OrderState, ProtectionKind, ProtectionState, Side, Source
from trading.models import Assessment, Fill, Order, Position, PositionShare, Protection

Ballot = tuple[str, Choice, str]
FOR_ALL: Sequence[Ballot] = (
    (
        "Fundamental",
        Choice.APPROVE,
        "The 200-day trend rises (0.4 % a day). Only prices are known.",
    ),
    (
        "Sentiment",
        Choice.APPROVE,
        "Volume is 1.3 times its average and three of four stocks rise.",
    ),
    ("Risk", Choice.APPROVE, "The stop costs 0.4 % of equity; volatility is 31 % a year."),
    ("Execution", Choice.APPROVE, "The spread is 5 basis points, the size 0.01 % of the volume."),
)
SPLIT: Sequence[Ballot] = (
    ("Fundamental", Choice.REJECT, "28 % below the high of 250 days, and the long trend falls."),
    ("Sentiment", Choice.ABSTAIN, "Too little volume today to tell."),
    ("Risk", Choice.APPROVE, "The stop costs 0.5 % of equity."),
    ("Execution", Choice.APPROVE, "The spread is 6 basis points."),
)


def moment(farm: Farm) -> tuple[datetime, datetime]:
    """The next moment of market time and of wall time; every call moves on."""
    farm.number += 1
    return (
        MARKET_NOW - timedelta(hours=40 - farm.number),
        farm.wall - timedelta(seconds=120 - farm.number),
    )


def make_execution(farm: Farm, *, cause: str) -> Execution:
    as_of, at = moment(farm)
    return Execution.objects.create(
        id=key(farm.account.id, "execution", farm.number),
        team=farm.team,
        account=farm.account,
        cause_key=f"price:{farm.number}",
        causes=[
            {"key": f"price:{farm.number}", "kind": "price", "title": cause, "symbol": "AAPL"}
        ],
        state=ExecutionState.DECIDED,
        as_of=as_of,
        queued_at=at,
    )


def say(
    farm: Farm,
    execution: Execution,
    kind: MessageType,
    sender: str,
    text: str,
    **payload: str | None,
) -> Message:
    place = Message.objects.filter(execution=execution).count()
    return Message.objects.create(
        id=key(execution.id, "message", place),
        account=farm.account,
        execution=execution,
        sender=farm.agents.get(sender),
        sender_name=sender,
        recipients=["all"],
        message_type=kind,
        content=text,
        payload=payload,
        place=place,
        as_of=execution.as_of,
        at=execution.queued_at + timedelta(milliseconds=place),
    )


def propose(
    farm: Farm,
    execution: Execution,
    *,
    symbol: str,
    side: Side,
    quantity: int,
    stop: str,
    why: str,
) -> Proposal:
    proposal = Proposal.objects.create(
        id=key(execution.id, "proposal"),
        execution=execution,
        proposer=farm.agents["Technical"],
        instrument=farm.instruments[symbol],
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(PRICES[symbol]),
        stop_loss=Decimal(stop) if stop else None,
        strategy="momentum",
        confidence=Decimal("0.64"),
        reasoning=why,
        hash="0" * 64,
        opened_at=execution.queued_at,
        closes_at=execution.queued_at,
    )
    say(farm, execution, MessageType.PROPOSAL, "Technical", why)
    return proposal


def vote(
    farm: Farm, proposal: Proposal, ballots: Sequence[Ballot], *, at_most: int | None
) -> None:
    """The closing of a vote: each seat's ballot as a message."""
    for voter, choice, reason in ballots:
        wish = str(at_most) if at_most and voter == "Risk" else None
        vetoes = voter == "Risk" and choice is Choice.REJECT
        say(
            farm,
            proposal.execution,
            MessageType.VOTE,
            voter,
            f"{choice.title()}. {reason}",
            choice=choice.value,
            quantity=wish,
            veto="VOLATILITY_TOO_HIGH" if vetoes else "",
        )


def decide(
    farm: Farm,
    proposal: Proposal,
    outcome: Outcome,
    ballots: Sequence[Ballot],
    *,
    quantity: int = 0,
    assessment: Assessment | None = None,
) -> Decision:
    choices = [choice for _, choice, _ in ballots]
    decision = Decision.objects.create(
        id=key(proposal.id, "decision"),
        execution=proposal.execution,
        proposal=proposal,
        outcome=outcome,
        approvals=choices.count(Choice.APPROVE),
        rejections=choices.count(Choice.REJECT),
        abstentions=choices.count(Choice.ABSTAIN),
        quantity=Decimal(quantity),
        stop_loss=proposal.stop_loss,
        hash="1" * 64,
        reason="2 of the 3 approvals needed." if outcome is Outcome.NO_QUORUM else "As voted.",
        assessment=assessment,
        as_of=proposal.execution.as_of,
        at=proposal.execution.queued_at,
    )
    say(farm, proposal.execution, MessageType.DECISION, farm.team.name, outcome.value)
    if assessment:
        say(
            farm,
            proposal.execution,
            MessageType.UPDATE,
            "Execution",
            "The risk gate has answered.",
        )
    return decision


def make_order(
    farm: Farm, *, symbol: str, side: Side, quantity: int, price: str, state: OrderState
) -> Order:
    as_of, at = moment(farm)
    filled = Decimal(quantity) if state is OrderState.FILLED else Decimal(0)
    sent = None if state is OrderState.APPROVED else at
    return Order.objects.create(
        id=key(farm.account.id, "order", farm.number),
        account=farm.account,
        permission=farm.permission,
        instrument=farm.instruments[symbol],
        intent_key=f"intent-{farm.number}",
        client_order_id=f"tfp{farm.account.id.hex[:8]}{farm.number:06d}",
        source=Source.AGENT,
        side=side,
        quantity=Decimal(quantity),
        expected_price=Decimal(price),
        worst_price=Decimal(price) * Decimal("1.02"),
        state=state,
        strategy="momentum",
        reason="roi" if side is Side.SELL else "",
        epoch=0,
        as_of=as_of,
        approved_at=at,
        attempt_at=sent,
        expires_at=at,
        filled_quantity=filled,
        filled_value=filled * Decimal(price),
    )


def fill(farm: Farm, order: Order, *, price: str, realised: str = "0") -> Fill:
    return Fill.objects.create(
        account=farm.account,
        order=order,
        permission=farm.permission,
        instrument=order.instrument,
        trade_id=f"trade-{farm.number}",
        side=order.side,
        quantity=order.quantity,
        price=Decimal(price),
        value=Decimal(price) * order.quantity,
        fee=Decimal(price) * order.quantity / 1000,
        realised=Decimal(realised),
        as_of=order.as_of,
        at=order.approved_at,
    )


def assess(
    farm: Farm,
    *,
    symbol: str,
    quantity: int,
    order: Order | None = None,
    denied: Sequence[str] = (),
) -> Assessment:
    as_of, at = moment(farm)
    found = {"DAILY_ENTRIES": ("4", "3"), "BUYING_POWER": ("8,112.40", "5,200.00")}
    return Assessment.objects.create(
        id=key(farm.account.id, "assessment", farm.number),
        account=farm.account,
        permission=farm.permission,
        instrument=farm.instruments[symbol],
        intent_key=f"assessed-{farm.number}",
        request={"side": "buy", "quantity": str(quantity)},
        approved=order is not None,
        denials=list(denied),
        checks=[
            {"code": code, "number": number, "limit": limit, "passed": False}
            for code, (number, limit) in found.items()
        ],
        largest=Decimal(0),
        order=order,
        as_of=as_of,
        at=at,
    )


def hold(
    farm: Farm, *, symbol: str, quantity: int, cost: str, stop: str = "", target: str = ""
) -> Position:
    """An open position with its agent's share and the protections that have a price."""
    instrument = farm.instruments[symbol]
    entry = make_order(
        farm, symbol=symbol, side=Side.BUY, quantity=quantity, price=cost, state=OrderState.FILLED
    )
    total = Decimal(cost) * quantity
    position = Position.objects.create(
        account=farm.account, instrument=instrument, quantity=Decimal(quantity), cost=total
    )
    share = PositionShare.objects.create(
        position=position, permission=farm.permission, quantity=Decimal(quantity), cost=total
    )
    for kind, price in ((ProtectionKind.STOP_LOSS, stop), (ProtectionKind.TAKE_PROFIT, target)):
        if price:
            Protection.objects.create(
                id=key(entry.id, kind),
                account=farm.account,
                share=share,
                instrument=instrument,
                entry=entry,
                kind=kind,
                price=Decimal(price),
                state=ProtectionState.ARMED,
                armed_at=farm.wall,
            )
    farm.account.cash -= total
    farm.account.save()
    fill(farm, entry, price=cost)
    return position


def buy_after_a_vote(farm: Farm, *, symbol: str, quantity: int, price: str) -> Decision:
    """The whole line: woken, proposed, voted, decided, ordered, filled."""
    execution = make_execution(farm, cause=f"{symbol} rose 2 % against the day's open")
    why = (
        f"Buy {quantity} {symbol}: RSI 14 is 58, the price is above SMA 20 and SMA 50,"
        " MACD crossed above its signal two days ago."
    )
    proposal = propose(
        farm, execution, symbol=symbol, side=Side.BUY, quantity=quantity, stop="37.10", why=why
    )
    vote(farm, proposal, FOR_ALL, at_most=quantity - 40)
    order = make_order(
        farm,
        symbol=symbol,
        side=Side.BUY,
        quantity=quantity - 40,
        price=price,
        state=OrderState.FILLED,
    )
    fill(farm, order, price=price)
    assessment = assess(farm, symbol=symbol, quantity=quantity - 40, order=order)
    return decide(
        farm, proposal, Outcome.APPROVED, FOR_ALL, quantity=quantity - 40, assessment=assessment
    )


def refused_by_the_gate(farm: Farm) -> Decision:
    execution = make_execution(farm, cause="Every trading day at 15:45")
    proposal = propose(
        farm,
        execution,
        symbol="MSFT",
        side=Side.BUY,
        quantity=320,
        stop="24.20",
        why="Buy 320 MSFT: an oversold rebound, RSI 14 rose from 27 to 33 above the lower band.",
    )
    vote(farm, proposal, FOR_ALL, at_most=None)
    assessment = assess(
        farm, symbol="MSFT", quantity=320, denied=["DAILY_ENTRIES", "BUYING_POWER"]
    )
    return decide(farm, proposal, Outcome.APPROVED, FOR_ALL, quantity=320, assessment=assessment)


def lost_vote(farm: Farm) -> Decision:
    execution = make_execution(farm, cause="IBM fell below 92.50")
    proposal = propose(
        farm,
        execution,
        symbol="IBM",
        side=Side.BUY,
        quantity=110,
        stop="89.00",
        why="Buy 110 IBM: a dip of 2.1 ATR within the band of the last year.",
    )
    vote(farm, proposal, SPLIT, at_most=None)
    return decide(farm, proposal, Outcome.NO_QUORUM, SPLIT)


def make_busy(farm: Farm, *, turns: int = 4) -> Farm:
    """A farm in the middle of a day: everything that the dashboard can show."""
    add_equity(farm)
    hold(farm, symbol="AAPL", quantity=560, cost="38.72", stop="36.90", target="44.20")
    hold(farm, symbol="GOOG", quantity=118, cost="181.04", stop="172.00", target="196.50")
    hold(farm, symbol="IBM", quantity=140, cost="91.87")
    for number in range(turns):
        buy_after_a_vote(farm, symbol="AAPL", quantity=200 + number * 20, price="39.90")
        lost_vote(farm)
    refused_by_the_gate(farm)
    quiet = make_execution(farm, cause="GOOG rose above 175")
    say(farm, quiet, MessageType.UPDATE, "Technical", "Hold: nothing is clear in GOOG today.")
    say(farm, quiet, MessageType.ALERT, "Risk", "Volatility of GOOG doubled within five days.")
    sale = make_order(
        farm, symbol="MSFT", side=Side.SELL, quantity=300, price="25.40", state=OrderState.FILLED
    )
    fill(farm, sale, price="25.40", realised="212.35")
    loss = make_order(
        farm, symbol="IBM", side=Side.SELL, quantity=80, price="90.02", state=OrderState.FILLED
    )
    fill(farm, loss, price="90.02", realised="-148.00")
    for state in (OrderState.OPEN, OrderState.APPROVED, OrderState.UNKNOWN):
        make_order(farm, symbol="GOOG", side=Side.BUY, quantity=24, price="175.51", state=state)
    farm.account.day_start_equity = Decimal("101250.00")
    farm.account.save()
    return farm
