"""What a run of the farm came to, counted from the rows, and whether it all adds up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Model, Sum

from agents.models import Decision, Execution, Message, Vote
from market.models import Replay
from trading.models import Account, Assessment, Fill, Order, PositionShare
from trading.selectors.portfolios import Portfolio, portfolio
from trading.selectors.rebuild import differences
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.journal import verify
from tradingfarm.kernel.models import JournalStream
from tradingfarm.kernel.money import ZERO
from triggers.models import Firing


@dataclass(frozen=True)
class Report:
    """The farm's totals. `decisions` by outcome, `denials` by code, `orders` by state.

    `cash` and `equity` are sums over all accounts, in their currency. `rebuilt` says that cash,
    quantities and cost computed again from the paper exchange's own trades equal the stored book.
    """

    ready_s: float
    ticks: int
    firings: int
    executions: int
    messages: int
    votes: int
    decisions: Mapping[str, int]
    denials: Mapping[str, int]
    orders: Mapping[str, int]
    fills: int
    positions: int
    cash: str
    equity: str
    rebuilt: bool
    journal: Mapping[str, Any]
    restarts: int

    @property
    def is_sound(self) -> bool:
        """An order was filled, the book is rebuilt, and the journal verifies."""
        filled = self.orders.get("FILLED", 0) > 0
        return filled and self.rebuilt and bool(self.journal["verified"])

    def as_json(self) -> str:
        values = asdict(self)
        ready = values.pop("ready_s")
        return f'{{"ready_s":{ready:.1f},{canonical(values)[1:]}'


def count(*, ready_seconds: float, restarts: int) -> Report:
    """Count the farm's rows as they are. The journal is walked to its end."""
    portfolios = [portfolio(account_id=account.id) for account in Account.objects.all()]
    return Report(
        ready_s=ready_seconds,
        ticks=Replay.objects.aggregate(total=Sum("ticks"))["total"] or 0,
        firings=Firing.objects.count(),
        executions=Execution.objects.count(),
        messages=Message.objects.count(),
        votes=Vote.objects.count(),
        decisions=_by(Decision, "outcome"),
        denials=_denials(),
        orders=_by(Order, "state"),
        fills=Fill.objects.count(),
        positions=PositionShare.objects.filter(quantity__gt=0).count(),
        cash=f"{sum((book.cash for book in portfolios), ZERO):.2f}",
        equity=f"{_total(portfolios):.2f}",
        rebuilt=not differences(),
        journal=_journal(),
        restarts=restarts,
    )


def _total(portfolios: list[Portfolio]) -> Decimal:
    return sum((book.equity for book in portfolios), ZERO)


def _by(model: type[Model], column: str) -> dict[str, int]:
    rows = model._default_manager.values_list(column).annotate(number=Count("pk")).order_by(column)
    return dict(rows)


def _denials() -> dict[str, int]:
    codes: Counter[str] = Counter()
    for denials in Assessment.objects.filter(approved=False).values_list("denials", flat=True):
        codes.update(denials)
    return dict(sorted(codes.items()))


def _journal() -> dict[str, Any]:
    streams = list(JournalStream.objects.order_by("name"))
    return {
        "events": sum(stream.seq for stream in streams),
        "verified": all(verify(stream) is None for stream in streams),
    }
