"""The tally: from a proposal and its ballots to what was decided. The order of ballots is nothing.

A vote binds the exact order it was asked about, by hash. Whoever approves approves every stricter
order, so an approval may ask for a smaller size or a tighter stop; a wider wish is not heard.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from agents.domain.ballots import Ballot
from agents.domain.states import Choice, Outcome
from trading.domain.states import Side
from tradingfarm.kernel.canonical import digest
from tradingfarm.kernel.money import floor_to_step, plain


@dataclass(frozen=True)
class ProposedOrder:
    """An order that an agent wants. `price` is what one share cost when it was proposed.

    Without a limit price it is a market order. `trailing_pct` is in percent below the highest.
    """

    execution_id: UUID
    proposer_id: UUID
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    limit_price: Decimal | None = None
    trailing_pct: Decimal | None = None

    def hash(self) -> str:
        """Names this exact order; any other size, stop or execution has another hash."""
        return digest(self)


@dataclass(frozen=True)
class Voter:
    """A seat with a ballot. `may_veto` is the right to end a proposal alone."""

    agent_id: UUID
    name: str
    may_veto: bool = False


@dataclass(frozen=True)
class CastBallot:
    """A ballot with who cast it and the hash of the order that it speaks of."""

    voter_id: UUID
    proposal_hash: str
    ballot: Ballot


@dataclass(frozen=True)
class Counts:
    """Seats by what they said; silence is an abstention. `ignored` counts ballots, not seats."""

    approvals: int = 0
    rejections: int = 0
    abstentions: int = 0
    ignored: int = 0


@dataclass(frozen=True)
class Tally:
    """The outcome, the order decided on (None without one), and why in sentences."""

    outcome: Outcome
    counts: Counts
    order: ProposedOrder | None
    reasons: tuple[str, ...]


@dataclass
class _Count:
    """The ballots that count, one for each seat, and what was said on the way there."""

    ballots: dict[UUID, Ballot] = field(default_factory=dict)
    ignored: int = 0
    reasons: list[str] = field(default_factory=list)


def tally(
    *,
    proposal: ProposedOrder,
    ballots: Collection[CastBallot],
    voters: Sequence[Voter],
    quorum: int,
    minimum: Decimal,
    lot: Decimal,
) -> Tally:
    """Count the ballots and form the decided order.

    A veto by a voter who has the right wins over any number of approvals; then `quorum` approvals
    are needed; then the smallest size (down to a multiple of `lot`) and the tightest stop that
    approvers asked for form the order, which must not be below `minimum`. The proposer has no
    ballot, a missing one abstains, and one that names another order is ignored.
    """
    seats = {voter.agent_id: voter for voter in voters if voter.agent_id != proposal.proposer_id}
    count = _count(proposal, ballots, seats)
    counts = _counts(count, seats)
    reasons = count.reasons
    vetoes = _vetoes(count, seats)
    if vetoes:
        return Tally(Outcome.VETOED, counts, None, (*vetoes, *reasons))
    if counts.approvals < quorum:
        missing = f"{counts.approvals} of the {quorum} approvals needed."
        return Tally(Outcome.NO_QUORUM, counts, None, (missing, *reasons))
    order, narrowings = _narrowed(proposal, count, seats, lot)
    reasons = [f"{counts.approvals} of {len(seats)} approve.", *narrowings, *reasons]
    if order.quantity < minimum:
        small = f"{plain(order.quantity)} is below the minimum size of {plain(minimum)}."
        return Tally(Outcome.BELOW_MINIMUM, counts, None, (small, *reasons))
    return Tally(Outcome.APPROVED, counts, order, tuple(reasons))


def _count(
    proposal: ProposedOrder, ballots: Collection[CastBallot], seats: dict[UUID, Voter]
) -> _Count:
    count, expected = _Count(), proposal.hash()
    heard = [each for each in ballots if each.voter_id in seats and each.proposal_hash == expected]
    if len(heard) < len(ballots):
        count.ignored = len(ballots) - len(heard)
        count.reasons.append(f"{count.ignored} ballots ignored: no seat, or about another order.")
    for seat, voter in seats.items():
        own = [each.ballot for each in heard if each.voter_id == seat]
        if own and all(ballot == own[0] for ballot in own):
            count.ballots[seat] = own[0]
        elif own:
            count.reasons.append(f"{voter.name} voted in two ways, which counts as an abstention.")
        count.ignored += max(len(own) - 1, 0)
    return count


def _counts(count: _Count, seats: dict[UUID, Voter]) -> Counts:
    choices = [ballot.choice for ballot in count.ballots.values()]
    approvals, rejections = choices.count(Choice.APPROVE), choices.count(Choice.REJECT)
    return Counts(approvals, rejections, len(seats) - approvals - rejections, count.ignored)


def _vetoes(count: _Count, seats: dict[UUID, Voter]) -> list[str]:
    return [
        f"{seats[seat].name} vetoes: {ballot.veto}."
        for seat, ballot in count.ballots.items()
        if ballot.veto and seats[seat].may_veto and ballot.choice is Choice.REJECT
    ]


def _narrowed(
    proposal: ProposedOrder, count: _Count, seats: dict[UUID, Voter], lot: Decimal
) -> tuple[ProposedOrder, list[str]]:
    """The strictest order that some approver asked for, and who changed what."""
    order, said = proposal, []
    for seat, ballot in count.ballots.items():
        if ballot.choice is not Choice.APPROVE:
            continue
        name = seats[seat].name
        if ballot.quantity is not None:
            said.append(_said(name, "size", ballot.quantity, ballot.quantity < proposal.quantity))
            order = replace(order, quantity=min(order.quantity, ballot.quantity))
        if ballot.stop_loss is not None:
            tighter = is_tighter(proposal, ballot.stop_loss)
            said.append(_said(name, "stop", ballot.stop_loss, tighter))
            if tighter:
                stop = max(order.stop_loss or ballot.stop_loss, ballot.stop_loss)
                order = replace(order, stop_loss=stop)
    return replace(order, quantity=floor_to_step(order.quantity, lot)), said


def is_tighter(proposal: ProposedOrder, stop: Decimal) -> bool:
    """Whether a stop is nearer to the price than the proposed one yet below it. Buys only."""
    floor = proposal.stop_loss or Decimal(0)
    return proposal.side is Side.BUY and floor < stop < (proposal.limit_price or proposal.price)


def _said(name: str, what: str, value: Decimal, narrows: bool) -> str:  # noqa: FBT001 - reads as a sentence
    if narrows:
        return f"{name} narrowed the {what} to {plain(value)}."
    return f"{name}'s {what} of {plain(value)} would not narrow the order and was ignored."
