"""A service that fails again and again is left alone for a while."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from agents.domain.asking import ProviderFailed, ProviderRequest, Reply
from agents.domain.states import Purpose, Role
from agents.providers.breaker import MOST_FAILURES, REST, Breaker
from tradingfarm.kernel.clock import ManualClock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUESTION = ProviderRequest(Purpose.DECIDE, Role.RISK, "m", "s", "p", "{}")
DOWN = ProviderFailed("It is down.", outage=True)
MISTAKE = ProviderFailed("No such model.", permanent=True)


class Service:
    """Gives what it was told to give, and counts how often it was asked."""

    def __init__(self, outcome=DOWN):
        self.outcome, self.times = outcome, 0

    def most_dollars(self, request):
        return Decimal(2)

    async def answer(self, request):
        self.times += 1
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def clock():
    return ManualClock(START)


def guarded(service, clock):
    return Breaker(service, name="Anthropic", clock=clock)


async def asked(breaker, times):
    for _ in range(times):
        with suppress(ProviderFailed, asyncio.CancelledError):
            await breaker.answer(QUESTION)


async def test_after_five_failures_in_a_row_it_is_not_asked_and_says_so(clock):
    service = Service()
    breaker = guarded(service, clock)
    await asked(breaker, MOST_FAILURES)

    with pytest.raises(ProviderFailed) as raised:
        await breaker.answer(QUESTION)

    assert service.times == MOST_FAILURES
    assert raised.value.message == (
        "Anthropic failed 5 times in a row and is left alone until 12:00:30 UTC. Last: It is down."
    )
    assert not raised.value.cost_unknown


async def test_an_answer_in_between_begins_the_count_anew(clock):
    service = Service()
    breaker = guarded(service, clock)
    await asked(breaker, MOST_FAILURES - 1)
    service.outcome = Reply("{}")
    await asked(breaker, 1)
    service.outcome = DOWN

    await asked(breaker, MOST_FAILURES)

    assert service.times == 2 * MOST_FAILURES


async def test_after_its_rest_it_is_asked_again_and_one_failure_makes_it_rest(clock):
    service = Service()
    breaker = guarded(service, clock)
    await asked(breaker, MOST_FAILURES)
    clock.advance_to(START + REST)

    await asked(breaker, 3)

    assert service.times == MOST_FAILURES + 1


async def test_after_its_rest_an_answer_ends_it(clock):
    service = Service()
    breaker = guarded(service, clock)
    await asked(breaker, MOST_FAILURES)
    clock.advance_to(START + REST + timedelta(seconds=1))
    service.outcome = Reply("{}")
    await asked(breaker, 1)
    service.outcome = DOWN

    await asked(breaker, MOST_FAILURES)

    assert service.times == 2 * MOST_FAILURES + 1


async def test_a_mistake_in_one_request_says_nothing_of_the_service(clock):
    service = Service(MISTAKE)

    await asked(guarded(service, clock), 3 * MOST_FAILURES)

    assert service.times == 3 * MOST_FAILURES


async def test_questions_that_were_given_up_count(clock):
    service = Service(asyncio.CancelledError())

    await asked(guarded(service, clock), 3 * MOST_FAILURES)

    assert service.times == MOST_FAILURES


def test_it_costs_what_the_service_costs(clock):
    assert guarded(Service(), clock).most_dollars(QUESTION) == 2
