"""What the agents of an execution knew: the stored context as tables, and its exact text."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.contexts import DecisionContext, SymbolView
from agents.models import Context
from tradingfarm.pages.executions.rows import Rows

AT_ONCE = 6


@dataclass(frozen=True)
class SymbolRow:
    """What was known of one symbol. `is_focus`: it was proposed, or a cause.

    `volume_ratio` is the newest complete day's volume over its average.
    """

    view: SymbolView
    instrument_id: UUID | None
    is_focus: bool
    volume_ratio: Decimal | None


@dataclass(frozen=True)
class Knowledge:
    """The context. `known` and the rows are empty where its text cannot be read by this release.

    `shown` are the symbols that matter most, `folded` the rest. `size` counts characters.
    """

    hash: str
    as_of: datetime
    text: str
    size: int
    known: DecisionContext | None
    shown: tuple[SymbolRow, ...]
    folded: tuple[SymbolRow, ...]
    instruments: dict[str, UUID]


def knowledge_of(*, rows: Rows) -> Knowledge | None:
    """What was known, None before it was gathered."""
    context: Context | None = rows.execution.context
    if context is None:
        return None
    symbols = _symbols(rows)
    at_once = max(AT_ONCE, sum(row.is_focus for row in symbols))
    return Knowledge(
        hash=context.hash,
        as_of=rows.known.as_of if rows.known else context.as_of,
        text=context.text,
        size=len(context.text),
        known=rows.known,
        shown=tuple(symbols[:at_once]),
        folded=tuple(symbols[at_once:]),
        instruments={symbol: quote.instrument_id for symbol, quote in rows.quotes.items()},
    )


def _symbols(rows: Rows) -> list[SymbolRow]:
    """What was proposed or a cause first."""
    if rows.known is None:
        return []
    focus = {str(cause.get("symbol") or "") for cause in rows.execution.causes}
    if rows.proposal is not None:
        focus.add(rows.proposal.instrument.symbol)
    found = [_row(view, rows, is_focus=view.symbol in focus) for view in rows.known.symbols]
    return sorted(found, key=lambda row: not row.is_focus)


def _row(view: SymbolView, rows: Rows, *, is_focus: bool) -> SymbolRow:
    quote = rows.quotes.get(view.symbol)
    average, last = view.indicators.average_volume, view.indicators.last_volume
    return SymbolRow(
        view=view,
        instrument_id=quote.instrument_id if quote else None,
        is_focus=is_focus,
        volume_ratio=last / average if average and last is not None else None,
    )
