"""Bugs that could be planted in what guards an account: limits, people's words, stops and keys."""

from tests.campaigns.mutants_list import Edit, Mutant, campaign, imports, tests

PROTECTION = "trading/domain/protection.py"
KEYS = "trading/services/keys.py"
MATRIX = "tests/pages/test_access_matrix.py::test_an_address_answers_as_declared"

OF_RULES = (
    Mutant(
        "agents_widen_stops",
        "A model that hopes moves its stop away from the price.",
        (
            Edit(
                "trading/services/adjusting.py",
                "not (asked.by_person or _is_narrower(existing, terms)):",
                "not (asked.by_person or asked.number):",
            ),
        ),
        (tests("tests/trading/test_protections_adjusting.py::test_an_agent_never_widens_a_stop"),),
    ),
    Mutant(
        "trailing_stop_loosens",
        "The stop follows the price down and never sells.",
        (
            Edit(
                PROTECTION,
                "terms.trailing_pct is None or last <= terms.highest:",
                "terms.trailing_pct is None:",
            ),
            Edit(
                PROTECTION,
                "price = moved if terms.price is None else max(terms.price, moved)",
                "price = moved",
            ),
        ),
        (
            campaign("protection", "--short", "--stories=0", "--walks=200"),
            tests("tests/trading/test_protection_domain.py"),
        ),
    ),
    Mutant(
        "split_widens_stops",
        "A split lowers the stop by up to a tick of the new shares.",
        (
            Edit(
                "trading/domain/splits.py",
                "MONEY.divide(scaled, Decimal(ratio.numerator)), tick_size)",
                "MONEY.divide(scaled, Decimal(ratio.numerator)) - tick_size, tick_size)",
            ),
        ),
        (
            campaign("protection", "--short", "--stories=0", "--walks=200"),
            tests("tests/trading/test_splits.py::test_a_stop_never_widens"),
        ),
    ),
    Mutant(
        "stop_not_resized",
        "After another entry a part of the position has no stop at the exchange.",
        (
            Edit(
                PROTECTION,
                "    if wanted is None or resting.quantity != wanted.quantity:\n",
                "    if wanted is None:\n",
            ),
        ),
        (
            tests(
                "tests/trading/test_protection_domain.py"
                "::test_a_stop_at_the_exchange_is_canceled_before_another_rests"
            ),
        ),
    ),
    Mutant(
        "fired_and_not_sold",
        "A stop whose exit came to nothing is never tried again.",
        (
            Edit(
                "trading/services/protections.py",
                "            _arm_again(protection, at=at)\n",
                "            _end(protection, at=at)\n",
            ),
        ),
        (tests("tests/trading/test_protections.py"),),
    ),
    Mutant(
        "dead_man_not_wound",
        "The venue cancels what rests there although we live.",
        (
            Edit(
                "trading/services/dead_man.py",
                "every=REPEAT, now=at):",
                "every=TIMEOUT * 2, now=at):",
            ),
        ),
        (tests("tests/trading/test_protections_dead_man.py"),),
    ),
    Mutant(
        "not_measured",
        "A position without a stop is counted as protected while nobody watches.",
        (
            Edit(
                "trading/services/unprotected.py",
                "(a.kind = 'paper' OR engine.is_alive OR x.state",
                "(true OR engine.is_alive OR x.state",
            ),
        ),
        (tests("tests/trading/test_protections_unprotected.py"),),
    ),
    Mutant(
        "breaker_released_by_the_day",
        "A drawdown that a person has to look at is forgotten at midnight.",
        (
            Edit(
                "trading/domain/breakers.py",
                "BreakerKind.DRAWDOWN: Effect(Scope.ACCOUNT, halt=HaltState.REDUCING),",
                "BreakerKind.DRAWDOWN: Effect(\n"
                "        Scope.ACCOUNT, halt=HaltState.REDUCING, ends_with_day=True\n"
                "    ),",
            ),
        ),
        (
            tests("tests/trading/test_breakers_rules.py::test_every_kind_says_what_it_does"),
            tests("tests/trading/test_breakers_releasing.py"),
        ),
    ),
    Mutant(
        "drawdown_from_the_days_start",
        "A little every day loses everything.",
        (
            Edit(
                "trading/domain/breakers.py",
                "fall = _fall(affairs.high_water_equity, affairs.equity)",
                "fall = _fall(affairs.day_start_equity, affairs.equity)",
            ),
        ),
        (
            tests(
                "tests/trading/test_breakers_rules.py"
                "::test_a_fall_from_the_top_reduces_first_and_then_halts"
            ),
        ),
    ),
    Mutant(
        "gate_forgets_the_top",
        "The same, in the gate's own check of each entry.",
        (
            Edit(
                "trading/domain/checks/money.py",
                "top = book.day_start_equity if book.high_water is None else book.high_water",
                "top = book.day_start_equity",
            ),
        ),
        (tests("tests/trading/test_checks_entries.py::test_the_fall_from_the_top_stops_entries"),),
    ),
    Mutant(
        "confirmed_without_its_digest",
        "A yes to one order makes another one.",
        (
            Edit(
                "trading/services/confirmations.py",
                "    if request.digest != confirmation.order_digest:\n",
                "    if not request.digest:\n",
            ),
        ),
        (
            tests(
                "tests/trading/test_confirmations.py"
                "::test_a_request_that_was_tampered_with_is_not_made"
            ),
        ),
    ),
    Mutant(
        "confirmed_for_any_order",
        "The gate takes any yes of the account for this order's.",
        (
            Edit(
                "trading/domain/checks/guards.py",
                "confirmed_at = case.book.confirmed.get(case.request.digest)",
                "confirmed_at = max(case.book.confirmed.values())",
            ),
        ),
        (
            tests("tests/trading/test_checks_guards.py"),
            tests("tests/trading/test_decisions_guards.py"),
        ),
    ),
    Mutant(
        "anything_is_overridden",
        "A person lets an order pass the halt, or spends cash that is not there.",
        (
            Edit(
                "trading/domain/overrides.py",
                "    if code not in OVERRIDABLE:\n",
                "    if code in ():\n",
            ),
        ),
        (tests("tests/trading/test_overrides_rules.py::test_some_checks_are_never_overridden"),),
    ),
    Mutant(
        "withdrawing_key_stored",
        "Whoever gets into the farm can take the money out.",
        (
            Edit(
                KEYS, "    if can_withdraw:\n        raise", "    if not settings:\n        raise"
            ),
        ),
        (tests("tests/trading/test_keys.py::test_a_key_that_may_withdraw_is_refused"),),
    ),
    Mutant(
        "secret_in_plain_text",
        "A copy of the database is the key to the money.",
        (
            Edit(
                KEYS,
                '"ciphertext": sealed.ciphertext,\n            "cipher_key_id"',
                '"ciphertext": credentials.to_text().encode(),\n            "cipher_key_id"',
            ),
        ),
        (tests("tests/trading/test_keys.py"),),
    ),
    Mutant(
        "secret_in_the_journal",
        "The journal is exported, searched and kept for ever.",
        (
            Edit(
                KEYS,
                '            "fingerprint": key.fingerprint,\n            "exchange"',
                '            "fingerprint": key.fingerprint + credentials.to_text(),\n'
                '            "exchange"',
            ),
        ),
        (tests("tests/trading/test_keys.py"),),
    ),
    Mutant(
        "anybodys_trigger",
        "A page shows what belongs to somebody else.",
        (
            Edit(
                "tradingfarm/pages/triggers/page.py",
                "found.filter(owner=owner_id, id=trigger_id)",
                "found.filter(id=trigger_id)",
            ),
        ),
        (tests(f"{MATRIX}", "-k", "trigger"),),
    ),
    Mutant(
        "fills_can_be_changed",
        "Whoever reaches the database rewrites what was traded.",
        (
            Edit(
                "trading/migrations/0002_append_only.py",
                '"trading_fill", "trading_assessment"',
                '"trading_papertrade"',
            ),
            Edit(
                "trading/migrations/0002_append_only.py",
                '("trading_papertrade", "trading_papertrade", "trading_cashmovement")',
                '("trading_papertrade", "trading_cashmovement")',
            ),
        ),
        (tests("tests/trading/test_decisions.py::test_an_assessment_cannot_be_changed"),),
    ),
    Mutant(
        "rules_that_read_the_database",
        "What is decided depends on when it is read, so no replay repeats it.",
        (
            Edit(
                "trading/domain/breakers.py",
                "from trading.domain.states import BreakerKind, HaltState\n",
                "from trading.domain.states import BreakerKind, HaltState\n"
                "from trading.models import Account as _Account\n",
            ),
        ),
        (imports(),),
    ),
)
