"""What an agent may ask for beyond a market order with fixed exits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_team_executions")]

    operations = [
        migrations.AddField(
            model_name="proposal",
            name="limit_price",
            field=models.DecimalField(
                decimal_places=18, help_text="None: a market order.", max_digits=38, null=True
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="trailing_pct",
            field=models.DecimalField(decimal_places=3, max_digits=6, null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="risk",
            field=models.CharField(
                blank=True, default="", help_text="As the proposer rates it.", max_length=6
            ),
            preserve_default=False,
        ),
    ]
