"""The market: a price that can be trusted, open hours, and what is too wild or too thin."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.domain.book import HUNDRED, Statistics
from trading.domain.checks.case import Case, Check, Code, money, not_asked, percent
from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO, plain

NOTHING_KNOWN = Statistics()


def stale_price(case: Case) -> Check:
    """A price older than the account allows, from the future, or missing, decides nothing."""
    limit = f"{case.book.max_price_age_seconds} s"
    if case.price is None:
        return Check(Code.STALE_PRICE, "no price", limit, passed=False)
    age = (case.now - case.price.as_of).total_seconds()
    passed = 0 <= age <= case.book.max_price_age_seconds
    return Check(Code.STALE_PRICE, f"{age:.0f} s", limit, passed)


def price_collar(case: Case) -> Check:
    """The price to trade at lies at most the collar away from the last trade (RTS 6, art. 15).

    Nor does a limit price give way further than that: from the touch, or from the stop price that
    makes it work.
    """
    limit = f"{plain(case.collar)} %"
    if case.price is None or case.price.last <= 0 or case.price.bid <= 0:
        return Check(Code.PRICE_COLLAR, "no price", limit, passed=False)
    touch = case.price.ask if case.is_entry else case.price.bid
    distance = abs(touch - case.price.last) / case.price.last * HUNDRED
    distance = max(distance, _given_way(case, touch))
    sane = case.price.ask >= case.price.bid
    return Check(
        Code.PRICE_COLLAR, f"{distance:.3f} %", limit, passed=sane and distance <= case.collar
    )


def _given_way(case: Case, touch: Decimal) -> Decimal:
    """How much worse than the price that it starts from a limit lets the order fill, percent."""
    start = touch if case.stop_price is None else case.stop_price
    if case.limit_price is None or start <= 0:
        return ZERO
    worse = case.limit_price - start if case.request.side is Side.BUY else start - case.limit_price
    return worse / start * HUNDRED


def trading_hours(case: Case) -> Check:
    """The market must be open, and an agent's entry must lie within its permission's hours."""
    if not case.terms.market_open:
        return Check(Code.TRADING_HOURS, "market closed", "market open", passed=False)
    hours = case.book.limits.hours if case.book.limits else None
    if hours is None or not case.is_entry:
        return Check(Code.TRADING_HOURS, "market open", "market open", passed=True)
    local = case.now.astimezone(ZoneInfo(hours.zone)).time()
    limit = f"{hours.start:%H:%M} to {hours.end:%H:%M} {hours.zone}"
    return Check(Code.TRADING_HOURS, f"{local:%H:%M}", limit, hours.cover(local))


def volatility(case: Case) -> Check:
    """How much the instrument swings in a year, as of its last 30 days. Unknown passes."""
    if not case.is_entry:
        return not_asked(case, Code.VOLATILITY)
    farm = case.book.farm_limits
    most = farm.max_crypto_volatility_pct if case.terms.is_crypto else farm.max_volatility_pct
    found = _statistics(case).volatility_pct
    if found is None:
        return Check(Code.VOLATILITY, "unknown", percent(most), passed=True)
    return Check(Code.VOLATILITY, percent(found), percent(most), found <= most)


def liquidity(case: Case) -> Check:
    """What is traded of the instrument on an average day: shares, of crypto money.

    Unknown passes.
    """
    if not case.is_entry:
        return not_asked(case, Code.LIQUIDITY)
    farm, found = case.book.farm_limits, _statistics(case)
    if case.terms.is_crypto:
        traded, least = found.average_notional, farm.min_daily_notional
        words = money(least)
    else:
        traded, least = found.average_volume, farm.min_daily_volume
        words = f"{least:,.0f} shares"
    if traded is None:
        return Check(Code.LIQUIDITY, "unknown", words, passed=True)
    return Check(Code.LIQUIDITY, f"{traded:,.0f}", words, traded >= least)


def _statistics(case: Case) -> Statistics:
    return case.book.statistics.get(case.request.instrument_id, NOTHING_KNOWN)


def volatility_index(case: Case) -> Check:
    """A nervous market takes no new risk, where its index is quoted on the account's feed."""
    most, found = case.book.farm_limits.max_volatility_index, case.book.volatility_index
    if not case.is_entry:
        return not_asked(case, Code.VOLATILITY_INDEX)
    if found is None:
        return Check(Code.VOLATILITY_INDEX, "not quoted", plain(most), passed=True)
    return Check(Code.VOLATILITY_INDEX, f"{found:.2f}", plain(most), found <= most)
