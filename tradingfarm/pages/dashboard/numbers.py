"""An account's money, risk and positions at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.accounts import AccountPage, Limits
from tradingfarm.pages.dashboard.positions import PositionRow

HUNDRED = Decimal(100)
WATCH_PCT, FULL_PCT = 60, 90


@dataclass(frozen=True)
class Use:
    """How much of a limit is used. `percent` is whole, 0 to 100, for the bar; `level` names it."""

    used: Decimal
    limit: Decimal
    percent: int

    @property
    def level(self) -> str:
        """`calm`, `watch` from 60 % on, `full` from 90 % on."""
        if self.percent >= FULL_PCT:
            return "full"
        return "watch" if self.percent >= WATCH_PCT else "calm"

    @property
    def note(self) -> str:
        """What a reader should know of a limit that is nearly used; empty while there is room.

        A position grows beyond its limit by its price; the gate only keeps it from being enlarged.
        """
        if self.used > self.limit:
            return "more than that"
        if self.used == self.limit:
            return "all of it"
        return "nearly all" if self.level == "full" else ""

    @property
    def left(self) -> Decimal:
        return max(self.limit - self.used, ZERO)


@dataclass(frozen=True)
class Numbers:
    """What the first row of the dashboard says, in the account's currency."""

    equity: Decimal
    cash: Decimal
    reserved: Decimal
    invested: Decimal
    unrealised: Decimal
    day_start: Decimal
    day_pnl: Decimal
    day_pct: Decimal
    loss: Use
    exposure: Use


def numbers_of(*, page: AccountPage, positions: Sequence[PositionRow]) -> Numbers:
    """Equity is cash and what the positions are worth at their last prices."""
    invested = sum((row.value for row in positions), ZERO)
    equity = page.cash + invested
    start = equity if page.day_start_equity is None else page.day_start_equity
    day_pnl = equity - start
    return Numbers(
        equity=equity,
        cash=page.cash,
        reserved=page.reserved,
        invested=invested,
        unrealised=sum((row.unrealised for row in positions), ZERO),
        day_start=start,
        day_pnl=day_pnl,
        day_pct=day_pnl / start * HUNDRED if start else ZERO,
        loss=use_of(used=max(-day_pnl, ZERO), limit=page.limits.daily_loss),
        exposure=use_of(used=invested, limit=_allowed_exposure(page.limits, equity)),
    )


def _allowed_exposure(limits: Limits, equity: Decimal) -> Decimal:
    """What all agents together may have in positions; without leverage, never more than all."""
    share = min(limits.positions_pct, HUNDRED) / HUNDRED
    return min(limits.positions_value, equity * share)


def use_of(*, used: Decimal, limit: Decimal) -> Use:
    """The use of a limit; of no limit at all, any use is full."""
    if limit <= 0:
        return Use(used, ZERO, 100 if used > 0 else 0)
    return Use(used, limit, int(min(used / limit * HUNDRED, HUNDRED)))
