"""Gather what an execution knows: nothing later than its market time."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, Sum

from agents.domain.contexts import (
    CostsView,
    DecisionContext,
    HoursView,
    PastDecision,
    PerformanceView,
    Waking,
)
from agents.domain.market_views import HISTORY, QuoteFacts, benchmark_of, symbol_view
from agents.models import Decision, Execution
from agents.selectors.holdings import limits_view, portfolio_view
from market.domain.candles import Timeframe
from market.domain.indicators import CRYPTO_DAYS, STOCK_DAYS
from market.models import Quote
from market.selectors.calendars import calendar_of
from market.selectors.candles import bars_of_many
from market.selectors.quotes import quotes
from trading.domain.states import Side
from trading.models import Fill, Permission
from tradingfarm.kernel.money import plain

LAST_DECISIONS = 5
PERFORMANCE_DAYS = 30
LONGEST_REASON = 200


def gather(*, execution: Execution, permission_id: UUID | None) -> DecisionContext:
    """The context of an execution; `permission_id` is the proposer's, None without one.

    About ten queries. Prices of instruments that never ticked are missing. Its `as_of` is the
    execution's market time, or the newest price where a feed went on without waiting.
    """
    permission = _permission(permission_id)
    ticking = _allowed(quotes(feed=execution.account.feed_id), permission)
    as_of = max([execution.as_of, *(quote.as_of for quote in ticking)])
    bars = bars_of_many(
        feed=execution.account.feed_id,
        instruments=[quote.instrument_id for quote in ticking],
        timeframe=Timeframe.D1,
        until=as_of,
        limit=HISTORY,
    )
    pairs = [(_facts(quote), bars[quote.instrument_id]) for quote in ticking]
    benchmark = benchmark_of(pairs=pairs)
    views = tuple(
        symbol_view(quote=facts, bars=known, benchmark=benchmark, hours=_hours(quote))
        for quote, (facts, known) in zip(ticking, pairs, strict=True)
    )
    portfolio = portfolio_view(account=execution.account, permission=permission)
    return DecisionContext(
        as_of=as_of,
        woken_by=_causes(execution),
        symbols=views,
        benchmark=benchmark,
        portfolio=portfolio,
        limits=limits_view(permission=permission, day_pnl=portfolio.day_pnl),
        costs=CostsView(execution.account.fee_rate, execution.account.slippage_bps),
        decisions=_decisions(execution),
        performance=_performance(permission_id, as_of),
    )


def symbols_of(context: DecisionContext) -> frozenset[str]:
    """The symbols that an answer may name."""
    return frozenset(view.symbol for view in context.symbols)


def _permission(permission_id: UUID | None) -> Permission | None:
    if permission_id is None:
        return None
    return Permission.objects.filter(id=permission_id).select_related("account").first()


def _allowed(found: dict[UUID, Quote], permission: Permission | None) -> list[Quote]:
    """Quotes by symbol, without those that the permission keeps the agent from."""
    allowed = set(permission.allowed_symbols) if permission else set()
    blocked = set(permission.blocked_symbols) if permission else set()
    kept = [
        quote
        for quote in found.values()
        if quote.instrument.symbol not in blocked
        and (not allowed or quote.instrument.symbol in allowed)
    ]
    return sorted(kept, key=lambda quote: quote.instrument.symbol)


def _facts(quote: Quote) -> QuoteFacts:
    instrument = quote.instrument
    is_crypto = instrument.asset_class == instrument.AssetClass.CRYPTO
    return QuoteFacts(
        symbol=instrument.symbol,
        as_of=quote.as_of,
        last=quote.last,
        bid=quote.bid,
        ask=quote.ask,
        volume=quote.volume,
        day_open=quote.day_open,
        previous_close=quote.previous_close,
        bar_high=quote.bar_high,
        bar_low=quote.bar_low,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        minimum_notional=instrument.minimum_notional,
        days_per_year=CRYPTO_DAYS if is_crypto else STOCK_DAYS,
    )


def _hours(quote: Quote) -> HoursView:
    session = calendar_of(quote.instrument.calendar).session_of(quote.as_of)
    if session is None:
        return HoursView(is_open=False, minutes_to_close=None)
    return HoursView(
        is_open=True, minutes_to_close=int((session.closes_at - quote.as_of).total_seconds() // 60)
    )


def _causes(execution: Execution) -> tuple[Waking, ...]:
    ordered = sorted(execution.causes, key=lambda cause: str(cause["key"]))
    return tuple(Waking(each["kind"], each["title"], each["symbol"]) for each in ordered)


def _decisions(execution: Execution) -> tuple[PastDecision, ...]:
    earlier = (
        Decision.objects.filter(
            execution__team=execution.team_id,
            execution__account=execution.account_id,
            as_of__lte=execution.as_of,
        )
        .exclude(execution=execution)
        .select_related("proposal__instrument")
        .order_by("-as_of", "-id")[:LAST_DECISIONS]
    )
    return tuple(_past(decision) for decision in reversed(earlier))


def _past(decision: Decision) -> PastDecision:
    proposal = decision.proposal
    order = ""
    if proposal is not None:
        size = decision.quantity or proposal.quantity
        order = f"{proposal.side} {plain(size)} {proposal.instrument.symbol}"
    return PastDecision(decision.as_of, decision.outcome, order, decision.reason[:LONGEST_REASON])


def _performance(permission_id: UUID | None, as_of: datetime) -> PerformanceView:
    if permission_id is None:
        return PerformanceView(PERFORMANCE_DAYS, 0, 0, Decimal(0))
    found = Fill.objects.filter(
        permission_id=permission_id,
        side=Side.SELL,
        as_of__gt=as_of - timedelta(days=PERFORMANCE_DAYS),
        as_of__lte=as_of,
    ).aggregate(sells=Count("id"), wins=Count("id", filter=Q(realised__gt=0)), sum=Sum("realised"))
    realised = found["sum"] or Decimal(0)
    return PerformanceView(PERFORMANCE_DAYS, found["sells"], found["wins"], realised)
