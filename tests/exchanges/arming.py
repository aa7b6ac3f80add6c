"""How faults lie in wait: which requests they hit, how often, and what they may change.

A fault is armed with `times` or `probability`, and with where it applies (method, path, order
kind, account, symbol). Each armed fault draws from a stream of its own, so that one seed and one
sequence of requests give the same faults again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.exchanges.answers import Answer
from tests.exchanges.engine import Engine
from tests.exchanges.queries import View
from tests.exchanges.state import Tweak
from tests.exchanges.terms import ORDER_KINDS, Order, Refused

ORDER, OPEN_ORDERS = "/api/v3/order", "/api/v3/openOrders"
ALL_ORDERS, MY_TRADES = "/api/v3/allOrders", "/api/v3/myTrades"
BOOK_TICKER, DAY_TICKER = "/api/v3/ticker/bookTicker", "/api/v3/ticker/24hr"
DEPTH, ACCOUNT = "/api/v3/depth", "/api/v3/account"

Place = tuple[str, str]
PLACING: tuple[Place, ...] = (("POST", ORDER),)
CANCELING: tuple[Place, ...] = (("DELETE", ORDER),)
TRADES: tuple[Place, ...] = (("GET", MY_TRADES),)
PRICES: tuple[Place, ...] = (("GET", BOOK_TICKER), ("GET", DAY_TICKER), ("GET", DEPTH))
QUERYING: tuple[Place, ...] = tuple(
    ("GET", path) for path in (ORDER, OPEN_ORDERS, ALL_ORDERS, MY_TRADES, ACCOUNT)
)
ANYWHERE: tuple[Place, ...] = ()
WHERE = ("method", "path", "order_kind", "account", "symbol")


@dataclass(frozen=True)
class Asked:
    """What of a request faults are matched against. No order kind: it names no single order."""

    method: str
    path: str
    account: str = ""
    symbol: str = ""
    order_kind: str = ""


@dataclass
class Plan:
    """What the faults that fired do to one request; empty for a request that goes well."""

    names: list[str] = field(default_factory=list)
    # Before the engine is asked.
    wait_seconds: float = 0.0
    waits_until_expired: bool = False
    clock_ms: int = 0
    instead: Callable[[str], Answer] | None = None
    ban_seconds: float = 0.0
    # While it is asked.
    refused: Refused | None = None
    tweak: Tweak | None = None
    view: View = field(default_factory=View)
    cancel: Callable[[Engine, Order], Order] | None = None
    # Once an order was accepted: at once, or after so many seconds.
    accepted: list[tuple[float, Callable[[Engine, Order], None]]] = field(default_factory=list)
    is_silent: bool = False
    # Before the answer leaves.
    hold_seconds: float = 0.0
    spoil: Callable[[Answer, str], Answer] | None = None


@dataclass(frozen=True)
class Kind:
    """One fault by name. `line` says what happens.

    `reaches_engine` says whether the engine still decides over the request that it hits (None: it
    may, the fault only makes that later or different). A standing kind applies until it is taken
    away, any other to the next request, unless `times` or `probability` says otherwise. Of two
    kinds with one slot only the first that was armed hits a request.
    """

    name: str
    line: str
    slot: str
    places: tuple[Place, ...]
    reaches_engine: bool | None
    is_standing: bool
    order_kind: str
    defaults: Mapping[str, Any]
    apply: Callable[[Plan, "Armed"], None]


@dataclass(frozen=True)
class Where:
    """Which requests a fault may hit; what is empty does not matter.

    An order kind is a type (STOP_LOSS) or "market", "limit", "stop". A request that names no
    single order, such as a list, is hit whatever the order kind.
    """

    places: tuple[Place, ...] = ANYWHERE
    method: str = ""
    path: str = ""
    order_kind: str = ""
    account: str = ""
    symbol: str = ""

    def matches(self, asked: Asked) -> bool:
        return (
            self._is_place(asked)
            and self.account in ("", asked.account)
            and self.symbol in ("", asked.symbol)
            and (not asked.order_kind or self._is_kind(asked.order_kind))
        )

    def _is_place(self, asked: Asked) -> bool:
        """A named path counts alone; a named method, together with the kind's own paths."""
        if self.path:
            return asked.path == self.path and self.method in ("", asked.method)
        if self.method:
            paths = {path for _, path in self.places}
            return asked.method == self.method and (not paths or asked.path in paths)
        return not self.places or (asked.method, asked.path) in self.places

    def _is_kind(self, order_kind: str) -> bool:
        return not self.order_kind or order_kind in ORDER_KINDS.get(
            self.order_kind, {self.order_kind}
        )


@dataclass
class Armed:
    """A fault that lies in wait. `times` counts down; None means for ever."""

    number: int
    kind: Kind
    chance: Random
    where: Where
    options: Mapping[str, Any]
    times: int | None
    probability: float

    def value(self, name: str) -> float:
        """A number of the options; of a pair [low, high] one in between, for each request anew."""
        option = self.options[name]
        return self.chance.uniform(*option) if isinstance(option, list) else float(option)

    def fires(self) -> bool:
        """Draw, and use up one of the times. Call it once for a request that matches."""
        if self.chance.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """Every armed fault of one exchange, in the order in which they were armed."""

    def __init__(self, kinds: Mapping[str, Kind], *, seed: int) -> None:
        self._kinds = kinds
        self._seed = seed
        self._last = 0
        self.armed: list[Armed] = []

    def arm(
        self,
        kind: str,
        *,
        times: int | None = None,
        probability: float | None = None,
        **rest: Any,
    ) -> Armed:
        """`rest` is where it applies, and options of the kind. Raises ValueError."""
        found = self._kinds.get(kind)
        if found is None:
            raise ValueError(f"There is no fault {kind!r}.")
        where = {name: rest.pop(name) for name in WHERE if name in rest}
        unknown = sorted(set(rest) - set(found.defaults))
        if unknown:
            raise ValueError(f"{kind} has no option {', '.join(unknown)}.")
        if times is None and probability is None and not found.is_standing:
            times = 1
        self._last += 1
        armed = Armed(
            number=self._last,
            kind=found,
            chance=Random(f"{self._seed} {self._last}"),  # noqa: S311 - repeatable on purpose
            where=Where(found.places, **{"order_kind": found.order_kind, **where}),
            options={**found.defaults, **rest},
            times=times,
            probability=1.0 if probability is None else probability,
        )
        self.armed.append(armed)
        return armed

    def disarm(self, number: int | None = None) -> None:
        """One, or all of them."""
        self.armed = [each for each in self.armed if number not in (None, each.number)]

    def plan(self, asked: Asked) -> Plan:
        """What happens to this request; uses up faults that are counted."""
        plan, slots = Plan(), set[str]()
        for armed in self.armed:
            if armed.kind.slot not in slots and armed.where.matches(asked) and armed.fires():
                slots.add(armed.kind.slot)
                plan.names.append(armed.kind.name)
                armed.kind.apply(plan, armed)
        self.armed = [each for each in self.armed if each.times is None or each.times > 0]
        return plan
