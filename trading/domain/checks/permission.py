"""Who may ask, and for what: the farm's switch, the permission, its symbols and strategies."""

from trading.domain.checks.case import Case, Check, Code, not_asked


def agent_trading_enabled(case: Case) -> Check:
    """The whole farm's switch, ENABLE_AGENT_TRADING, binds what agents ask for."""
    enabled = case.book.agents_enabled
    passed = enabled or not case.is_agents
    return Check(Code.AGENT_TRADING_ENABLED, "on" if enabled else "off", "on", passed)


def real_money(case: Case) -> Check:
    """An entry with real money needs three hands: two settings and a person's confirmation.

    The claim asks for them once more.
    """
    missing = case.book.missing_hands
    if missing is None or not case.is_entry:
        return not_asked(case, Code.REAL_MONEY)
    return Check(Code.REAL_MONEY, ", ".join(missing) or "all three", "three hands", not missing)


def permission_active(case: Case) -> Check:
    """An agent's order needs its active permission; a person's and a protection's need none."""
    limits = case.book.limits
    state = "none" if limits is None else "active" if limits.active else "inactive"
    passed = not case.is_agents or state == "active"
    return Check(Code.PERMISSION_ACTIVE, state, "active", passed)


def symbol_allowed(case: Case) -> Check:
    """Entries only in symbols that the permission allows and does not block."""
    symbol = case.terms.symbol
    limits = case.book.limits
    if limits is None or not case.is_entry:
        return Check(Code.SYMBOL_ALLOWED, symbol, "any", passed=True)
    allowed = not limits.allowed_symbols or symbol in limits.allowed_symbols
    listed = ", ".join(limits.allowed_symbols) or "any"
    blocked = symbol in limits.blocked_symbols
    limit = f"{listed}, not {', '.join(limits.blocked_symbols)}" if blocked else listed
    return Check(Code.SYMBOL_ALLOWED, symbol, limit, allowed and not blocked)


def strategy_allowed(case: Case) -> Check:
    """Entries only by strategies that the permission allows, however they are spelled."""
    strategy = case.request.strategy or "none"
    limits = case.book.limits
    if limits is None or not case.is_entry or not limits.allowed_strategies:
        return Check(Code.STRATEGY_ALLOWED, strategy, "any", passed=True)
    allowed = {name.casefold() for name in limits.allowed_strategies}
    listed = ", ".join(limits.allowed_strategies)
    return Check(
        Code.STRATEGY_ALLOWED, strategy, listed, case.request.strategy.casefold() in allowed
    )
