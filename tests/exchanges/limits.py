"""How much a client may ask: Binance's weights, counted for every request and held to a limit."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

WEIGHT_MS, ORDERS_MS = 60_000, 10_000

Parameters = Mapping[str, str]


def flat(weight: int) -> Callable[[Parameters], int]:
    return lambda parameters: weight


def with_symbol(weight: int, *, without: int) -> Callable[[Parameters], int]:
    return lambda parameters: weight if "symbol" in parameters else without


def by_depth(parameters: Parameters) -> int:
    """The order book costs more the deeper it is asked for."""
    asked = parameters.get("limit", "100")
    limit = int(asked) if asked.isdigit() else 100
    return next((cost for most, cost in ((100, 5), (500, 25), (1000, 50)) if limit <= most), 250)


def by_order(parameters: Parameters) -> int:
    """Trades of one order cost less than those of a symbol."""
    return 5 if "orderId" in parameters else 20


@dataclass
class Limits:
    """Weight by minute for everybody together, orders by ten seconds for each account.

    A limit of None lets everything through; it is counted all the same.
    """

    weight: int | None = 6000
    orders: int | None = 100
    requests: Counter[str] = field(default_factory=Counter)
    total_weight: int = 0

    def __post_init__(self) -> None:
        self._window, self._used = 0, 0
        self._orders: dict[str, deque[int]] = {}

    def count(self, *, name: str, weight: int, now_ms: int) -> None:
        self.requests[name] += 1
        self.total_weight += weight
        if self._window != now_ms // WEIGHT_MS:
            self._window, self._used = now_ms // WEIGHT_MS, 0
        self._used += weight

    def count_order(self, *, account: str, now_ms: int) -> None:
        self._recent(account, now_ms).append(now_ms)

    @property
    def used(self) -> int:
        """The weight of the current minute."""
        return self._used

    def seconds_to_wait(self, *, now_ms: int) -> int:
        """Until the next minute if this one's weight is used up, otherwise zero."""
        if self.weight is None or self._used <= self.weight:
            return 0
        return (WEIGHT_MS - now_ms % WEIGHT_MS) // 1000 + 1

    def orders_used(self, *, account: str, now_ms: int) -> int:
        return len(self._recent(account, now_ms))

    def allows_order(self, *, account: str, now_ms: int) -> bool:
        return (
            self.orders is None or self.orders_used(account=account, now_ms=now_ms) < self.orders
        )

    def _recent(self, account: str, now_ms: int) -> deque[int]:
        recent = self._orders.setdefault(account, deque())
        while recent and recent[0] <= now_ms - ORDERS_MS:
            recent.popleft()
        return recent

    def shapes(self) -> list[dict[str, Any]]:
        """As `exchangeInfo` states them."""
        return [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": self.weight or 10**9,
            },
            {
                "rateLimitType": "ORDERS",
                "interval": "SECOND",
                "intervalNum": 10,
                "limit": self.orders or 10**9,
            },
        ]
