"""Whether a round of the race used its limit up to within one order, so that no room was lost."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from tests.campaigns import limits
from tests.campaigns.judge import Breach
from tests.campaigns.limits import Walk
from tests.campaigns.rounds import Style, instrument, sectors
from tests.campaigns.rows import ZERO

WORST_TO_LAST = Decimal("1.03")
"""A little more than collar, spread and fee make of an order's value in the worst case."""
SIZE_STEP = Decimal("0.1")
"""Sizes are drawn by chance: the largest that passed is this near to the limit."""
Used = tuple[str, Decimal, Decimal, Decimal]
"""What of: its name, its limit, what was used of it, and what one order can take."""


def overblocked(name: str, style: Style, walked: Walk, *, unsent: int) -> list[Breach]:
    """Where more room was left than one order could have taken; what was never sent counts."""
    return [
        breach
        for of, limit, reached, largest in USED[style.denial](style, walked, Decimal(unsent))
        for breach in limits.overblocked(
            name=f"{name}{of}", limit=limit, reached=reached, largest=largest
        )
    ]


def _largest(style: Style, unsent: Decimal) -> Decimal:
    return style.largest * WORST_TO_LAST * (1 + unsent)


def _entries(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    yield "", Decimal(style.caps.entries or 0), walked.entries + unsent, Decimal(1)


def _positions(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    yield "", Decimal(style.caps.positions or 0), walked.positions + unsent, ZERO


def _cash(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    deposit = style.caps.deposit
    yield "", deposit, deposit - walked.free_cash, _largest(style, unsent)


def _order(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    size = style.caps.order_value or ZERO
    yield "", size, walked.most_value, size * SIZE_STEP


def _loss(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    collar = Decimal(str(style.limits["price_collar_pct"])) / 100
    risk = _largest(style, unsent) * (1 + collar - style.stop)
    yield "", style.caps.loss or ZERO, walked.loss, risk


def _sectors(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    caps = style.caps
    limit = (caps.of_sector or ZERO) * (caps.deposit - walked.loss) / caps.deposit
    for name in sorted(set(sectors().values())):
        yield f", {name}", limit, walked.of_sector(name), _largest(style, unsent)


def _agents(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    for agent in set(walked.world.agents.values()):
        used = walked.of_agent(agent)
        yield f", {agent}", style.caps.of_agent or ZERO, used, _largest(style, unsent)


def _instruments(style: Style, walked: Walk, unsent: Decimal) -> Iterator[Used]:
    for number in range(style.instruments):
        used, limit = walked.notional(instrument(number)), style.caps.notional or ZERO
        yield f", instrument {number}", limit, used, _largest(style, unsent)


USED: Mapping[str, Callable[[Style, Walk, Decimal], Iterator[Used]]] = {
    "DAILY_ENTRIES": _entries,
    "ORDER_RATE": _entries,
    "COOLDOWN": _entries,
    "OPEN_POSITIONS": _positions,
    "BUYING_POWER": _cash,
    "ORDER_SIZE": _order,
    "DAILY_LOSS": _loss,
    "SECTOR": _sectors,
    "AGENT_ALLOCATION": _agents,
    "POSITION_SIZE": _instruments,
    "ALLOCATION": _instruments,
}
"""How much of its limit a round has used, by the check that had to deny."""
