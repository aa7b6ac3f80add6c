"""Names of currencies at exchanges are longer than those of states."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trading", "0005_order_moves")]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="base_currency",
            field=models.CharField(default="USD", max_length=20),
        ),
        migrations.AlterField(
            model_name="balance", name="currency", field=models.CharField(max_length=20)
        ),
        migrations.AlterField(
            model_name="cashmovement",
            name="currency",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name="fill",
            name="fee_currency",
            field=models.CharField(blank=True, help_text="Empty: the account's.", max_length=20),
        ),
    ]
