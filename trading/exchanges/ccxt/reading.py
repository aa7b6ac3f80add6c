"""Rows of ccxt as values of ours. A row that lacks what it needs raises BadRow.

Amounts arrive as text (`number=str`), times in milliseconds of UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from trading.domain.exchange import FoundOrder, FoundTrade, Report, Trade
from trading.domain.states import OrderState, OrderType, Side
from trading.exchanges.ccxt.naming import own_id
from trading.exchanges.ccxt.terms import VenueTerms
from tradingfarm.kernel.money import ZERO, NotAnAmount, amount, plain

Row = Mapping[str, Any]
Value = Any
"""Whatever ccxt put there."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadRow(ValueError):
    """The venue, or ccxt, left out what no order and no trade can be without."""


@dataclass(frozen=True)
class OrderRow:
    """One order of the venue. `word` is the venue's own for its state, empty for none."""

    exchange_order_id: str
    client_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    order_type: OrderType
    limit_price: Decimal | None
    placed_at: datetime
    word: str
    raw: Row


def order_row(row: Row, *, terms: VenueTerms) -> OrderRow:
    """Raises BadRow."""
    raw = _required(row, "info")
    price = _optional_amount(row, "price")
    return OrderRow(
        exchange_order_id=str(_required(row, "id")),
        client_order_id=client_id_of(row, terms=terms),
        symbol=str(_required(row, "symbol")),
        side=_side(row),
        quantity=quantity_of(row, raw),
        filled=_optional_amount(row, "filled") or ZERO,
        order_type=_order_type(row),
        limit_price=price if row.get("type") != "market" else None,
        placed_at=_moment(row),
        word=str(raw.get(terms.state_key) or ""),
        raw=raw,
    )


def client_id_of(row: Row, *, terms: VenueTerms) -> str:
    """Our client id of an order row; empty for none."""
    if terms.client_id_in_order:
        return own_id((row.get("info") or {}).get(terms.client_id_in_order), terms=terms)
    return own_id(row.get("clientOrderId"), terms=terms)


def found_order(order: OrderRow) -> FoundOrder:
    return FoundOrder(
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        filled_quantity=order.filled,
        order_type=order.order_type,
        limit_price=order.limit_price,
        placed_at=order.placed_at,
    )


def is_at_work(order: OrderRow, *, terms: VenueTerms) -> bool:
    """Whether the venue does not say that it has ended; an unknown word ends nothing."""
    return order.word not in terms.endings


def state_of(order: OrderRow, *, traded: Decimal, terms: VenueTerms) -> OrderState:
    """The order's state, given what its trades add up to.

    It has not ended before all of its trades are there: nobody asks about an ended order again.
    """
    if traded >= order.quantity:
        return OrderState.FILLED
    ending = terms.endings.get(order.word)
    if ending is None or traded < order.filled:
        started = traded > 0 or order.filled > 0
        return OrderState.PARTIALLY_FILLED if started else OrderState.OPEN
    return OrderState.CANCELED if ending is OrderState.FILLED else ending


def report(
    order: OrderRow, *, client_order_id: str, trades: tuple[Trade, ...], terms: VenueTerms
) -> Report:
    traded = sum((trade.quantity for trade in trades), ZERO)
    return Report(
        client_order_id=client_order_id,
        exchange_order_id=order.exchange_order_id,
        state=state_of(order, traded=traded, terms=terms),
        trades=trades,
    )


@dataclass(frozen=True)
class TradeRow:
    """One trade of the venue, with the order that made it; only that one's id is always told."""

    exchange_order_id: str
    client_order_id: str
    symbol: str
    side: Side
    trade: Trade


def trade_row(row: Row, *, base_currency: str, terms: VenueTerms) -> TradeRow:
    """Raises BadRow. A fee in the account's own currency has no name."""
    fee, raw = row.get("fee") or {}, row.get("info") or {}
    currency = str(fee.get("currency") or "")
    return TradeRow(
        exchange_order_id=str(_required(row, "order")),
        client_order_id=own_id(raw.get(terms.client_id_in_trade), terms=terms),
        symbol=str(_required(row, "symbol")),
        side=_side(row),
        trade=Trade(
            trade_id=str(row.get("id") or ""),
            quantity=_amount(row, "amount"),
            price=_amount(row, "price"),
            fee=_optional_amount(fee, "cost") or ZERO,
            as_of=_moment(row),
            fee_currency="" if currency == base_currency else currency,
            is_maker=row.get("takerOrMaker") == "maker",
        ),
    )


def least_offset(told: datetime, ours: datetime, *, step: timedelta) -> timedelta:
    """How far a clock is ahead of ours, at least: it shows `told` for as long as a step."""
    if told <= ours < told + step:
        return timedelta(0)
    return told - ours if told > ours else told + step - ours


def told_apart(rows: Iterable[TradeRow]) -> tuple[TradeRow, ...]:
    """Each trade once, oldest first; one without an id gets the same made-up id every time.

    That id is a hash of the order and of what had traded with it: `syn-` and 24 hex digits. So it
    takes all trades of the order to make it.
    """
    seen: dict[tuple[str, str, str], TradeRow] = {}
    traded: dict[str, Decimal] = {}
    for row in sorted(rows, key=lambda row: (row.trade.as_of, _number(row.trade.trade_id))):
        order = row.exchange_order_id
        total = traded.get(order, ZERO) + row.trade.quantity
        named = row if row.trade.trade_id else _named(row, total)
        key = (row.symbol, order, named.trade.trade_id)
        if key not in seen:
            seen[key] = named
            traded[order] = total
    return tuple(seen.values())


def _number(trade_id: str) -> tuple[int, str]:
    """Numbers in their own sequence: 9 before 10."""
    return (len(trade_id) if trade_id.isdecimal() else 0, trade_id)


def _named(row: TradeRow, total: Decimal) -> TradeRow:
    made_of = f"{row.exchange_order_id}|{plain(total)}".encode()
    trade_id = f"syn-{sha256(made_of).hexdigest()[:24]}"
    return replace(row, trade=replace(row.trade, trade_id=trade_id))


def found_trade(row: TradeRow, *, client_order_id: str) -> FoundTrade:
    return FoundTrade(
        client_order_id=client_order_id,
        exchange_order_id=row.exchange_order_id,
        symbol=row.symbol,
        side=row.side,
        trade=row.trade,
    )


def quantity_of(row: Row, raw: Row) -> Decimal:
    """Of a Coinbase order that ccxt does not know the kind of, the size stands in its terms."""
    if row.get("amount") not in (None, ""):
        return _amount(row, "amount")
    kinds = (raw.get("order_configuration") or {}).values()
    sizes = [kind["base_size"] for kind in kinds if kind and kind.get("base_size")]
    return _amount({"base_size": sizes[0] if sizes else None}, "base_size")


def balances(row: Row) -> dict[str, Decimal]:
    """Free and locked together, by asset, without those that are not held. Raises BadRow."""
    held = {asset: _amount(row["total"], asset) for asset, told in row["total"].items() if told}
    return {asset: total for asset, total in held.items() if total}


def _required(row: Row, name: str) -> Value:
    found = row.get(name)
    if found is None or found == "":
        raise BadRow(f"A row without {name!r}.")
    return found


def _side(row: Row) -> Side:
    try:
        return Side(_required(row, "side"))
    except ValueError as error:
        raise BadRow(str(error)) from error


def _amount(row: Row, name: str) -> Decimal:
    try:
        return amount(_required(row, name))
    except (NotAnAmount, TypeError) as error:
        raise BadRow(f"{name}: {error}") from error


def _optional_amount(row: Row, name: str) -> Decimal | None:
    return None if row.get(name) in (None, "") else _amount(row, name)


def _moment(row: Row) -> datetime:
    told = _required(row, "timestamp")
    if not isinstance(told, int):
        raise BadRow(f"{told!r} is no time in milliseconds.")
    return EPOCH + timedelta(milliseconds=told)


def _order_type(row: Row) -> OrderType:
    stops = any(row.get(name) for name in ("triggerPrice", "stopLossPrice"))
    if row.get("type") == "market":
        return OrderType.STOP if stops else OrderType.MARKET
    return OrderType.STOP_LIMIT if stops else OrderType.LIMIT
