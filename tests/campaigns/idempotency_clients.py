"""The callers: a program that is told scenes, one JSON line each, and answers with what it saw.

Callers are threads of several processes, each with a connection of its own, that begin together.
A planted bug changes this program and its children alone.
"""

import argparse
import json
import multiprocessing
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from signal import SIG_IGN, SIGINT, SIGKILL, signal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, connections

import agents.tasks
from agents.models import Decision, Execution, Message, Proposal, Vote
from agents.services.executions import run_now
from tests.agents.floor import Floor, make_floor, scripted
from tests.campaigns.arena import CampaignFailed
from tests.campaigns.crowd import _sign_in as signed_in
from tests.campaigns.idempotency_scenes import CALLERS, PROCESSES, Scene
from tests.campaigns.visitor import Visitor
from tests.factories import make_instrument, make_quote, wall
from trading.domain.requests import OrderRequest
from trading.domain.states import Side, Source
from trading.models import Account, Assessment, Order, Permission, PositionShare
from trading.selectors.books import know_calendars
from trading.services import sending
from trading.services.decisions import decide
from trading.services.leases import Ownership
from trading.services.sending import claim, send, settle
from trading.worlds import exchange_for
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.live import announcer
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.wake import ringer
from tradingfarm.processes.spawning import dies_with_us
from tradingfarm.processes.waiting import wait_until
from triggers.domain.causes import Hit
from triggers.models import Firing, Trigger
from triggers.services.firing import fire
from triggers.services.triggers import create_trigger

FORKING = multiprocessing.get_context("fork")
CLOCK = SystemClock()
CLAIMED_ONCE = "AND o.state = 'APPROVED' AND o.attempt_at IS NULL "
MOST_TRIES = 40
Call = Callable[[int], str]
"""One call, by its number; what it was answered, as text."""


@dataclass
class Seen:
    """What all callers together were answered, and what went wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


def at_once(call: Callable[[], Call], *, times: int) -> Seen:
    """Call so many times from CALLERS threads that begin together; `call` makes each one's own."""
    connections.close_all()
    start, obey = FORKING.Barrier(CALLERS), dies_with_us(SIGKILL)
    pipes = [FORKING.Pipe(duplex=False) for _ in range(PROCESSES)]
    processes = [
        FORKING.Process(target=_work, args=(number, call, times, start, pipe[1], obey))
        for number, pipe in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for _, theirs in pipes:
        theirs.close()
    seen = Seen()
    for ours, _ in pipes:
        answers, errors = ours.recv()
        seen.answers += answers
        seen.errors += errors
    for process in processes:
        process.join()
    return seen


def _work(process: int, make: Any, times: int, start: Any, pipe: Any, obey: Any) -> None:
    obey()
    signal(SIGINT, SIG_IGN)
    seen, mine = Seen(), CALLERS // PROCESSES
    threads = [
        threading.Thread(target=_repeat, args=(process * mine + n, make, times, start, seen))
        for n in range(mine)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send((seen.answers, seen.errors))


def _repeat(caller: int, make: Callable[[], Call], times: int, start: Any, seen: Seen) -> None:
    call = make()
    start.wait()
    for number in range(caller, times, CALLERS):
        seen.answers[_patiently(call, number, seen)] += 1
    connections.close_all()


def _patiently(call: Call, number: int, seen: Seen) -> str:
    """What was answered; a lock that was not had in time is asked for again."""
    for _ in range(MOST_TRIES):
        try:
            return call(number)
        except OperationalError as error:
            seen.errors[getattr(error.__cause__, "sqlstate", None) or "lost"] += 1
        except IntegrityError as error:
            seen.errors[getattr(error.__cause__, "sqlstate", None) or "refused"] += 1
            return "refused by a constraint"
        except Exception as error:  # noqa: BLE001 - whatever a delivery raises is what it met
            seen.errors[type(error).__name__] += 1
            return "failed"
    return "never answered"


# ------------------------------------------------------------------------------------ scenes


@dataclass(frozen=True)
class Stage:
    """A floor of its own for one scene."""

    scene: Scene
    floor: Floor
    planted: str
    port: int
    cookies: Mapping[str, str]

    @property
    def account(self) -> UUID:
        return self.floor.account.id

    @property
    def instrument(self) -> UUID:
        return make_instrument().id


def keys(on: Stage) -> Seen:
    """One intent key, asked about by everybody at once."""
    permission = on.floor.account.permissions.get().id

    def call(number: int) -> str:
        # A planted caller forgets the key, and asks for another size: the gate sees many orders.
        key, size = ("key", 5) if on.planted != "keys" else (f"key:{number}", 5 + number)
        verdict = decide(
            account_id=on.account,
            request=_buy(on, key=key, permission=permission, quantity=size),
            actor="campaign",
            now=wall(),
            at=wall(),
        )
        return f"{verdict.approved} {verdict.order_id}"

    return at_once(lambda: call, times=on.scene.times)


def form(on: Stage) -> Seen:
    """One confirmed form of a person, sent by everybody at once over HTTP."""
    _bought(on)
    share = PositionShare.objects.get(position__account=on.account)
    path = f"/accounts/{on.account}/positions/{on.instrument}/close/"
    fields = {"share": str(share.id), f"held-{share.id}": str(share.quantity)}

    def make() -> Call:
        visitor = Visitor(port=on.port, cookies=dict(on.cookies))
        visitor.get(path)
        return lambda number: str(visitor.post(path, **fields).status)

    return at_once(make, times=on.scene.times)


def firing(on: Stage) -> Seen:
    """One cause of a trigger, seen by everybody at once."""
    trigger = create_trigger(
        owner=on.floor.account.owner,
        name=f"{on.scene.name} {on.scene.number}",  # a person has no two of one name
        type=Trigger.Type.TIME.value,
        team=on.floor.team,
        actor="campaign",
        at=wall(),
        cron="* * * * *",
    )
    hit = Hit(trigger.id, "minute:1", "One minute", None, {})

    def call(number: int) -> str:
        with transaction():
            fire(hits=[hit], now=wall(), at=wall())
        return "fired"

    return at_once(lambda: call, times=on.scene.times)


def message(on: Stage) -> Seen:
    """One message of an execution, delivered to everybody at once."""
    execution = on.floor.wake(as_of=wall())
    setattr(agents.tasks, "provider_named", lambda name: scripted())  # noqa: B010 - the bug is planted there

    def call(number: int) -> str:
        agents.tasks.think(row_id=str(execution.id))
        return "delivered"

    return at_once(lambda: call, times=on.scene.times)


def wish(on: Stage) -> Seen:
    """One person's wish to wake the team, sent by everybody at once."""

    def call(number: int) -> str:
        found = run_now(team_id=on.floor.team.id, request="one wish", actor="person:x", at=wall())
        return " ".join(str(each.id) for each in found)

    return at_once(lambda: call, times=on.scene.times)


def doorbell(on: Stage) -> Seen:
    """One approved order, which everybody would send."""
    verdict = decide(
        account_id=on.account,
        request=_buy(on, key="doorbell", permission=None, quantity=5),
        actor="campaign",
        now=wall(),
        at=wall(),
    )
    order_id = verdict.order_id
    if order_id is None:
        return Seen(errors=Counter(verdict.denials))
    account = Account.objects.get(id=on.account)

    def call(number: int) -> str:
        exchange = exchange_for(account, clock=CLOCK)
        token = Account.objects.values_list("fencing_token", flat=True).get(id=account.id)
        ownership = Ownership(account.id, token)
        won = claim(order_id=order_id, ownership=ownership, sender="c", exchange=exchange)
        if won is not None:
            outcome = send(claimed=won, exchange=exchange, at=CLOCK.now())
            settle(order_id=order_id, token=token, outcome=outcome, at=CLOCK.now())
        return "rung"

    return at_once(lambda: call, times=on.scene.times)


SCENES: dict[str, Callable[[Stage], Seen]] = {
    "keys": keys,
    "form": form,
    "firing": firing,
    "message": message,
    "wish": wish,
    "doorbell": doorbell,
}


def _buy(on: Stage, *, key: str, permission: UUID | None, quantity: int) -> OrderRequest:
    return OrderRequest(
        intent_key=f"idempotency:{key}",
        source=Source.AGENT if permission else Source.PERSON,
        instrument_id=on.instrument,
        side=Side.BUY,
        quantity=Decimal(quantity),
        permission_id=permission,
        stop_loss=Decimal(90),
    )


def _bought(on: Stage) -> None:
    """A position to close, by the real sender."""
    request = _buy(on, key="before", permission=None, quantity=7)
    at = wall()
    verdict = decide(account_id=on.account, request=request, actor="campaign", now=at, at=at)
    shares = PositionShare.objects.filter(position__account=on.account, quantity=7)
    if not wait_until(shares.exists, seconds=30, pause=0.1):
        states = Order.objects.filter(account=on.account).values_list("state", "problem")
        raise CampaignFailed(f"Nothing was bought: {verdict.denials} {list(states)}")


def counted(on: Stage) -> dict[str, int]:
    """How many of everything the account has by now."""
    events = JournalEvent.objects.filter(stream=account_stream(on.account))
    executions = Execution.objects.filter(account=on.account)
    return {
        "orders": Order.objects.filter(account=on.account).count(),
        "assessments": Assessment.objects.filter(account=on.account).count(),
        "approved events": events.filter(kind="order.approved").count(),
        "executions": executions.count(),
        "queued events": events.filter(kind="execution.queued").count(),
        "ended events": events.filter(kind="execution.ended").count(),
        "decisions": Decision.objects.filter(execution__in=executions).count(),
        "proposals": Proposal.objects.filter(execution__in=executions).count(),
        "votes": Vote.objects.filter(proposal__execution__in=executions).count(),
        "messages": Message.objects.filter(execution__in=executions).count(),
        "firings": Firing.objects.filter(trigger__team=on.floor.team).count(),
    }


# --------------------------------------------------------------------------------- the program


def plant(bug: str) -> None:
    """Break this program on purpose."""
    if bug == "no-claim":
        # A sender that sends what somebody else has claimed already.
        sending.CLAIM = sending.CLAIM.replace(CLAIMED_ONCE, "")


def denied(on: Stage) -> list[str]:
    """Why the gate refused anything, by code: a crowd may keep the sender from its lease."""
    assessments = Assessment.objects.filter(account=on.account)
    return sorted(
        {code for codes in assessments.values_list("denials", flat=True) for code in codes}
    )


def main() -> None:
    """Read scenes from stdin until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--planted", default="")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    know_calendars()
    silence()
    plant(options.planted)
    for line in sys.stdin:
        scene = Scene(**json.loads(line))
        sys.stdout.write(f"{json.dumps(_played(scene, options))}\n")
        sys.stdout.flush()


def silence() -> None:
    """Ring no doorbells, which nobody hears here, in this program and its children.

    They ring from threads, and a child that is forked meanwhile waits for ever for what one of
    them holds: a module that it imports, a lock of its connection's pool.
    """
    for bells in (announcer, ringer):
        setattr(bells, "put", lambda told: None)  # noqa: B010 - a method is replaced on purpose


def _played(scene: Scene, options: argparse.Namespace) -> dict[str, object]:
    floor = make_floor(number=scene.number)
    Account.objects.update(max_price_age_seconds=86_400)
    Permission.objects.update(hours_start=None, hours_end=None)  # whatever the time is here
    make_quote(make_instrument(), "100", volume="500000", as_of=wall())
    ready = Account.objects.filter(id=floor.account.id, is_ready=True).exclude(owned_by="")
    wait_until(ready.exists, seconds=30, pause=0.1)
    cookies = {settings.SESSION_COOKIE_NAME: signed_in(floor.account.owner)}
    on = Stage(scene, floor, options.planted, options.port, cookies)
    seen = SCENES[scene.name](on)
    return {
        "account": str(on.account),
        "answers": dict(seen.answers),
        "errors": dict(seen.errors),
        "counts": counted(on),
        "denials": denied(on),
    }
