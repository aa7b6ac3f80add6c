"""Fills, assessments and the paper exchange's trades are records: the database refuses changes."""

from django.db import migrations

TABLES = ("trading_fill", "trading_assessment", "trading_papertrade", "trading_cashmovement")


class Migration(migrations.Migration):
    dependencies = (("trading", "0001_initial"), ("kernel", "0002_append_only"))

    operations = tuple(
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            f"DROP TRIGGER {table}_append_only ON {table}",
        )
        for table in TABLES
    )
