"""A lane of the kill points: a program with a database of its own that strikes, restarts, judges.

It is told trials, one JSON line each (`place`, `turn`, `seed`), and answers each with what
happened. A trial forks the farm's real sender (or whoever decides, or asks for a stop), which dies
at the point; then a plain sender is started, and the account must be ready, send, and be right.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from uuid import UUID

import psycopg

from tests.campaigns.dealing import end_at_sigterm
from tests.campaigns.judge import Breach, Kind, judge, not_flat
from tests.campaigns.places import CLAIMED, LANES
from tests.campaigns.planting import plant
from tests.campaigns.points import Needs, Point, Strike, install
from tests.campaigns.stalls import CLOCK, Stall
from tests.campaigns.tables import connect, count, one, read_tables, states_at_work
from tests.campaigns.victims import Victim, run_sender
from trading.domain.states import Side, StopMode
from trading.loop.sender import SendingLoop
from trading.models import Order
from trading.selectors.books import know_calendars
from trading.services.canceling import AT_REST, cancel_order
from trading.services.emergency import stop_account
from trading.services.leases import end_lease
from trading.services.resuming import Resumed, resume_account
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.randomness import stream
from tradingfarm.people.models import User
from tradingfarm.processes.waiting import wait_until

INSTRUMENTS, SPARE = 6, 6
"""The spare one is bought after a restart: what is in doubt blocks its own instrument."""
STRIKE_SECONDS, READY_SECONDS, REST_SECONDS, LEAST_SECONDS = 30.0, 45.0, 60.0, 10.0
PRICE_BELOW = Decimal(98)
ACCOUNT = UUID("00000000-0000-4000-8000-00000001a9e5")
STANDING = "SELECT is_ready, fencing_token FROM trading_account WHERE id = %s"
FILLED = "SELECT count(*) FROM trading_order WHERE intent_key = %s AND state = 'FILLED'"
HALTED = "SELECT count(*) FROM trading_account WHERE id = %s AND halt_state = 'HALTED'"
UNFINISHED = "SELECT count(*) FROM trading_stoprun WHERE account_id = %s AND step <> 'DONE'"
CONFIRMED = "SELECT confirmations FROM trading_stoprun WHERE account_id = %s ORDER BY epoch DESC"
AT_WORK = """
SELECT count(*) FROM trading_order WHERE account_id = %s
  AND state IN ('APPROVED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""
FLAT_TWICE = 2


class Lane:
    """One account, through all trials of this program."""

    def __init__(self, *, planted: str) -> None:
        self._planted = planted
        self._stall = Stall(name="lane", account_id=ACCOUNT)
        self._known: set[str] = set()
        know_calendars()
        owner = User.objects.create_user("lane")
        self._stall.open(instruments=INSTRUMENTS + 1, owner=owner)

    def trial(self, point: Point, *, seed: int, turn: int) -> dict[str, object]:
        """One death and what came of it."""
        chance = stream(seed, "point", point.name, turn)
        name = f"{seed}:{turn}:{point.name}"
        self._prepare(name, point, chance)
        if point.needs is Needs.DOUBT:
            self._strike(CLAIMED, at_call=1, act=run_sender)
        act = self._act(point, name)
        at_call = chance.randint(1, point.most)
        struck = self._strike(point, at_call=at_call, act=act)
        found: dict[str, object] = {"place": point.name, "turn": turn, "call": at_call}
        return found | {"struck": struck} | self._recover(name, point)

    def _strike(self, point: Point, *, at_call: int, act: Callable[[], None]) -> bool:
        """Whether the process died at the point."""
        victim = Victim(lambda: self._armed(point, at_call, act))
        victim.ends(seconds=STRIKE_SECONDS)
        if victim.status is None:
            victim.stop()
        return victim.status == -signal.SIGKILL

    def _armed(self, point: Point, at_call: int, act: Callable[[], None]) -> None:
        plant(self._planted)
        install(point, Strike(at_call=at_call, signal=signal.SIGKILL))
        act()

    def _act(self, point: Point, name: str) -> Callable[[], None]:
        if point.needs is Needs.DECISION:
            return lambda: self._ask(f"{name}:asked", 0, 5)
        if point.needs is Needs.HALT:
            return _halt
        return run_sender

    def _prepare(self, name: str, point: Point, chance: Random) -> None:
        """Something held, something resting; then what the point needs, and nobody who sends."""
        resting = self._bring_to_rest(name, chance)
        if point.needs in (Needs.ORDERS, Needs.DOUBT):
            self._approve(name, chance)
        if point.needs is Needs.CANCELS:
            for order_id in resting:
                cancel_order(order_id=order_id, requested_by="campaign", at=CLOCK.now())
        if point.needs is Needs.STOP:
            _halt()

    def _bring_to_rest(self, name: str, chance: Random) -> list[UUID]:
        loop = SendingLoop(clock=CLOCK, stopping=lambda: False)
        loop.work()
        bought = {number: chance.randint(1, 40) for number in range(3)}
        for number, quantity in bought.items():
            self._ask(f"{name}:held:{number}", number, quantity)
        for number in range(3):
            self._ask(f"{name}:rests:{number}", number, chance.randint(1, 9), rests=True)
        for _ in range(3):
            loop.work()
        end_lease(name=loop.name)
        keys = [f"lane:{name}:rests:{number}" for number in range(3)]
        return list(Order.objects.filter(intent_key__in=keys).values_list("id", flat=True))

    def _approve(self, name: str, chance: Random) -> None:
        """Three entries at least and an exit, in instruments of their own."""
        for number in range(3, chance.randint(6, INSTRUMENTS)):
            self._ask(f"{name}:waits:{number}", number, chance.randint(1, 40))
        self._ask(f"{name}:sells", 0, 1, side=Side.SELL)

    def _ask(
        self,
        key: str,
        number: int,
        quantity: int,
        *,
        side: Side = Side.BUY,
        rests: bool = False,
    ) -> None:
        limit = PRICE_BELOW if rests else None
        verdict = self._stall.order(
            key=key, number=number, quantity=quantity, side=side, limit=limit
        )
        if not verdict.approved:
            raise LookupError(f"{key} was denied: {', '.join(verdict.denials)}.")

    def _recover(self, name: str, point: Point) -> dict[str, object]:
        """Start a plain sender; how long it took to be ready and to send, and what is wrong."""
        database = connect(os.environ["DATABASE_URL"])
        try:
            states = sorted(states_at_work(database))
            token = one(database, STANDING, ACCOUNT)[1]
            database.close()
            sender = Victim(lambda: self._plain())
            began = time.monotonic()
            database = connect(os.environ["DATABASE_URL"])
            ready = wait_until(
                lambda: _is_ready(database, token), seconds=READY_SECONDS, pause=0.02
            )
            ready_seconds = time.monotonic() - began
            breaches = [] if ready else [Breach("late", f"{point.name}: not ready in time")]
            breaches += self._go_on(database, name, point)
            sending_seconds = time.monotonic() - began
            breaches += self._rest(database, until=began + REST_SECONDS)
            status = sender.stop()
            if status != 0:
                breaches.append(Breach("crashed", f"The sender ended with {status}."))
        finally:
            database.close()
        return {
            "states": states,
            "ready": round(ready_seconds, 2),
            "sending": round(sending_seconds, 2),
            "seconds": round(time.monotonic() - began, 2),
            "breaches": [[each.kind, f"{name}: {each.text}"] for each in breaches],
        }

    def _plain(self) -> None:
        plant(self._planted)
        run_sender()

    def _go_on(self, database: psycopg.Connection, name: str, point: Point) -> list[Breach]:
        """Whoever had asked asks again; a stop is waited for and lifted; then one more order."""
        breaches = []
        if point.needs is Needs.DECISION:
            self._ask(f"{name}:asked", 0, 5)
        if point.needs in (Needs.STOP, Needs.HALT):
            breaches += self._stopped(database)
        after = self._stall.order(key=f"{name}:after", number=SPARE, quantity=1)
        if not after.approved:
            text = f"The next order was denied: {', '.join(after.denials)}."
            return [*breaches, Breach("denied", text)]
        key = f"lane:{name}:after"
        if not wait_until(
            lambda: count(database, FILLED, key) == 1, seconds=READY_SECONDS, pause=0.02
        ):
            breaches.append(Breach(Kind.STUCK, "The next order was not filled in time."))
        return breaches

    def _stopped(self, database: psycopg.Connection) -> list[Breach]:
        if not count(database, HALTED, ACCOUNT):
            _halt()
        if not wait_until(
            lambda: count(database, UNFINISHED, ACCOUNT) == 0, seconds=REST_SECONDS, pause=0.05
        ):
            raise TimeoutError("The stop was not carried out in a minute.")
        breaches = list(not_flat(read_tables(database, ACCOUNT)))
        if (found := count(database, CONFIRMED, ACCOUNT)) < FLAT_TWICE:
            breaches.append(Breach(Kind.NOT_FLAT, f"Found flat {found} times."))
        resumed = resume_account(
            account_id=ACCOUNT, actor="campaign", reason="Next trial", at=CLOCK.now()
        )
        if resumed is not Resumed.RESUMED:
            breaches.append(Breach("failed", f"The account was not released: {resumed}."))
        return breaches

    def _rest(self, database: psycopg.Connection, *, until: float) -> list[Breach]:
        """Nothing at work a minute after the restart; what the judge says that is new."""
        for order_id in Order.objects.filter(state__in=AT_REST).values_list("id", flat=True):
            cancel_order(order_id=order_id, requested_by="campaign", at=CLOCK.now())
        left = max(until - time.monotonic(), LEAST_SECONDS)
        wait_until(lambda: count(database, AT_WORK, ACCOUNT) == 0, seconds=left, pause=0.05)
        found = [*judge(read_tables(database, ACCOUNT))]
        new = [breach for breach in found if breach.text not in self._known]
        self._known |= {breach.text for breach in new}
        return new


def _is_ready(database: psycopg.Connection, token: int) -> bool:
    is_ready, newest = one(database, STANDING, ACCOUNT)
    return bool(is_ready) and newest > token


def _halt() -> None:
    stop_account(
        account_id=ACCOUNT,
        mode=StopMode.FLATTEN,
        requested_by="campaign",
        reason="A trial",
        at=CLOCK.now(),
    )


def main() -> None:
    """`[PLANT]`: obey stdin until it ends."""
    end_at_sigterm()
    lane = Lane(planted=sys.argv[1] if len(sys.argv) > 1 else "")
    places = {point.name: point for point in LANES}
    for line in sys.stdin:
        told = json.loads(line)
        point = places[told["place"]]
        try:
            answer = lane.trial(point, seed=told["seed"], turn=told["turn"])
        except (LookupError, TimeoutError, FarmError) as error:
            text = f"{point.name}, turn {told['turn']}: {type(error).__name__}: {error}"
            answer = {"place": point.name, "struck": False, "breaches": [["failed", text]]}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
