"""The judge of choices: each thing that a stop must not leave is planted and found."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from tests.campaigns.choices import judge_choice, liquidations
from tests.campaigns.rows import Fill, Order, PaperOrder, PaperTrade, Share, Tables
from trading.domain.ledger import Lot
from trading.domain.states import StopMode

AT = datetime(2010, 1, 4, 15, 0, tzinfo=UTC)
AAPL = UUID(int=1)
TEN, HUNDRED, COST = Decimal(10), Decimal(100), Decimal(1000)


def paper(name: str, *, state: str = "FILLED") -> PaperOrder:
    return PaperOrder(1, name, AAPL, "buy", TEN, HUNDRED, Decimal(0), state, AT)


def order(name: str, *, state: str = "FILLED", intent: str = "") -> Order:
    return Order(name, intent or name, "agent", AAPL, "buy", TEN, state)


def holding(**changes: object) -> Tables:
    """Ten bought for a thousand, and nothing else."""
    tables = Tables(
        account="Crowd",
        cash=Decimal(9_000),
        movements=[Decimal(10_000)],
        positions={AAPL: Lot(TEN, COST)},
        shares=[Share(AAPL, None, TEN)],
        orders=[order("a")],
        fills=[Fill(1, "a", "t", TEN, HUNDRED, Decimal(0))],
        paper_orders=[paper("a")],
        paper_trades=[PaperTrade(1, "a", "t", AAPL, "buy", TEN, HUNDRED, Decimal(0), AT)],
    )
    return replace(tables, **changes)  # type: ignore[arg-type]  # keywords pass through here


def resting(tables: Tables, *, state: str = "OPEN") -> Tables:
    return replace(
        tables,
        orders=[*tables.orders, order("r", state=state)],
        paper_orders=[*tables.paper_orders, paper("r", state=state)],
    )


def kinds(tables, mode, *, rests=(), bare=()):
    found = judge_choice(tables, mode, resting=rests, unprotected=bare)
    return {str(breach.kind) for breach in found}


def test_what_was_kept_is_no_breach():
    assert kinds(resting(holding()), StopMode.KEEP, rests=["r"]) == set()
    assert kinds(holding(), StopMode.CANCEL) == set()


def test_an_order_that_was_canceled_though_it_was_to_be_kept_is_found():
    tables = resting(holding(), state="CANCELED")

    assert kinds(tables, StopMode.KEEP, rests=["r"]) == {"not_kept"}


def test_an_order_that_rests_after_a_cancel_is_found():
    assert kinds(resting(holding()), StopMode.CANCEL, rests=["r"]) == {"stuck"}


def test_positions_that_are_gone_are_found():
    empty = Tables(account="Crowd", cash=Decimal(10_000), movements=[Decimal(10_000)])

    assert kinds(empty, StopMode.KEEP) == {"not_kept"}
    assert kinds(empty, StopMode.FLATTEN) == set()


def test_a_share_that_lost_its_stop_is_found():
    assert kinds(holding(), StopMode.KEEP, bare=["1"]) == {"not_kept"}


def test_what_is_held_after_a_flatten_is_found():
    assert kinds(holding(), StopMode.FLATTEN) == {"not_flat"}


def test_sales_of_a_stop_that_was_not_to_sell_are_found():
    tables = holding(orders=[order("a"), order("s", intent="stop:run:1:1")])

    assert len(list(liquidations(tables, "run"))) == 1
    assert list(liquidations(tables, "other")) == []
