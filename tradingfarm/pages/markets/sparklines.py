"""A history of prices as one small line."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, EDGE = 100, 28, 2


@dataclass(frozen=True)
class Sparkline:
    """`points` is the attribute of an SVG polyline on 100 by 28; `change_pct` first to last."""

    points: str
    change_pct: Decimal
    prices: int

    @property
    def way(self) -> str:
        """How it ends against its beginning: up, down or flat."""
        return "up" if self.change_pct > 0 else "down" if self.change_pct < 0 else "flat"


def sparkline(*, prices: Sequence[float]) -> Sparkline | None:
    """The line through some prices, oldest first; None for fewer than two."""
    if len(prices) < 2:
        return None
    low, high = min(prices), max(prices)
    height = high - low or 1.0
    step = WIDTH / (len(prices) - 1)
    points = [
        f"{number * step:.1f},{HEIGHT - EDGE - (price - low) / height * (HEIGHT - 2 * EDGE):.1f}"
        for number, price in enumerate(prices)
    ]
    change = Decimal(f"{(prices[-1] / prices[0] - 1) * 100:.2f}")
    return Sparkline(" ".join(points), change, len(prices))
