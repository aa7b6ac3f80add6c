from uuid import UUID

import pytest

from agents.domain.causes import Cause
from agents.selectors.conversations import conversation
from tests.agents.builders import sure
from tests.agents.floor import HOLD, make_floor, scripted, thought

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]


def test_the_newest_messages_come_oldest_first_with_all_that_a_page_needs(
    django_assert_max_num_queries,
):
    floor = make_floor()
    thought(floor.wake(), scripted())

    with django_assert_max_num_queries(1):
        found = conversation(account_id=floor.account.id, limit=3)
        told = [
            (each.sender.colour if each.sender else "team", each.execution.proposal.instrument)
            for each in found
        ]
        order = sure(sure(found[-1].execution.decision.assessment).order)

    assert [each.message_type for each in found] == ["VOTE", "DECISION", "UPDATE"]
    assert [colour for colour, _ in told] == ["teal", "team", "teal"]
    assert order.quantity == 20


def test_earlier_messages_come_page_by_page(django_assert_max_num_queries):
    floor = make_floor()
    thought(floor.wake(), scripted(HOLD))
    thought(floor.wake(Cause("time:one", "time", "At one")), scripted())
    newest = conversation(account_id=floor.account.id, limit=5)

    with django_assert_max_num_queries(2):
        earlier = conversation(account_id=floor.account.id, limit=5, before=newest[0].id)

    assert [each.message_type for each in earlier] == ["DECISION", "PROPOSAL", "VOTE"]
    assert not {each.id for each in earlier} & {each.id for each in newest}


def test_before_an_unknown_message_there_is_nothing():
    floor = make_floor()
    thought(floor.wake(), scripted(HOLD))

    assert conversation(account_id=floor.account.id, before=UUID(int=0)) == []
