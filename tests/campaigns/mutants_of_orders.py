"""Bugs that could be planted where orders are decided, sent, asked about and booked."""

from tests.campaigns.mutants_list import Edit, Mutant, tests

DECISIONS = "trading/services/decisions.py"
SENDING = "trading/services/sending.py"
RECOVERY = "trading/services/recovery.py"
FILLS = "trading/services/fills.py"
LEDGER = "trading/domain/ledger.py"

OF_ORDERS = (
    Mutant(
        "account_without_its_lock",
        "Two decisions see the same cash and the same room, and both are approved.",
        (
            Edit(
                "trading/selectors/books.py",
                "  trading_account a WHERE id = %(account)s FOR NO KEY UPDATE OF a",
                "  trading_account a WHERE id = %(account)s",
            ),
            Edit(
                "trading/selectors/books.py",
                "(SELECT pg_advisory_xact_lock(%(turns)s::integer, %(turn)s::integer))",
                "(SELECT %(turns)s::integer, %(turn)s::integer)",
            ),
        ),
        (tests("tests/trading/test_decision_races.py"),),
    ),
    Mutant(
        "account_row_not_locked",
        "A decision that began before a stop approves an order after it.",
        (
            Edit(
                "trading/selectors/books.py",
                "  trading_account a WHERE id = %(account)s FOR NO KEY UPDATE OF a",
                "  trading_account a WHERE id = %(account)s",
            ),
        ),
        (
            tests(
                "tests/trading/test_sending_alone.py"
                "::test_a_decision_waits_for_a_stop_that_has_not_committed_yet"
            ),
        ),
    ),
    Mutant(
        "claim_without_the_barrier",
        "An order is claimed beside an emergency stop and leaves after it.",
        (Edit(SENDING, "        share_barrier(account_id=ownership.account_id)\n", ""),),
        (
            tests(
                "tests/trading/test_sending_alone.py"
                "::test_a_claim_waits_for_a_stop_that_has_not_committed_yet"
            ),
        ),
    ),
    Mutant(
        "claimed_before_reconciled",
        "A new owner sends entries for an account of which it knows nothing yet.",
        (Edit(SENDING, " AND (a.is_ready OR o.reduce_only)", ""),),
        (
            tests(
                "tests/trading/test_leases.py"
                "::test_a_new_owner_claims_no_entry_before_it_has_reconciled"
            ),
        ),
    ),
    Mutant(
        "released_on_unknown",
        "Cash of an order that may yet fill is spent a second time.",
        (
            Edit(
                SENDING,
                "if outcome.kind in (OutcomeKind.REJECTED, OutcomeKind.RATE_LIMITED):",
                "if outcome.kind is not OutcomeKind.ACCEPTED:",
            ),
        ),
        (
            tests(
                "tests/trading/test_sending.py::test_an_unknown_outcome_keeps_everything_set_aside"
            ),
        ),
    ),
    Mutant(
        "sent_before_the_commit",
        "A crash between the sending and the commit forgets the claim, and it is sent again.",
        (
            Edit(
                SENDING,
                "            row = cursor.fetchone()\n",
                "            row = cursor.fetchone()\n"
                "        if row is not None:\n"
                "            _SENT[order_id] = exchange.place(_placing(row))\n",
            ),
            Edit(
                SENDING,
                "    return exchange.place(claimed.placing)\n",
                "    return _SENT.pop(claimed.order_id)\n",
            ),
            Edit(
                SENDING,
                "@dataclass(frozen=True)\nclass Claimed",
                "_SENT = {}\n\n\n@dataclass(frozen=True)\nclass Claimed",
            ),
        ),
        (
            tests(
                "tests/trading/test_sending_alone.py"
                "::test_the_claim_is_committed_before_the_order_leaves"
            ),
        ),
    ),
    Mutant(
        "sent_again_after_unknown",
        "An order whose outcome is not known is approved anew: it trades twice.",
        (
            Edit(
                RECOVERY,
                "        order.state = OrderState.UNKNOWN\n"
                '        order.problem = "The sender stopped before the outcome was stored."\n'
                '        order.save(update_fields=["state", "problem"])\n',
                "        order.state, order.attempt_at = OrderState.APPROVED, None\n"
                '        order.problem = "The sender stopped before the outcome was stored."\n'
                '        order.save(update_fields=["state", "problem", "attempt_at"])\n',
            ),
        ),
        (
            tests(
                "tests/trading/test_recovery.py"
                "::test_a_claim_whose_sender_died_is_unknown_past_its_deadline"
            ),
        ),
    ),
    Mutant(
        "absent_without_quarantine",
        "The exchange has not found the order yet, and its reservation is released.",
        (
            Edit(
                RECOVERY,
                "if at < order.attempt_at + exchange.delays.quarantine:",
                "if at < order.attempt_at:",
            ),
        ),
        (
            tests(
                "tests/trading/test_recovery.py"
                "::test_no_number_of_answers_proves_anything_before_the_quarantine"
            ),
        ),
    ),
    Mutant(
        "absent_by_one_answer",
        "One slow query is taken for proof.",
        (
            Edit(
                RECOVERY,
                "if at < order.absent_since + exchange.delays.between_queries:",
                "if at < order.absent_since:",
            ),
        ),
        (tests("tests/trading/test_recovery.py"),),
    ),
    Mutant(
        "sent_after_its_deadline",
        "A sender that was frozen after its claim sends an order of long ago.",
        (Edit(SENDING, "    if at >= claimed.placing.deadline:\n", "    if False:\n"),),
        (
            tests(
                "tests/trading/test_sending.py"
                "::test_a_sender_that_was_paused_after_its_claim_does_not_send"
            ),
        ),
    ),
    Mutant(
        "epoch_not_asked_for",
        "What was approved before an emergency stop is sent when the account is resumed.",
        (Edit(SENDING, "  AND (o.epoch = a.epoch OR o.source = 'liquidation')\n", ""),),
        (
            tests(
                "tests/trading/test_sending.py"
                "::test_what_was_approved_before_a_stop_is_never_claimed_again",
            ),
            tests("tests/trading/test_sending_alone.py"),
        ),
    ),
    Mutant(
        "claimed_with_an_old_token",
        "Two senders send for one account.",
        (Edit(SENDING, "  AND a.fencing_token = %(token)s AND (", "  AND ("),),
        (
            tests(
                "tests/trading/test_sending_alone.py"
                "::test_who_lost_the_account_claims_nothing_when_its_successor_is_ready"
            ),
        ),
    ),
    Mutant(
        "stored_with_an_old_token",
        "A sender that lost the account overwrites what its successor has found out.",
        (
            Edit(
                SENDING,
                "        order = lock_order(order_id=order_id, token=token)\n",
                "        order = lock_order(order_id=order_id)\n",
            ),
        ),
        (tests("tests/trading/test_leases.py::test_who_lost_the_account_stores_no_outcome"),),
    ),
    Mutant(
        "expired_and_still_sent",
        "An order of minutes ago meets another market.",
        (Edit(SENDING, " AND o.expires_at > clock_timestamp()\n", "\n"),),
        (
            tests(
                "tests/trading/test_sending.py"
                "::test_an_order_that_waited_too_long_is_not_claimed_but_expires"
            ),
        ),
    ),
    Mutant(
        "reducing_lets_entries_out",
        "An account that may only reduce goes on buying.",
        (
            Edit(
                SENDING,
                "OR (o.reduce_only AND (a.halt_state = 'REDUCING' OR o.source <> 'agent')))",
                "OR (a.halt_state = 'REDUCING' OR o.source <> 'agent'))",
            ),
        ),
        (
            tests(
                "tests/trading/test_sending.py::test_a_halt_after_the_approval_lets_no_entry_out"
            ),
        ),
    ),
    Mutant(
        "one_cause_decided_twice",
        "A message that is delivered twice makes two orders, or fails.",
        (
            Edit(
                DECISIONS,
                "    if loaded.earlier is not None:\n",
                "    if loaded.earlier is not None and not loaded.earlier.approved:\n",
            ),
        ),
        (
            tests(
                "tests/trading/test_decisions.py"
                "::test_the_same_cause_gets_the_same_answer_and_one_order"
            ),
        ),
    ),
    Mutant(
        "day_by_the_machine",
        "Counters begin anew by the machine's day: a replay's limits never end, or end at once.",
        (
            Edit(
                DECISIONS,
                "    account = roll_account(account=account, now=now)\n",
                "    account = roll_account(account=account, now=at)\n",
            ),
        ),
        (
            tests(
                "tests/trading/test_decisions.py::test_the_entry_is_counted_on_the_accounts_day"
            ),
            tests("tests/trading/test_days.py"),
            tests("tests/trading/test_sending_alone.py"),
        ),
    ),
    Mutant(
        "sell_offers_nothing",
        "Two exits sell the same shares.",
        (
            Edit(
                "trading/services/assessments.py",
                "SET reserved_quantity = s.reserved_quantity + o.quantity",
                "SET reserved_quantity = s.reserved_quantity + 0",
            ),
        ),
        (tests("tests/trading/test_decisions.py::test_exits_at_work_are_never_offered_twice"),),
    ),
    Mutant(
        "sells_make_room_for_buys",
        "A sell that may never fill lets an agent buy beyond its limits.",
        (
            Edit(
                "trading/selectors/book_rows.py",
                "CASE WHEN side = 'buy' THEN quantity - filled_quantity ELSE 0 END AS buying,",
                "CASE WHEN side = 'buy' THEN quantity - filled_quantity"
                " ELSE filled_quantity - quantity END AS buying,",
            ),
        ),
        (
            tests(
                "tests/trading/test_sending_alone.py"
                "::test_a_sell_that_waits_makes_no_room_for_a_buy"
            ),
            tests("tests/trading/test_decisions_orders.py"),
        ),
    ),
    Mutant(
        "trade_booked_twice",
        "A report that comes again moves cash and position again.",
        (
            Edit(
                FILLS,
                "in told.items() if trade_id not in known]",
                "in told.items() if known is not None]",
            ),
        ),
        (tests("tests/trading/test_fills.py::test_a_trade_that_is_reported_twice_counts_once"),),
    ),
    Mutant(
        "fee_booked_twice",
        "Cash is less than the exchange's.",
        (
            Edit(
                LEDGER,
                "return -(self.value + self.fee) if self.side is Side.BUY",
                "return -(self.value + 2 * self.fee) if self.side is Side.BUY",
            ),
        ),
        (tests("tests/trading/test_ledger.py"),),
    ),
    Mutant(
        "fee_forgotten",
        "Profits are shown that nobody has.",
        (
            Edit(
                LEDGER,
                "else self.value - self.fee\n",
                "else self.value\n",
            ),
        ),
        (tests("tests/trading/test_ledger.py"),),
    ),
    Mutant(
        "money_in_floats",
        "Amounts drift from the exchange's by fractions of a cent, and more with size.",
        (
            Edit(
                LEDGER,
                "round_half_even(MONEY.multiply(self.price, self.quantity), PRECISION)",
                "round_half_even(Decimal(repr(float(self.price) * float(self.quantity))),"
                " PRECISION)",
            ),
        ),
        (tests("tests/trading/test_ledger_exact.py"),),
    ),
    Mutant(
        "differences_ignored",
        "An account whose exchange holds something else trades on as if nothing were.",
        (
            Edit(
                "trading/services/reconciling.py",
                "        if found.agrees:\n            locked.is_ready",
                "        if True:\n            locked.is_ready",
            ),
        ),
        (
            tests(
                "tests/trading/test_reconciling.py"
                "::test_a_first_difference_leaves_the_account_unready_and_says_what_differs"
            ),
        ),
    ),
)
