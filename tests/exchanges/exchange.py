"""One exchange: its engine, its faults, its limits and its log, and a request's way through."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.exchanges.accounts import default_accounts
from tests.exchanges.answers import Answer, Manner, failure, ok, refusal
from tests.exchanges.arming import ORDER, Asked, Faults, Plan
from tests.exchanges.books import ladder
from tests.exchanges.engine import Engine
from tests.exchanges.faults import KINDS
from tests.exchanges.limits import Limits
from tests.exchanges.reading import Parameters
from tests.exchanges.record import Record
from tests.exchanges.routes import ROUTES, Call, Route, named_order
from tests.exchanges.signing import (
    account_of,
    check_signature,
    check_timestamp,
    seconds_until_expired,
)
from tests.exchanges.symbols import SYMBOLS
from tests.exchanges.terms import Order, Refused

LEVEL_SIZE = Decimal(1000)
STEP_SECONDS = 0.05
"""A request that is on its way looks this often whether time was moved by hand."""


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire; `parameters` are those of query and body."""

    method: str
    path: str
    query: str
    body: str
    key: str
    parameters: Parameters

    @property
    def is_order(self) -> bool:
        return (self.method, self.path) == ("POST", ORDER)


class Exchange:
    """`answer` may be called by many threads at once."""

    def __init__(self, *, record: Record, seed: int) -> None:
        self.record = record
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._requests = 0
        self.reset(seed=seed)

    def reset(self, *, seed: int) -> None:
        """Everything as at the start, with new faults from this seed."""
        with self.lock:
            self.record.begin(seed=seed)
            self.seed = seed
            self.engine = Engine(self.record)
            self.faults = Faults(KINDS, seed=seed)
            self.limits = Limits()
            self.banned_until = 0.0
            for symbol in SYMBOLS:
                book = ladder(price=symbol.price, tick=symbol.tick, size=LEVEL_SIZE)
                self.engine.list_symbol(symbol, book)
            for account in default_accounts():
                self.engine.open_account(account)

    def answer(self, request: Request) -> Answer:
        """The answer, and everything that the faults make of it. Never raises Refused."""
        with self.lock:
            engine = self.engine
            number, plan = self._arrive(request)
        self._wait(request, plan)
        with self.lock:
            if engine is not self.engine:
                # It comes from before a reset, and has no place in what came after.
                return Answer(manner=Manner.RESET)
            answer = self._ask(request, plan, number)
        if plan.hold_seconds:
            self.stopping.wait(plan.hold_seconds)
        if plan.spoil:
            answer = plan.spoil(answer, _target(request))
        self.record.write(
            "answered", request=number, status=answer.status, manner=answer.manner.value
        )
        return answer

    # ------------------------------------------------------------------------------ arriving

    def _arrive(self, request: Request) -> tuple[int, Plan]:
        """Count, log and choose the faults."""
        self._requests += 1
        route = ROUTES.get((request.method, request.path))
        weight = route.weight(request.parameters) if route else 1
        name = f"{request.method} {request.path}"
        self.limits.count(name=name, weight=weight, now_ms=self.engine.now_ms())
        asked, client_order_id = self._asked(request)
        plan = self.faults.plan(asked)
        self.record.write(
            "request",
            request=self._requests,
            method=request.method,
            path=request.path,
            account=asked.account,
            symbol=asked.symbol,
            client_order_id=client_order_id,
            weight=weight,
            faults=plan.names,
        )
        if request.is_order:
            self._write_post(request, asked, plan)
        return self._requests, plan

    def _asked(self, request: Request) -> tuple[Asked, str]:
        """What faults look at, and the client's name of the order that is meant."""
        said = request.parameters.get
        accounts = self.engine.accounts.values()
        account = next((each.name for each in accounts if each.key == request.key), "")
        order_kind, name = said("type", ""), said("newClientOrderId", "")
        if not request.is_order:
            is_one = request.path == ORDER
            order = named_order(self.engine, account, request.parameters) if is_one else None
            order_kind = order.terms.type if order else ""
            name = order.terms.client_order_id if order else said("origClientOrderId", "")
        asked = Asked(request.method, request.path, account, said("symbol", ""), order_kind)
        return asked, name

    def _write_post(self, request: Request, asked: Asked, plan: Plan) -> None:
        said = request.parameters.get
        self.record.write(
            "post",
            request=self._requests,
            account=asked.account,
            client_order_id=said("newClientOrderId", ""),
            symbol=asked.symbol,
            side=said("side", ""),
            type=asked.order_kind,
            quantity=said("quantity"),
            quote_quantity=said("quoteOrderQty"),
            price=said("price"),
            stop_price=said("stopPrice"),
            faults=plan.names,
        )

    def _wait(self, request: Request, plan: Plan) -> None:
        seconds = plan.wait_seconds
        if plan.waits_until_expired:
            now_ms = self.engine.now_ms() + plan.clock_ms
            with contextlib.suppress(Refused):
                seconds = max(seconds, seconds_until_expired(request.parameters, now_ms=now_ms))
        engine = self.engine
        until = engine.monotonic() + seconds
        while engine.monotonic() < until and not self.stopping.is_set():
            self.stopping.wait(min(STEP_SECONDS, until - engine.monotonic()))

    # -------------------------------------------------------------------------------- asking

    def _ask(self, request: Request, plan: Plan, number: int) -> Answer:
        """What the engine says, or what keeps the request from it."""
        turned_away = self._turned_away(request, plan)
        if turned_away is not None:
            self._write_fate("not_taken", request, number, status=turned_away.status)
            return turned_away
        route = ROUTES.get((request.method, request.path))
        if route is None:
            return failure(404, -1000, "No such endpoint here.")
        self.engine.clock_ms = plan.clock_ms
        try:
            answer = self._call(route, request, plan, number)
        except Refused as refused:
            self._write_fate("rejected", request, number, code=refused.code)
            answer = refusal(refused)
        finally:
            self.engine.clock_ms = 0
        used = str(self.limits.used)
        weights = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        return replace(answer, headers={**answer.headers, **weights})

    def _turned_away(self, request: Request, plan: Plan) -> Answer | None:
        """An answer that the engine has no part in."""
        now = self.engine.monotonic()
        if plan.ban_seconds:
            self.banned_until = now + plan.ban_seconds
        if now < self.banned_until:
            return _too_many(418, self.banned_until - now)
        wait = self.limits.seconds_to_wait(now_ms=self.engine.now_ms())
        if wait:
            return _too_many(429, wait)
        return plan.instead(_target(request)) if plan.instead else None

    def _call(self, route: Route, request: Request, plan: Plan, number: int) -> Answer:
        call = Call(self.engine, self.limits, request.parameters, plan)
        if route.is_signed:
            call.account = account_of(request.key, self.engine.accounts.values())
            check_signature(query=request.query, body=request.body, secret=call.account.secret)
            check_timestamp(request.parameters, now_ms=self.engine.now_ms())
        answer = ok(route.answer(call))
        if call.placed:
            self._write_fate("taken", request, number, order_id=call.placed.id)
            self._after_accept(call.placed, plan)
        return replace(answer, headers=call.headers)

    def _write_fate(self, event: str, request: Request, number: int, **fields: object) -> None:
        """What became of a POST order: taken, rejected, not_taken."""
        if request.is_order:
            name = request.parameters.get("newClientOrderId", "")
            self.record.write(event, request=number, client_order_id=name, **fields)

    def _after_accept(self, order: Order, plan: Plan) -> None:
        for seconds, action in plan.accepted:
            if seconds:
                self._later(seconds, order, action)
            else:
                self._act(self.engine, order, action)

    def _later(
        self, seconds: float, order: Order, action: Callable[[Engine, Order], None]
    ) -> None:
        timer = threading.Timer(seconds, self._act, (self.engine, order, action))
        timer.daemon = True
        timer.start()

    def _act(self, engine: Engine, order: Order, action: Callable[[Engine, Order], None]) -> None:
        """What a fault does of its own accord; it comes to nothing after a reset."""
        with self.lock:
            if engine is not self.engine:
                return
            try:
                action(engine, order)
            except (Refused, ValueError) as error:
                self.record.write("came_to_nothing", order_id=order.id, problem=str(error))


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _too_many(status: int, seconds: float) -> Answer:
    wait = str(-int(-seconds // 1))
    message = "Too much request weight used." if status == 429 else "IP banned for a while."
    return failure(status, -1003, message, **{"Retry-After": wait})
