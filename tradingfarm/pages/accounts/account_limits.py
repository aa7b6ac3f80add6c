"""What binds the whole account, whoever orders, with what is used of it now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.breakers import RATE_WINDOW
from trading.domain.states import Source
from trading.models import Account, Assessment
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.accounts.limits import HeldShare
from tradingfarm.pages.dashboard.numbers import Numbers, Use, use_of

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class AccountLimit:
    """One limit with its use. `used` and `limit` are for people; `note` says what it does."""

    key: str
    label: str
    used: str
    limit: str
    note: str
    use: Use | None


@dataclass(frozen=True)
class Affairs:
    """What an account's own limits are measured by, in its currency."""

    account: Account
    numbers: Numbers
    shares: Sequence[HeldShare]
    attempts: int


def account_limits(affairs: Affairs) -> tuple[AccountLimit, ...]:
    """The account's own limits, the most telling first. No query."""
    return (_loss(affairs), _drawdown(affairs), _sector(affairs), _rate(affairs), _slices(affairs))


def busiest_minute(*, account: Account, agents: int, now: datetime) -> int:
    """The most orders that one agent has asked for in the minute before market time `now`.

    One query over the newest that the limit can matter for.
    """
    most = (account.max_orders_per_minute + 1) * (agents + 1)
    newest = Assessment.objects.filter(account=account).order_by("-at")
    rows = newest.values_list("permission_id", "as_of", "request__source")[:most]
    counted = Counter(
        permission
        for permission, as_of, source in rows
        if source == Source.AGENT and as_of > now - RATE_WINDOW
    )
    return max(counted.values(), default=0)


def _loss(affairs: Affairs) -> AccountLimit:
    numbers, limit = affairs.numbers, affairs.account.max_daily_loss_pct
    lost = max(-numbers.day_pct, ZERO)
    return AccountLimit(
        key="daily-loss",
        label="Lost today",
        used=_percent(lost),
        limit=_percent(limit),
        note="Of what the day began with. Reached, the account only reduces until the next day.",
        use=use_of(used=lost, limit=limit),
    )


def _drawdown(affairs: Affairs) -> AccountLimit:
    account, equity = affairs.account, affairs.numbers.equity
    top = account.high_water_equity
    fallen = max((top - equity) / top * HUNDRED, ZERO) if top else ZERO
    return AccountLimit(
        key="drawdown",
        label="Below its highest worth",
        used=_percent(fallen),
        limit=_percent(account.reduce_drawdown_pct),
        note=f"Reached, the account only reduces; at {_percent(account.halt_drawdown_pct)} it"
        " halts. Both stay until a person resumes it.",
        use=use_of(used=fallen, limit=account.reduce_drawdown_pct),
    )


def _sector(affairs: Affairs) -> AccountLimit:
    name, value = _largest_sector(affairs.shares)
    equity, limit = affairs.numbers.equity, affairs.account.max_sector_pct
    part = value / equity * HUNDRED if equity > 0 else ZERO
    said = f"{name} now; after an entry" if name else "Nothing held has a known sector; after one"
    return AccountLimit(
        key="sector",
        label="Largest sector",
        used=_percent(part),
        limit=_percent(limit),
        note=f"{said}, a sector may be worth so much of the account.",
        use=use_of(used=part, limit=limit),
    )


def _largest_sector(shares: Iterable[HeldShare]) -> tuple[str, Decimal]:
    worth: dict[str, Decimal] = defaultdict(Decimal)
    for share in shares:
        if share.quantity > 0 and share.sector:
            worth[share.sector] += share.value
    return max(worth.items(), key=lambda each: each[1], default=("", ZERO))


def _rate(affairs: Affairs) -> AccountLimit:
    limit = affairs.account.max_orders_per_minute
    return AccountLimit(
        key="rate",
        label="Orders a minute",
        used=str(affairs.attempts),
        limit=str(limit),
        note="Of the busiest agent, refused ones too. Above it that agent's entries stop.",
        use=use_of(used=Decimal(affairs.attempts), limit=Decimal(limit)),
    )


def _slices(affairs: Affairs) -> AccountLimit:
    above, currency = affairs.account.slice_above, affairs.account.base_currency
    return AccountLimit(
        key="slices",
        label="Sent in slices",
        used="",
        limit="never" if above is None else f"above {above:,.2f} {currency}",
        note="Entries worth more go out in parts over time, so that they move the price less.",
        use=None,
    )


def _percent(value: Decimal) -> str:
    return f"{value:,.2f} %"
