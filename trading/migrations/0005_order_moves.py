"""The last wall of the order's states: the database refuses a move that is not in the table.

The table is `trading.domain.states.MOVES` as of this migration; a test compares the two.
"""

from django.db import migrations

MOVES = """
    ('APPROVED', 'SUBMITTING'), ('APPROVED', 'EXPIRED_LOCAL'),
    ('SUBMITTING', 'OPEN'), ('SUBMITTING', 'PARTIALLY_FILLED'), ('SUBMITTING', 'FILLED'),
    ('SUBMITTING', 'CANCELED'), ('SUBMITTING', 'EXPIRED'), ('SUBMITTING', 'REJECTED'),
    ('SUBMITTING', 'UNKNOWN'), ('SUBMITTING', 'NOT_PLACED'),
    ('UNKNOWN', 'OPEN'), ('UNKNOWN', 'PARTIALLY_FILLED'), ('UNKNOWN', 'FILLED'),
    ('UNKNOWN', 'CANCELED'), ('UNKNOWN', 'EXPIRED'), ('UNKNOWN', 'REJECTED'),
    ('UNKNOWN', 'NOT_PLACED'),
    ('OPEN', 'PARTIALLY_FILLED'), ('OPEN', 'FILLED'), ('OPEN', 'CANCELED'), ('OPEN', 'EXPIRED'),
    ('PARTIALLY_FILLED', 'FILLED'), ('PARTIALLY_FILLED', 'CANCELED'),
    ('PARTIALLY_FILLED', 'EXPIRED')
"""
CREATE = f"""
CREATE FUNCTION guard_order_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.attempt_at IS NOT NULL AND NEW.attempt_at IS DISTINCT FROM OLD.attempt_at THEN
    RAISE EXCEPTION 'Order % was sent once and cannot be sent again.', OLD.id
      USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({MOVES}) THEN
    RAISE EXCEPTION 'Order % cannot go from % to %.', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trading_order_moves
  BEFORE UPDATE OF state, attempt_at ON trading_order
  FOR EACH ROW EXECUTE FUNCTION guard_order_moves();
"""
DROP = "DROP TRIGGER trading_order_moves ON trading_order; DROP FUNCTION guard_order_moves();"
APPEND_ONLY = ("trading_splitbooking", "trading_reconciliation")


class Migration(migrations.Migration):
    dependencies = (("trading", "0004_trading_you_can_trust"), ("kernel", "0002_append_only"))

    operations = (
        migrations.RunSQL(CREATE, DROP),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION refuse_change()",
                f"DROP TRIGGER {table}_append_only ON {table}",
            )
            for table in APPEND_ONLY
        ),
    )
