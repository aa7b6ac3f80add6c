from typing import Any

from django.core.management.base import BaseCommand, CommandError

from market.services.samples import NoSample, import_sample_candles


class Command(BaseCommand):
    help = "Import the sample: real daily candles of AAPL, IBM, MSFT and GOOG, 2000 to 2013."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_sample_candles(progress=self.stdout.write)
        except NoSample as error:
            raise CommandError(error.message) from None
        self.stdout.write(
            self.style.SUCCESS(
                f"{report.instruments} instruments, {report.read} candles read,"
                f" {report.stored} new or changed, {sum(report.refused.values())} refused."
            )
        )
        for reason, count in report.refused.items():
            self.stdout.write(self.style.WARNING(f"{count} refused: {reason.value}"))
