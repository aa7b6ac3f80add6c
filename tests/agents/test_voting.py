from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.ballots import Ballot
from agents.domain.states import Choice, Outcome
from agents.domain.voting import CastBallot, Counts, is_tighter, tally
from tests.agents.builders import (
    ANNA,
    BEN,
    CARL,
    DORA,
    EXECUTION,
    PROPOSER,
    VOTERS,
    cast,
    proposed,
)
from trading.domain.states import Side

STRANGER = UUID("00000000-0000-0000-0000-0000000000ff")


def count(*ballots, proposal=None, quorum=3, minimum="1", voters=VOTERS):
    return tally(
        proposal=proposal or proposed(),
        ballots=ballots,
        voters=voters,
        quorum=quorum,
        minimum=Decimal(minimum),
        lot=Decimal(1),
    )


def test_three_approvals_carry_the_order_as_it_was_proposed():
    found = count(cast(ANNA), cast(BEN), cast(DORA))

    assert found.outcome is Outcome.APPROVED
    assert found.counts == Counts(approvals=3, rejections=0, abstentions=1)
    assert found.order == proposed()
    assert found.reasons == ("3 of 4 approve.",)


def test_a_missing_vote_abstains_and_two_approvals_are_no_quorum():
    found = count(cast(ANNA), cast(BEN), cast(DORA, "reject"))

    assert found.outcome is Outcome.NO_QUORUM
    assert found.counts == Counts(approvals=2, rejections=1, abstentions=1)
    assert found.order is None
    assert found.reasons == ("2 of the 3 approvals needed.",)


def test_a_veto_with_a_code_wins_over_any_number_of_approvals():
    veto = cast(CARL, "reject", veto="NO_STOP")

    found = count(cast(ANNA), cast(BEN), cast(DORA), veto)

    assert found.outcome is Outcome.VETOED
    assert found.reasons[0] == "Carl vetoes: NO_STOP."
    assert found.order is None


def test_a_veto_without_the_right_to_it_is_a_rejection():
    found = count(cast(ANNA, "reject", veto="NO_STOP"), cast(BEN), cast(CARL), cast(DORA))

    assert found.outcome is Outcome.APPROVED
    assert found.counts.rejections == 1


def test_the_smallest_size_and_the_tightest_stop_form_an_order_with_its_own_hash():
    found = count(
        cast(ANNA, quantity=Decimal("40.7")),
        cast(BEN, quantity=Decimal(60), stop_loss=Decimal(97)),
        cast(CARL, stop_loss=Decimal(98)),
    )

    assert found.order == proposed(quantity=Decimal(40), stop_loss=Decimal(98))
    assert found.order.hash() != proposed().hash()
    assert "Anna narrowed the size to 40.7." in found.reasons
    assert "Carl narrowed the stop to 98." in found.reasons


def test_a_wider_wish_is_not_heard_and_that_is_said():
    found = count(cast(ANNA, quantity=Decimal(500)), cast(BEN, stop_loss=Decimal(90)), cast(CARL))

    assert found.order == proposed()
    assert found.reasons[1:] == (
        "Anna's size of 500 would not narrow the order and was ignored.",
        "Ben's stop of 90 would not narrow the order and was ignored.",
    )


def test_a_stop_at_the_price_is_no_stop():
    assert not is_tighter(proposed(), Decimal(100))
    assert is_tighter(proposed(), Decimal("99.99"))


def test_an_order_without_a_stop_takes_the_first_that_is_asked_for():
    bare = proposed(stop_loss=None)
    ballots = [
        cast(ANNA, proposal=bare, stop_loss=Decimal(95)),
        cast(BEN, proposal=bare),
        cast(DORA, proposal=bare),
    ]

    assert count(*ballots, proposal=bare).order == replace(bare, stop_loss=Decimal(95))


def test_an_exit_can_be_made_smaller_but_takes_no_stop():
    exit_ = proposed(side=Side.SELL, stop_loss=None, take_profit=None)
    ballots = [
        cast(ANNA, proposal=exit_, quantity=Decimal(10), stop_loss=Decimal(95)),
        cast(BEN, proposal=exit_),
        cast(DORA, proposal=exit_),
    ]

    assert count(*ballots, proposal=exit_).order == replace(exit_, quantity=Decimal(10))


def test_what_rejections_ask_for_counts_for_nothing():
    found = count(cast(ANNA), cast(BEN), cast(CARL), cast(DORA, "reject", quantity=Decimal(1)))

    assert found.order == proposed()


def test_below_the_minimum_size_there_is_no_trade():
    found = count(cast(ANNA, quantity=Decimal(4)), cast(BEN), cast(DORA), minimum="5")

    assert found.outcome is Outcome.BELOW_MINIMUM
    assert found.order is None
    assert found.reasons[0] == "4 is below the minimum size of 5."


def test_ballots_about_another_order_and_of_strangers_are_ignored_and_counted():
    other = cast(DORA, proposal=proposed(quantity=Decimal(91)))

    found = count(cast(ANNA), cast(BEN), other, cast(STRANGER), cast(PROPOSER))

    assert found.outcome is Outcome.NO_QUORUM
    assert found.counts == Counts(approvals=2, rejections=0, abstentions=2, ignored=3)
    assert found.reasons[1] == "3 ballots ignored: no seat, or about another order."


def test_the_proposer_has_no_vote_even_with_a_seat():
    voters = (*VOTERS, replace(VOTERS[0], agent_id=PROPOSER))

    found = count(cast(ANNA), cast(BEN), cast(PROPOSER), voters=voters)

    assert found.outcome is Outcome.NO_QUORUM


def test_the_same_ballot_twice_counts_once_and_two_different_ones_abstain():
    twice = count(cast(ANNA), cast(ANNA), cast(BEN))
    torn = count(cast(ANNA), cast(ANNA, "reject"), cast(BEN))

    assert twice.counts == Counts(approvals=2, rejections=0, abstentions=2, ignored=1)
    assert torn.counts == Counts(approvals=1, rejections=0, abstentions=3, ignored=1)
    assert "Anna voted in two ways, which counts as an abstention." in torn.reasons


@pytest.mark.parametrize(
    "changes",
    [
        {"execution_id": STRANGER},
        {"proposer_id": STRANGER},
        {"symbol": "IBM"},
        {"side": Side.SELL},
        {"quantity": Decimal(91)},
        {"price": Decimal(101)},
        {"stop_loss": None},
        {"take_profit": Decimal(107)},
    ],
)
def test_every_part_of_an_order_is_in_its_hash(changes):
    assert proposed(**changes).hash() != proposed().hash()


def test_the_hash_reads_numbers_and_not_their_digits():
    assert proposed(quantity=Decimal("90.000")).hash() == proposed().hash()
    assert proposed().execution_id == EXECUTION


amounts = st.decimals(min_value=Decimal("0.1"), max_value=Decimal(200), places=1)
wishes = st.none() | amounts
ballots = st.builds(
    CastBallot,
    voter_id=st.sampled_from([ANNA, BEN, CARL, DORA, PROPOSER, STRANGER]),
    proposal_hash=st.sampled_from([proposed().hash()] * 4 + ["another"]),
    ballot=st.builds(
        Ballot,
        choice=st.sampled_from(Choice),
        reason=st.just(""),
        quantity=wishes,
        stop_loss=wishes,
        veto=st.sampled_from(["", "", "", "NO_STOP"]),
    ),
)
many = st.lists(ballots, max_size=8)


@given(st.data(), many)
def test_the_order_of_ballots_is_nothing(data, cast_ballots):
    shuffled = data.draw(st.permutations(cast_ballots))

    assert count(*cast_ballots) == count(*shuffled)


@given(many, st.integers(1, 4))
def test_the_decided_order_is_never_wider_than_the_proposal(cast_ballots, quorum):
    found = count(*cast_ballots, quorum=quorum)

    assert (found.order is None) == (found.outcome is not Outcome.APPROVED)
    if found.order:
        assert 1 <= found.order.quantity <= 90
        assert found.order.quantity % 1 == 0
        assert 96 <= found.order.stop_loss < 100
        assert replace(found.order, quantity=Decimal(90), stop_loss=Decimal(96)) == proposed()


@given(many, st.integers(1, 4))
def test_nothing_is_approved_without_a_quorum_of_different_seats(cast_ballots, quorum):
    found = count(*cast_ballots, quorum=quorum)

    approving = {
        each.voter_id
        for each in cast_ballots
        if each.ballot.choice is Choice.APPROVE
        and each.proposal_hash == proposed().hash()
        and each.voter_id in (ANNA, BEN, CARL, DORA)
    }
    assert found.counts.approvals <= len(approving)
    if found.outcome is Outcome.APPROVED:
        assert len(approving) >= quorum


@given(many, many)
def test_a_vote_that_is_cast_twice_changes_no_outcome(cast_ballots, again):
    repeated = [each for each in again if each in cast_ballots]

    once, more = count(*cast_ballots), count(*cast_ballots, *repeated)

    assert (once.outcome, once.order) == (more.outcome, more.order)


@given(many)
def test_every_seat_is_counted_exactly_once(cast_ballots):
    counts = count(*cast_ballots).counts

    assert counts.approvals + counts.rejections + counts.abstentions == len(VOTERS)
