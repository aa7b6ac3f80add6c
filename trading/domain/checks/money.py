"""What there is to spend and to sell, and what was lost: today, from the top, of late."""

from trading.domain.checks.case import Case, Check, Code, fall, money, not_asked, percent
from tradingfarm.kernel.money import ZERO, floor_to_step, plain


def buying_power(case: Case) -> Check:
    """A buy needs its worst cost in cash that is not reserved for other buys."""
    free = case.book.cash - case.book.reserved
    if not case.is_entry:
        return Check(Code.BUYING_POWER, "exit", money(free), passed=True)
    cost = case.worst_cost(case.request.quantity)
    return Check(Code.BUYING_POWER, money(cost), money(free), cost <= free, case.affordable(free))


def position_held(case: Case) -> Check:
    """An exit is clamped to what the agent holds and has not yet offered, in whole lots."""
    if case.is_entry:
        return Check(Code.POSITION_HELD, "entry", "", passed=True)
    free = case.book.holding(case.request.instrument_id).share_free
    room = floor_to_step(max(free, ZERO), case.terms.lot_size)
    return Check(
        Code.POSITION_HELD, plain(case.request.quantity), plain(free), free > 0, room=room
    )


def daily_loss(case: Case) -> Check:
    """What the agent lost since the day began, realised and unrealised, net of fees.

    What its buys at work may lose down to their stops counts as lost.
    """
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return not_asked(case, Code.DAILY_LOSS)
    at_risk = sum((held.share_buying_risk for held in case.book.holdings.values()), ZERO)
    loss = max(case.book.usage.day_start_pnl - case.book.agent_pnl + at_risk, ZERO)
    return Check(
        Code.DAILY_LOSS, money(loss), money(limits.max_daily_loss), loss < limits.max_daily_loss
    )


def account_daily_loss(case: Case) -> Check:
    """How far the equity fell since the day began, with what buys at work may lose by stops."""
    if not case.is_entry:
        return not_asked(case, Code.ACCOUNT_DAILY_LOSS)
    most = case.book.account_limits.max_daily_loss_pct
    at_risk = sum((held.buying_risk for held in case.book.holdings.values()), ZERO)
    lost = fall(of=case.book.day_start_equity, to=case.book.equity - at_risk)
    return Check(Code.ACCOUNT_DAILY_LOSS, percent(lost), percent(most), lost < most)


def drawdown(case: Case) -> Check:
    """How far the equity fell from the most that the account was worth.

    Where a person released the breaker, since then: the day's start is no top of its own.
    """
    if not case.is_entry:
        return not_asked(case, Code.DRAWDOWN)
    most = case.book.account_limits.reduce_drawdown_pct
    book = case.book
    top = book.day_start_equity if book.high_water is None else book.high_water
    lost = fall(of=top, to=case.book.equity)
    return Check(Code.DRAWDOWN, percent(lost), percent(most), lost < most)


def agent_performance(case: Case) -> Check:
    """An agent whose exits of the last 30 days lost too much on average pauses."""
    if not case.is_entry or case.book.limits is None:
        return not_asked(case, Code.AGENT_PERFORMANCE)
    farm, usage = case.book.farm_limits, case.book.usage
    judged = usage.recent_exits >= farm.judged_exits
    return Check(
        Code.AGENT_PERFORMANCE,
        f"{money(usage.recent_average)} in {usage.recent_exits} exits",
        f"{money(-farm.max_average_loss)} from {farm.judged_exits} exits on",
        passed=not judged or usage.recent_average >= -farm.max_average_loss,
    )
