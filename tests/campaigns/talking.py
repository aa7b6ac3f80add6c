"""A farm whose agents talk without end, each message committed as agents commit theirs."""

from uuid import UUID

from agents.domain.states import MessageType
from agents.services.messages import Saying, message_id, say
from tests.pages.farms import make_farm, make_user
from tests.pages.stories import make_busy, make_execution
from tests.served import cookie_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream, transaction

WORDS = "AAPL at 54.96 is above SMA 20 (52.65) and SMA 50 (49.8), MACD rises, RSI 59.8. " * 2
TURN = 6
"""Messages of one execution, as a vote has them."""


class Talk:
    """One account's agents; `cookie` is that of a browser in which its owner is signed in."""

    def __init__(self) -> None:
        owner = make_user("talk")
        self._farm = make_busy(make_farm(owner=owner, wall=SystemClock().now()))
        self._agents = list(self._farm.agents.values())
        self._number = 0
        self.account_id: UUID = self._farm.account.id
        self.cookie = cookie_of(owner)

    @property
    def stream(self) -> str:
        return account_stream(self.account_id)

    @property
    def page_socket(self) -> str:
        return f"/ws/live?account={self.account_id}&view=dashboard&subject="

    @property
    def events_socket(self) -> str:
        return f"/ws/events?stream={self.stream}"

    def speak(self) -> UUID:
        """Commit one message; its id."""
        if self._number % TURN == 0:
            self._execution = make_execution(self._farm, cause="AAPL rises 2 %")
        place, agent = self._number % TURN, self._agents[self._number % len(self._agents)]
        self._number += 1
        with transaction():
            say(
                execution=self._execution,
                sayings=[Saying(place, MessageType.UPDATE, agent.id, agent.name, WORDS)],
                at=SystemClock().now(),
            )
        return message_id(execution_id=self._execution.id, place=place)
